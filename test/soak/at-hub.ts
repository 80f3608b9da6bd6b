import { sampleExport } from "../../drivers/healthkit/simulator.js";
import { type Answer, call } from "../e2e/hub-program.js";
import { PATIENCE_MS } from "./hub-under-test.js";
import type { Acknowledged, TextField } from "./ledger.js";
import type { PersonAtHub } from "./person.js";
import { passTime } from "./until.js";

const MEALS = ["before", "after", "fasting", "bedtime", "casual", null] as const;

/** One change over the hub's HTTP interface, noted in the ledger if it was acknowledged. Throws where no answer came. */
export async function changeAtHub(person: PersonAtHub): Promise<void> {
  const url = await person.hub.address(person.signal);
  if (url === null) return;
  const { random, known } = person;
  const dice = random.next();
  if (known.length < 5 || dice < 0.12) return await add(person);
  if (dice < 0.13) return await importDay(person, url);
  const id = random.pick(known);
  const field: TextField = random.chance(0.7) ? "note" : "patient";
  if (dice < 0.65) await write(person, url, id, field, null);
  else if (dice < 0.8) await writeOnSeen(person, url, id, field);
  else if (dice < 0.87) await settle(person, "delete", id, await ask(person, url, "DELETE", `/records/${id}`));
  else if (dice < 0.95) await restore(person, url, id);
  else await decide(person, url);
}

async function ask(
  { ledger, hub }: PersonAtHub,
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer & { readonly askedAt: number }> {
  const askedAt = Date.now();
  const answer = await call(url, method, path, body, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  // Nobody knows the record yet; somebody was quicker, with the record or the conflict; the disk is full, or busy.
  if (answer.status >= 300 && ![404, 409, 412, 503, 507].includes(answer.status))
    ledger.surprises.push(
      `${hub.name} answered ${method} ${path} with ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  if (answer.status === 412) ledger.stale += 1;
  return { ...answer, askedAt };
}

/** Adds a record, again with the same key after a lost answer: it must come to one record all the same. */
async function add(person: PersonAtHub): Promise<void> {
  const { hub, ledger, random, signal, known } = person;
  const text = ledger.word(person.name);
  const minute = String(random.int(60)).padStart(2, "0");
  const body = {
    kind: "glucose",
    value: 60 + random.int(300),
    unit: "mg/dL",
    time: `2026-02-03T04:${minute}:00Z`,
    note: text,
  };
  for (;;) {
    const url = await hub.address(signal);
    if (url === null) return;
    try {
      const answer = await ask(person, url, "POST", "/records", body, { "idempotency-key": text });
      if (answer.status === 201) known.push(String(answer.body["id"]));
      settle(person, "add", String(answer.body["id"]), answer, text);
      return;
    } catch (error) {
      ledger.unanswered += 1;
      if (signal.aborted) throw error;
      await passTime(20, signal);
    }
  }
}

async function write(
  person: PersonAtHub,
  url: string,
  id: string,
  field: TextField,
  seen: { etag: string; note: unknown; patient: unknown } | null,
): Promise<void> {
  const text = person.ledger.word(person.name);
  const meal = person.random.chance(0.3) ? { meal: person.random.pick(MEALS) } : {};
  const headers = seen === null ? {} : { "if-match": seen.etag };
  const answer = await ask(person, url, "PATCH", `/records/${id}`, { [field]: text, ...meal }, headers);
  settle(person, "edit", id, answer, text, field, seen);
}

async function writeOnSeen(person: PersonAtHub, url: string, id: string, field: TextField): Promise<void> {
  const seen = await ask(person, url, "GET", `/records/${id}`);
  if (seen.status !== 200 || seen.etag === null) return;
  await write(person, url, id, field, { etag: seen.etag, note: seen.body["note"], patient: seen.body["patient"] });
}

/** Brings back the newest state that was not deleted, or any other. */
async function restore(person: PersonAtHub, url: string, id: string): Promise<void> {
  const { body } = await ask(person, url, "GET", `/records/${id}/history`);
  const states = Array.isArray(body["states"]) ? body["states"].length : 0;
  if (states === 0) return;
  const wanted = person.random.chance(0.6) ? {} : { state: 1 + person.random.int(states) };
  settle(person, "restore", id, await ask(person, url, "POST", `/records/${id}/restore`, wanted));
}

/** Hands in an export of one day, and tells the others of its records once they are there. */
async function importDay(person: PersonAtHub, url: string): Promise<void> {
  const { ledger, hub, known, random, signal } = person;
  const endMs = ledger.nextDay();
  const [day, next] = [-86_400_000, 0].map((ms) => new Date(endMs + ms).toISOString().slice(0, 10));
  const text = sampleExport({ seed: random.int(1e6), days: 1, endMs, zone: "Europe/London" });
  const samples = text.match(/<Record /g)?.length ?? 0;
  const id = await hub.import(text);
  if (id === null) return;
  ledger.imports.push({ side: hub.name, day: day ?? "", samples, answeredAt: Date.now() });
  for (;;) {
    const { body, status } = await ask(person, url, "GET", `/imports/${id}`);
    if (status === 200 && body["state"] !== "running") break;
    await passTime(100, signal);
    if (signal.aborted) return;
  }
  const { body } = await ask(person, url, "GET", `/records?since=${day}T00:00:00Z&until=${next}T00:00:00Z`);
  const records = (body["records"] ?? []) as readonly { readonly id: string }[];
  known.push(...records.slice(0, 3).map((record) => record.id));
}

/** Decides one conflict of the list: one of its two values is the record's then, as if it were brought back. */
async function decide(person: PersonAtHub, url: string): Promise<void> {
  const { body } = await ask(person, url, "GET", "/conflicts");
  const open = (body["conflicts"] ?? []) as readonly { readonly id: string; readonly record: string }[];
  if (open.length === 0) return;
  const { id, record } = person.random.pick(open);
  const keep = person.random.chance(0.5) ? "local" : "remote";
  settle(person, "restore", record, await ask(person, url, "POST", `/conflicts/${id}/resolve`, { keep }));
}

function settle(
  { ledger, hub }: PersonAtHub,
  act: Acknowledged["act"],
  record: string,
  { status, askedAt }: Answer & { readonly askedAt: number },
  text: string | null = null,
  field: TextField = "note",
  onto: Acknowledged["onto"] = null,
): void {
  if (status >= 200 && status < 300)
    ledger.acknowledged.push({ side: hub.name, record, act, text, field, onto, askedAt, answeredAt: Date.now() });
  else if (text !== null) ledger.refused.push({ side: hub.name, text, status });
}
