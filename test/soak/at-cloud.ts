import { CLOUD_TOKEN } from "./cloud-under-test.js";
import type { Acknowledged, TextField } from "./ledger.js";
import type { PersonAtCloud } from "./person.js";
import { passTime } from "./until.js";

const MEALS = ["before", "after", "fasting", "bedtime", "casual", null] as const;
/** How long the cloud's editor may take over one call, milliseconds. */
const PATIENCE_MS = 90_000;

/** One change over the cloud's editor, noted in the ledger if it was acknowledged. Throws where no answer came. */
export async function changeAtCloud(person: PersonAtCloud): Promise<void> {
  const { random, known, cloud, signal } = person;
  if (cloud.desk === null) return await passTime(50, signal);
  const dice = random.next();
  if (known.length < 5 || dice < 0.08) return await add(person);
  const id = random.pick(known);
  const field: TextField = random.chance(0.7) ? "note" : "patient";
  const path = `/editor/records/${id}`;
  if (dice < 0.8) {
    const text = person.ledger.word(person.name);
    const meal = random.chance(0.3) ? { meal: random.pick(MEALS) } : {};
    await ask(
      person,
      "PATCH",
      path,
      { [field]: text, ...meal, by: person.name },
      { act: "edit", record: id, text, field },
    );
  } else if (dice < 0.9) {
    await ask(person, "DELETE", `${path}?by=${person.name}`, undefined, {
      act: "delete",
      record: id,
      text: null,
      field,
    });
  } else {
    const body = { deleted: false, by: person.name };
    await ask(person, "PATCH", path, body, { act: "restore", record: id, text: null, field });
  }
}

async function add(person: PersonAtCloud): Promise<void> {
  const { random, ledger, known } = person;
  const record = crypto.randomUUID();
  const text = ledger.word(person.name);
  const time = "2026-02-03T05:00:00.000Z";
  const content = { kind: "glucose", value: 60 + random.int(300), unit: "mg/dL", time, note: text };
  const body = { id: record, by: person.name, ...content };
  const added = await ask(person, "POST", "/editor/records", body, { act: "add", record, text, field: "note" });
  if (added) known.push(record);
}

/** True if it was acknowledged. */
async function ask(
  { cloud, ledger }: PersonAtCloud,
  method: string,
  path: string,
  body: unknown,
  change: Pick<Acknowledged, "act" | "record" | "text" | "field">,
): Promise<boolean> {
  const { desk } = cloud;
  if (desk === null) throw new Error("the cloud is away");
  const askedAt = Date.now();
  const answer = await fetch(`${desk}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${CLOUD_TOKEN}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await answer.text();
  if (answer.ok) {
    ledger.acknowledged.push({ side: "cloud", ...change, onto: null, askedAt, answeredAt: Date.now() });
    return true;
  }
  // 404: the record has not come here yet.
  if (answer.status !== 404)
    ledger.surprises.push(`the cloud answered ${method} ${path} with ${answer.status} ${text}`);
  return false;
}
