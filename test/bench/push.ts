import { join } from "node:path";
import { startChild } from "./child.js";
import { compare } from "./compare.js";
import type { Bench } from "./figure.js";
import { filledStore } from "./filled-store.js";
import { type PushRun, pushAll, TOKEN } from "./push-run.js";

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
      const first = runs === 1;
      return pushToCloud(path, join(context.folder, `cloud-${runs}.db`), context.records, (body) => {
        if (first) bodies.push(body);
      });
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
    { name, unit: "ms", ours: ours.pushMs, floor: floor.pushMs, ratio, target: { of: "ratio", atMost: 1.5 } },
    { name: "  until the round ends", unit: "ms", ours: ours.roundMs, floor: null, ratio: null, target: null },
  ];
};

/** Pushes a store to a reference cloud that is empty. */
export async function pushToCloud(
  path: string,
  cloudPath: string,
  count: number,
  onBody?: (body: string) => void,
): Promise<PushRun> {
  const server = startChild(new URL("./cloud-process.js", import.meta.url), [cloudPath, TOKEN]);
  try {
    return await pushAll(path, await server.line(), count, onBody);
  } finally {
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
