import { randomUUID } from "node:crypto";
import type { Fault } from "../../src/cloud/fault.js";
import { silentLog } from "../../src/domain/clock.js";
import { derivedId } from "../../src/domain/identity.js";
import { EMPTY_FIELDS, fieldsText, type RecordFields } from "../../src/domain/record.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { copyStore } from "../../src/store/copy.js";
import { type Author, ingestPage, type NewRecord } from "../../src/store/records.js";
import type { Store } from "../../src/store/store.js";
import type { Cloud } from "../../src/sync/clouds/cloud.js";
import { nativeCloud } from "../../src/sync/clouds/native.js";
import { type Engine, type EngineState, startEngine } from "../../src/sync/engine.js";
import { type ScratchCloud, startScratchCloud } from "../helpers/scratch-cloud.js";
import { suiteKind } from "../helpers/stores.js";

const kind = suiteKind();

/** A reading of a meter that does not exist. */
export function reading(index: number): NewRecord {
  const time = new Date(Date.UTC(2026, 0, 1, 8) + index * 60_000).toISOString();
  const fields: RecordFields = {
    ...EMPTY_FIELDS,
    time,
    deviceTime: time.slice(0, 19),
    timeQuality: "device",
    source: "meter",
    value: 80 + (index % 300),
    unit: "mg/dL",
    manufacturer: "LifeScan",
    model: "OneTouch Ultra 2",
    serial: "TEST0001Y",
  };
  return { id: derivedId("two-sides", index), kind: "glucose", fields, raw: Buffer.from(`raw ${index}`) };
}

/** Somebody at the hub. */
export const nurse: Author = { by: "nurse", why: "edit", at: "2026-02-03T04:05:06.000Z" };

/**
 * A hub's store with its engine and a real reference cloud, and a way to make each request go wrong.
 *
 * @param shared another hub's cloud, where two hubs meet; what goes wrong is then that hub's to say
 * @param backup a copy of a store that the hub starts from
 */
export async function twoSides(
  wrap: (cloud: Cloud) => Cloud = (cloud) => cloud,
  shared?: ScratchCloud,
  backup?: string,
) {
  const place = await kind.place();
  const { folder } = place;
  let hook: (request: { method: string; url: string }) => Fault | undefined | Promise<Fault | undefined> = () =>
    undefined;
  const requests: string[] = [];
  const warnings: string[] = [];
  const server =
    shared ??
    (await startScratchCloud({
      fault: (request) => {
        requests.push(`${request.method} ${request.url.replace(/\?.*/, "")}`);
        return hook(request);
      },
    }));
  if (backup !== undefined) await copyStore(backup, place.address.path);
  const store = await place.open("local");
  const engines: { engine: Engine; store: Store }[] = [];

  async function worker(
    holder: string,
    alone = true,
    onState: (state: EngineState) => void = () => undefined,
    given?: Store,
  ): Promise<Engine> {
    const own = given ?? (await place.open("sync"));
    const cloud = wrap(nativeCloud({ url: server.url, token: server.token }));
    const engine = startEngine({
      store: own,
      cloud,
      clock: systemClock,
      log: { ...silentLog, warn: (_facts, message) => void warnings.push(message) },
      holder,
      alone,
      newId: randomUUID,
      random: () => 0.5,
      onState,
    });
    engines.push({ engine, store: own });
    return engine;
  }
  const engine = await worker("first");

  return {
    store,
    server,
    engine,
    worker,
    folder,
    /** What another program says of the store. */
    witness: place.witness,
    requests,
    /** What the workers warned of. */
    warnings,
    /** The connections of one worker. */
    storeOf(engine: Engine): Store {
      const found = engines.find((each) => each.engine === engine);
      if (found === undefined) throw new Error("no worker of these sides");
      return found.store;
    },
    /** What goes wrong from now on. */
    fault(next: typeof hook): void {
      hook = next;
    },
    ingest: (...records: NewRecord[]) =>
      store.write((tx) => ingestPage(tx, records, null, { by: "meter", why: "read", at: "2026-01-02T00:00:00.000Z" })),
    sync: () => engine.ring("test", true),
    /** The record's numbers, as the store has them. */
    async numbers(id: string) {
      return store.read
        .selectFrom("records")
        .select(["version", "version_synced", "rev"])
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
    },
    /** Both sides' records as text by id, for comparison. */
    async both(): Promise<{ hub: Map<string, string>; cloud: Map<string, string> }> {
      const rows = await store.read.selectFrom("records").select(["id", "deleted", "fields"]).execute();
      const hub = new Map(rows.map((row) => [row.id, `${row.deleted === 1} ${row.fields}`]));
      const cloud = new Map<string, string>();
      let after: string | null = null;
      for (;;) {
        const page = server.store.changes(after, 1_000);
        for (const change of page.changes)
          cloud.set(change.id, `${change.deleted} ${fieldsText(change.fields as unknown as RecordFields)}`);
        after = page.cursor;
        if (!page.more) break;
      }
      return { hub, cloud };
    },
    async close(): Promise<void> {
      for (const each of engines) {
        await each.engine.stop();
        await each.store.close();
      }
      await store.close();
      if (shared === undefined) await server.close();
      await place.remove();
    },
  };
}
