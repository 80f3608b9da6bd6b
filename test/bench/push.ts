import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { silentLog } from "../../src/domain/clock.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { Store } from "../../src/store/store.js";
import { dirtyPage } from "../../src/store/sync-records.js";
import { nativeCloud } from "../../src/sync/clouds/native.js";
import { startEngine } from "../../src/sync/engine.js";
import { startChild } from "./child.js";
import { compare } from "./compare.js";
import type { Bench } from "./figure.js";
import { filledStore } from "./filled-store.js";

const TOKEN = "bench";

interface PushRun {
  /** Until every record was acknowledged. */
  readonly pushMs: number;
  /** Until the engine was idle: its own changes were pulled back and found known. */
  readonly roundMs: number;
}

/**
 * All records of a full store to the reference cloud, a process of its own, by the sync engine: until each is
 * acknowledged in the store. Against the same request bodies sent by fetch, one after the other, to the bare server.
 */
export const benchPush: Bench = async (context) => {
  const bodies: string[] = [];
  let runs = 0;
  const { ours, floor, ratio } = await compare<PushRun>(
    async () => {
      runs += 1;
      const path = await filledStore(context, `push-${runs}`);
      return pushAll(path, join(context.folder, `cloud-${runs}.db`), context.records, runs === 1 ? bodies : null);
    },
    async () => {
      runs += 1;
      return postAll(join(context.folder, `floor-${runs}.db`), bodies);
    },
    (run) => run.pushMs,
    context.say,
  );
  const name = `push of ${context.records} records`;
  return [
    { name, unit: "ms", ours: ours.pushMs, floor: floor.pushMs, ratio, target: { of: "ratio", atMost: 2 } },
    { name: "  until the round ends", unit: "ms", ours: ours.roundMs, floor: null, ratio: null, target: null },
  ];
};

/** @param bodies where the bodies of the pushes are kept; null: nowhere */
async function pushAll(path: string, cloudPath: string, count: number, bodies: string[] | null): Promise<PushRun> {
  const server = startChild(new URL("./cloud-process.js", import.meta.url), [cloudPath, TOKEN]);
  const url = await server.line();
  const store = await Store.open({ path, role: "sync" });
  let pushedAt = 0;
  const watched: typeof fetch = (target, init) => {
    if (typeof init?.body === "string") bodies?.push(init.body);
    // The first question for changes comes when every push is settled in the store.
    else if (pushedAt === 0) pushedAt = performance.now();
    return fetch(target, init);
  };
  const engine = startEngine({
    store,
    cloud: nativeCloud({ url, token: TOKEN, fetch: watched }),
    clock: systemClock,
    log: silentLog,
    holder: "bench",
    alone: true,
    newId: randomUUID,
    random: Math.random,
  });
  try {
    const start = performance.now();
    await engine.ring("bench", true);
    const end = performance.now();
    const { state, problem, last } = engine.state();
    if (problem !== null) throw new Error(`the push failed: ${problem.message}`);
    if (state !== "idle" || last?.pushed !== count || (await dirtyPage(store, 0, 1)).length > 0)
      throw new Error(`only ${last?.pushed} of ${count} records were pushed`);
    return { pushMs: pushedAt - start, roundMs: end - start };
  } finally {
    await engine.stop();
    await store.close();
    await server.stop();
  }
}

async function postAll(path: string, bodies: readonly string[]): Promise<PushRun> {
  if (bodies.length === 0) throw new Error("no request was seen");
  const server = startChild(new URL("./floor-server.js", import.meta.url), [path]);
  try {
    const port = await server.line();
    const start = performance.now();
    for (const body of bodies) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
      const text = await answer.text();
      if (text !== '{"ok":true}') throw new Error(`the bare server answered ${text}`);
    }
    const ms = performance.now() - start;
    return { pushMs: ms, roundMs: ms };
  } finally {
    await server.stop();
  }
}
