import { isMainThread } from "node:worker_threads";

// Loaded into a hub before anything else (`NODE_OPTIONS=--import`): on SIGUSR2 its main event loop stands still for so
// many milliseconds as SOAK_BLOCK_MS says, as a long synchronous step would make it; its other threads go on.
if (isMainThread) {
  process.on("SIGUSR2", () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env["SOAK_BLOCK_MS"] ?? "0"));
  });
}
