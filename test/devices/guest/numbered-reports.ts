import { setTimeout as pause } from "node:timers/promises";
import { silentLog } from "../../../src/domain/clock.js";
import { Problem } from "../../../src/domain/problem.js";
import type { HidDriver } from "../../../src/kit/driver.js";
import { systemClock } from "../../../src/kit/system-clock.js";
import type { HidTransport } from "../../../src/kit/transport.js";

/** Longest wait for a driver's first word, milliseconds. */
const FIRST_WORD_MS = 3_000;

/**
 * Whether a driver's meter numbers its reports, as its descriptor would say on USB: by the first report that the driver
 * would send or set, which begins with its number. A driver that only listens is taken to have none.
 */
export async function numbersReports(driver: Pick<HidDriver, "session">): Promise<boolean> {
  const abort = new AbortController();
  let first: number | null = null;
  const heard = async (id: number | undefined): Promise<never> => {
    first ??= id ?? 0;
    abort.abort(new Problem("TRANSPORT_CANCELED"));
    throw new Problem("TRANSPORT_CANCELED");
  };
  const transport: HidTransport = {
    kind: "hid",
    name: "nothing",
    read: (signal) =>
      new Promise((_resolve, reject) => {
        for (const one of [signal, abort.signal])
          one?.addEventListener("abort", () => reject(one.reason), { once: true });
      }),
    write: (report) => heard(report[0]),
    setFeature: (report) => heard(report[0]),
    getFeature: (id) => heard(id),
    async close() {},
  };
  const session = driver.session({ transport, clock: systemClock, signal: abort.signal, log: silentLog });
  const ended = (async () => {
    for await (const _event of session) if (abort.signal.aborted) return;
  })().catch(() => undefined);
  await Promise.race([ended, pause(FIRST_WORD_MS, undefined, { ref: false })]);
  abort.abort(new Problem("TRANSPORT_CANCELED"));
  return first !== null && first !== 0;
}
