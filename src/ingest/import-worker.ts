import { parentPort, workerData } from "node:worker_threads";
import { DRIVERS } from "../../drivers/index.js";
import { asProblem, Problem } from "../domain/problem.js";
import { systemClock } from "../kit/system-clock.js";
import { loggingTo } from "../kit/thread-log.js";
import { Store } from "../store/store.js";
import { importFile } from "./import-file.js";
import type { FromImporter, ImportStart, ToImporter } from "./import-messages.js";
import { ownerBySerial } from "./owner.js";

/** The thread of one import: opens the store for itself, so that neither meters nor people wait for it. */
async function run(
  start: ImportStart,
  send: (message: FromImporter) => void,
  receive: (listener: (message: ToImporter) => void) => void,
): Promise<void> {
  const stopping = new AbortController();
  receive(() => stopping.abort(new Problem("TRANSPORT_CANCELED")));
  const store = await Store.open({ ...start.store, role: "local" }).catch((error: unknown) => {
    const { code, message } = asProblem(error);
    send({ type: "refused", code, message });
    return null;
  });
  if (store === null) return;
  store.onCommit(() => send({ type: "committed" }));
  const { file, captureId, name, dateOrder, patients, zone } = start;
  try {
    const report = await importFile({
      file,
      dateOrder,
      ...(captureId === null ? {} : { captureId }),
      ...(name === null ? {} : { name }),
      drivers: DRIVERS,
      store,
      clock: systemClock,
      ownerOf: ownerBySerial(patients, zone),
      signal: stopping.signal,
      log: loggingTo(send),
      onProgress: (status) => send({ type: "progress", status }),
    });
    send({ type: "ended", report });
  } finally {
    await store.close();
  }
}

if (parentPort !== null) {
  const port = parentPort;
  await run(
    workerData as ImportStart,
    (message) => port.postMessage(message),
    (listener) => port.on("message", listener),
  );
  port.close();
}
