import { derivedId } from "../../src/domain/identity.js";
import { manualFields } from "../../src/domain/manual.js";
import { isProblem, type ProblemCode } from "../../src/domain/problem.js";
import type { GlucoRecord } from "../../src/domain/record.js";
import { addCapture } from "../../src/store/captures.js";
import { listConflicts, resolveConflict } from "../../src/store/conflicts.js";
import {
  type Author,
  addRecord,
  editRecord,
  getRecord,
  ingestPage,
  removeRecord,
  restoreRecord,
  type StoredRecord,
} from "../../src/store/records.js";
import type { Store } from "../../src/store/store.js";
import { MALFORMED, POISON } from "./cloud-http.js";
import { contentOf } from "./content.js";
import type { Hub } from "./hub.js";
import type { HubAct, Item } from "./plan.js";
import { instantOf, readingOf } from "./readings.js";
import { Violation } from "./violation.js";
import type { World } from "./world.js";

/** What a person may be told without anything being wrong. */
const REFUSALS: readonly ProblemCode[] = [
  "RECORD_NOT_FOUND",
  "RECORD_FIELD_FIXED",
  "RECORD_STALE",
  "RECORD_STATE_UNKNOWN",
  "CONFLICT_NOT_FOUND",
];

const MEALS = ["before", "after", "fasting", "bedtime", "casual"] as const;

/** Who does what where. */
interface Doing {
  readonly world: World;
  readonly hub: Hub;
  readonly store: Store;
  readonly item: Item;
  readonly author: Author;
}

/**
 * Somebody at a hub does something, with the hub's own code. Whatever the cloud does, it succeeds or is refused for a
 * reason of its own; throws a Violation else. Done with the hub dying over it, too: the person was not answered.
 */
