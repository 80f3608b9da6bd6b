import { randomUUID } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../kit/system-clock.js";
import { loggingTo } from "../kit/thread-log.js";
import { Store } from "../store/store.js";
import { openCloud } from "./clouds/index.js";
import { startEngine } from "./engine.js";
import { longPoll } from "./long-poll.js";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.js";

/** The sync worker's thread: the only place where a store is opened in the sync role while the hub runs. */
async function run(
  start: WorkerStart,
  send: (message: FromWorker) => void,
  receive: (listener: (message: ToWorker) => void) => void,
): Promise<void> {
  const log = loggingTo(send);
  const store = await Store.open({ ...start.store, role: "sync" });
  const cloud = openCloud(start.cloud);
  if (cloud === null) return;
  store.onCommit(() => send({ type: "committed" }));
  const engine = startEngine({
    store,
    cloud,
    clock: systemClock,
    log,
    holder: start.holder,
    alone: start.alone,
    newId: randomUUID,
    random: Math.random,
    onState: (state) => send({ type: "state", state }),
  });
  const polling = new AbortController();
  const polled = longPoll({ store, cloud, engine, clock: systemClock, log, signal: polling.signal });
  await new Promise<void>((resolve) => {
    receive((message) => {
      if (message.type === "stop") resolve();
      else void engine.ring(message.why, message.now, message.full).then(() => send({ type: "rung", id: message.id }));
    });
  });
  polling.abort();
  await engine.stop();
  await polled;
  await store.close();
}

if (parentPort !== null) {
  const port = parentPort;
  await run(
    workerData as WorkerStart,
    (message) => port.postMessage(message),
    (listener) => port.on("message", listener),
  );
  port.close();
}
