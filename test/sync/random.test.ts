import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fault } from "../../src/cloud/fault.js";
import { fieldsText, type RecordFields } from "../../src/domain/record.js";
import { listConflicts, resolveConflict } from "../../src/store/conflicts.js";
import { historyOf } from "../../src/store/queries.js";
import { editRecord, removeRecord, restoreRecord } from "../../src/store/records.js";
import { suiteKind } from "../helpers/stores.js";
import { nurse, reading, twoSides } from "./two-sides.js";

const RECORDS = 4;
/** A database on a server takes longer over each run. */
const RUNS = suiteKind().name === "SQLite" ? 150 : 12;
const FAULTS: readonly Fault[] = [
  "reset",
  "reset-after-commit",
  "html",
  { status: 503, body: { code: "busy", message: "later" } },
];

type Step =
  | {
      readonly act: "hub" | "cloud" | "hub-delete" | "cloud-delete" | "hub-restore";
      readonly record: number;
      readonly field: "note" | "patient";
    }
  | { readonly act: "sync"; readonly faults: readonly number[]; readonly meanwhile: readonly number[] }
  | { readonly act: "resolve"; readonly keep: "local" | "remote" };

const record = fc.integer({ min: 0, max: RECORDS - 1 });
const field = fc.constantFrom("note" as const, "patient" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ act: fc.constantFrom("hub" as const, "cloud" as const), record, field }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constantFrom("hub-delete" as const, "cloud-delete" as const, "hub-restore" as const),
      record,
      field,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant("sync" as const),
      faults: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 6 }),
      meanwhile: fc.array(fc.integer({ min: 0, max: 2 * RECORDS }), { maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant("resolve" as const),
      keep: fc.constantFrom("local" as const, "remote" as const),
    }),
  },
);

/**
 * Whatever people do on both sides, between requests and during them, and whatever goes wrong with the requests: in the
 * end both sides are equal, no state of the cloud was replaced by a hub that had not seen it, and what it replaced stands
 * in the hub's history. Every written text is unique, so that none can be mistaken for another.
 */
async function live(steps: readonly Step[]): Promise<number> {
  const sides = await twoSides();
  try {
    const { store, server } = sides;
    const ids = Array.from({ length: RECORDS }, (_, index) => reading(index).id);
    let written = 0;
    const atHub = (id: string, name: string) => editRecord(store, id, { [name]: `hub ${++written}` }, nurse);
    const atCloud = (id: string, name: string): void => {
      if (server.store.record(id) !== null)
        server.store.edit(id, { fields: { [name]: `cloud ${++written}` }, by: "doctor" });
    };
    const idOf = (index: number): string => ids[index % RECORDS] ?? "";
    await sides.ingest(...ids.map((_, index) => reading(index)));
    await sides.sync();

    for (const one of steps) {
      if (one.act === "hub") await atHub(idOf(one.record), one.field);
      else if (one.act === "cloud") atCloud(idOf(one.record), one.field);
      else if (one.act === "hub-delete") await removeRecord(store, idOf(one.record), nurse);
      else if (one.act === "hub-restore") await restoreRecord(store, idOf(one.record), null, nurse);
      else if (one.act === "cloud-delete") server.store.edit(idOf(one.record), { deleted: true, by: "doctor" });
      else if (one.act === "resolve") {
        const [open] = await listConflicts(store);
        if (open !== undefined) await resolveConflict(store, open.id, one.keep, nurse);
      } else if (one.act === "sync") {
        const faults = [...one.faults];
        const meanwhile = [...one.meanwhile];
        sides.fault(async () => {
          const who = meanwhile.shift();
          if (who !== undefined && who < RECORDS) await atHub(idOf(who), "note");
          else if (who !== undefined && who < 2 * RECORDS) atCloud(idOf(who), "note");
          return FAULTS[faults.shift() ?? FAULTS.length];
        });
        await sides.sync();
      }
    }
    sides.fault(() => undefined);
    await sides.sync();
    await sides.sync();

    const { hub, cloud } = await sides.both();
    expect(hub).toEqual(cloud);
    expect(sides.engine.state()).toMatchObject({ state: "idle", problem: null });
    const side = (deleted: boolean, fields: unknown): string => `${deleted} ${fieldsText(fields as RecordFields)}`;
    let checked = 0;
    for (const [index, id] of ids.entries()) {
      const { states, version, versionSynced } = await historyOf(store, id);
      expect(versionSynced).toBe(version);
      expect(states.at(-1)?.fields.value).toBe(reading(index).fields.value);
      const seen = new Set(states.map((state) => side(state.deleted, state.fields)));
      const chain = server.store.states(id);
      for (const [at, state] of chain.entries()) {
        const before = chain[at - 1];
        if (before === undefined) continue;
        expect(state.parent).toBe(before.rev);
        if (state.by !== "doctor" && before.by === "doctor")
          expect(seen.has(side(before.deleted, before.fields))).toBe(true);
        checked += 1;
      }
      // Every local change is in the history of the side that made it, and its newest state reached the cloud.
      expect(side(chain.at(-1)?.deleted ?? true, chain.at(-1)?.fields)).toBe(hub.get(id));
    }
    return checked;
  } finally {
    await sides.close();
  }
}

test("whatever happens on both sides and on the way between them, nothing is lost and both end equal", {
  timeout: 120_000,
}, async () => {
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      checked += await live(steps);
    }),
    { numRuns: RUNS },
  );
  expect(checked).toBeGreaterThan(RUNS);
});