export async function actAtHub(world: World, hub: Hub, item: Item): Promise<void> {
  await world.scheduler.wait(null, `${item.who} finds the hub up`, { ready: () => hub.local !== null });
  if (hub.local === null) return;
  const { process, store } = hub.local;
  const author = { by: item.who, why: item.act, at: new Date(hub.wallMs()).toISOString() };
  try {
    await ACTS[item.act as HubAct]({ world, hub, store, item, author });
    world.tell(item.who, `${item.act} done`);
    world.coverage.count(`act ${item.act}`);
  } catch (error) {
    if (error instanceof Violation) throw error;
    if (process.dead) {
      world.coverage.count(`cut off ${item.act}`);
      return;
    }
    if (isProblem(error, ...REFUSALS) || (world.plan.diskRate > 0 && isProblem(error, "STORE_FULL"))) {
      world.coverage.count(`refused ${error.code}`);
      return;
    }
    throw new Violation("I13", `${item.act} failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

const ACTS: Readonly<Record<HubAct, (doing: Doing) => Promise<void>>> = {
  "read meter": readMeter,
  edit: (doing) => edit(doing, patchOf(doing.item, 1)),
  "edit two fields": (doing) => edit(doing, patchOf(doing.item, 2)),
  "edit as seen": editAsSeen,
  add: addManual,
  delete: ({ store, item, author, ...rest }) =>
    onRecord({ store, item, author, ...rest }, (id) => removeRecord(store, id, author)),
  "restore newest": (doing) => onRecord(doing, (id) => restoreRecord(doing.store, id, null, doing.author)),
  "restore first": (doing) => onRecord(doing, (id) => restoreRecord(doing.store, id, 1, doing.author)),
  undelete: (doing) => edit(doing, { deleted: false }),
  "keep local": (doing) => resolve(doing, "local"),
  "keep remote": (doing) => resolve(doing, "remote"),
  "edit for poison": (doing) => edit(doing, { note: `${POISON} ${doing.item.number}` }),
  "edit for malformed": (doing) => edit(doing, { note: `${MALFORMED} ${doing.item.number}` }),
  "sync now": async ({ hub }) => {
    for (const worker of hub.workers) void worker.ring("asked", true);
  },
  storm,
};

/** One field or two, each to something that was never written before but the meal. */
function patchOf(item: Item, count: number, part = 0): Readonly<Record<string, unknown>> {
  const { number, detail } = item;
  const all: readonly (readonly [string, unknown])[] = [
    ["note", `n${number}.${part}`],
    ["note", `n${number}.${part}`],
    ["patient", `p${number}.${part}`],
    ["time", instantOf(number, part)],
    ["meal", MEALS[(number + part) % MEALS.length]],
  ];
  const first = Math.floor(detail * all.length);
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => all[(first + 2 * at) % all.length] ?? ["note", null]),
  );
}

async function onRecord(doing: Doing, act: (id: string) => Promise<StoredRecord>): Promise<void> {
  const ids = [...doing.hub.ledger.records.values()].filter(({ now }) => now !== null).map(({ id }) => id);
  const id = ids[doing.item.record % Math.max(1, ids.length)];
  if (id === undefined) return;
  answered(doing, (await act(id)).record);
}

function edit(doing: Doing, patch: Readonly<Record<string, unknown>>): Promise<void> {
  return onRecord(doing, (id) => editRecord(doing.store, id, patch, doing.author));
}

async function editAsSeen(doing: Doing): Promise<void> {
  const { world, hub, store, item, author } = doing;
  await onRecord(doing, async (id) => {
    const seen = await getRecord(store, id);
    const dueMs = world.scheduler.nowMs + Math.floor(item.detail * 300);
    await world.scheduler.wait(null, "thinks", { dueMs });
    const note = `s${item.number}`;
    const edited = await editRecord(store, id, { note }, author, seen.etag);
    const state = hub.ledger.records.get(id)?.own.find(({ content }) => content.fields["note"] === note);
    if (state?.before?.content.text !== textOf(seen.record))
      throw new Violation("I2", `${item.who} wrote over a state of ${id} that was not the one seen`);
    return edited;
  });
}

async function addManual(doing: Doing): Promise<void> {
  const { world, store, item, author, hub } = doing;
  const id = derivedId("simulator", "manual", item.number);
  world.name(id, `t${item.number}`);
  const given = { value: 90 + item.number, unit: "mg/dL", note: `t${item.number}`, time: instantOf(item.number) };
  const { kind, fields } = manualFields(id, "glucose", given, hub.wallMs());
  answered(doing, (await addRecord(store, { id, kind, fields, raw: null }, author)).record);
}

/** A meter tells all that it has, or from somewhere on, page by page; the capture comes with the last page. */
async function readMeter(doing: Doing): Promise<void> {
  const { world, hub, store, item, author } = doing;
  const { readings } = world.plan;
  const first = item.record % 3 === 0 ? Math.floor(item.detail * readings) : 0;
  const records = Array.from({ length: readings - first }, (_, at) => readingOf(first + at, hub.index));
  const size = 1 + (item.record % 3);
  const capture = derivedId("simulator", "capture", item.number);
  for (const [at, { id }] of records.entries()) world.name(id, `m${first + at}`);
  for (let at = 0; at < records.length; at += size) {
    const page = records.slice(at, at + size);
    const isNew = await store.write(async (tx) => {
      const result = await ingestPage(tx, page, capture, author);
      if (at + size >= records.length) await addCapture(tx, captureOf(capture, records.length, author, page));
      return result;
    });
    if (isNew.length !== page.length) throw new Violation("I12", "not every reading of a page was answered for");
    for (const { id } of page)
      if (hub.ledger.records.get(id)?.now == null) throw new Violation("I12", `reading ${id} is not there`);
  }
  world.captures.push({ id: capture, hub, life: hub.ledger.lives });
}

function captureOf(id: string, count: number, author: Author, page: readonly { readonly id: string }[]) {
  return {
    id,
    kind: "session" as const,
    driver: "simulated",
    startedAt: author.at,
    endedAt: author.at,
    outcome: "done",
    device: { manufacturer: "Acme", model: "Simulated", serial: "SIM0001", clockErrorMs: 0 },
    records: page.map((record) => record.id),
    counts: { new: count, known: 0, unreadable: 0 },
    transcript: `transcript ${id}`,
  };
}

async function resolve(doing: Doing, keep: "local" | "remote"): Promise<void> {
  const { store, item, author } = doing;
  const open = await listConflicts(store);
  const one = open[item.record % Math.max(1, open.length)];
  if (one === undefined) return;
  await resolveConflict(store, one.id, keep, author);
  doing.world.coverage.count(`resolved ${keep}`);
}

/**
 * While somebody changes every record in the cloud, somebody here writes another one of them whenever a worker has asked
 * what is new: each page finds an unpushed change that was not there when it was asked for.
 */
async function storm(doing: Doing): Promise<void> {
  const { world, hub, item } = doing;
  const ids = [...world.cloud.records.keys()];
  const rounds = Math.min(ids.length, 8);
  for (const id of ids) world.cloudEdit(id, { patient: `q${item.number} ${world.nameOf(id)}` }, null, "doctor");
  for (let part = 1; part <= rounds && !world.over; part += 1) {
    const id = ids[(item.record + part) % ids.length];
    const before = hub.questions;
    const { scheduler } = world;
    const latestMs = scheduler.nowMs + 5_000;
    await scheduler.wait(null, "storms", { ready: () => hub.questions > before, latestMs });
    if (id === undefined || hub.ledger.records.get(id)?.now == null) continue;
    answered(doing, (await editRecord(doing.store, id, { note: `w${item.number}.${part}` }, doing.author)).record);
  }
}

/** The person was told that this is kept. */
function answered({ world, hub }: Doing, record: GlucoRecord): void {
  const text = textOf(record);
  world.answers.push({ hub, life: hub.ledger.lives, id: record.id, text });
  if (hub.ledger.records.get(record.id)?.texts.has(text) !== true)
    throw new Violation("I12", `what was answered for of ${record.id} is not there: ${text}`);
}

function textOf(record: GlucoRecord): string {
  const { id: _id, kind: _kind, deleted, ...fields } = record;
  return contentOf(deleted, fields).text;
}
