import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { findDriver } from "../../drivers/index.js";
import { silentLog } from "../../src/domain/clock.js";
import { ownerBySerial } from "../../src/ingest/owner.js";
import { runSession } from "../../src/ingest/session.js";
import type { HidDriver } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { Store } from "../../src/store/store.js";
import { type HidAnswerer, hearHid, hidTo } from "../helpers/simulated-hid.js";
import { inVirtualTime } from "../helpers/simulated-line.js";
import { percentile } from "./compare.js";
import type { Bench } from "./figure.js";

/** A sensor's 90 days: a value every quarter of an hour. */
const MEMORY = 90 * 24 * 4;
const ROUNDS = 5;
/** What it may take beyond the transfer, milliseconds. */
const TARGET_MS = 1_000;
const NOW = Date.parse("2026-03-05T12:00:00Z");
const ZONE = "Europe/London";

/**
 * A FreeStyle Libre reader with 90 days of history, from its reports to the last reading durable in the store. The reports
 * are those of a conversation that was had before, so that neither the transfer nor the simulator counts.
 */
export const benchLibre: Bench = async ({ folder, say }) => {
  const driver = findDriver("freestyle-libre");
  if (driver.transport !== "hid") throw new Error("a FreeStyle Libre is no HID device any more");
  const answers = await conversation(driver);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    times.push(await intoStore(driver, answers, join(folder, `libre-${round}.db`)));
  }
  say(`${answers.flat().length} reports of a FreeStyle Libre.`);
  const target = { of: "value", atMost: TARGET_MS } as const;
  const ours = percentile(times, 0.5);
  return [{ name: `FreeStyle Libre, ${MEMORY} values stored`, unit: "ms", ours, floor: null, ratio: null, target }];
};

/** What the reader answers to each of the hub's reports, in order. */
async function conversation(driver: HidDriver): Promise<readonly (readonly Uint8Array[])[]> {
  const clock = new VirtualClock(NOW);
  const simulator = driver.simulate({ count: MEMORY, seed: 1, clock, zone: ZONE });
  const answers: Uint8Array[][] = [];
  const overheard: HidAnswerer = {
    reportBytes: simulator.reportBytes,
    receive(report, send) {
      const here: Uint8Array[] = [];
      answers.push(here);
      simulator.receive(report, (answer) => {
        here.push(Uint8Array.from(answer));
        send(answer);
      });
    },
  };
  const heard = await hearHid(driver, overheard, clock);
  if (heard.reason !== null) throw heard.reason;
  if (heard.readings.length < MEMORY) throw new Error(`the reader told ${heard.readings.length} of ${MEMORY} values`);
  return answers;
}

/** The same conversation with whoever answers at once. Milliseconds until all is durable. */
async function intoStore(
  driver: HidDriver,
  answers: readonly (readonly Uint8Array[])[],
  path: string,
): Promise<number> {
  const clock = new VirtualClock(NOW);
  const store = await Store.open({ path, role: "local" });
  let asked = 0;
  const transport = hidTo({
    receive(_report, send) {
      for (const answer of answers[asked] ?? []) send(answer);
      asked += 1;
    },
  });
  try {
    const { signal } = new AbortController();
    const from = performance.now();
    const report = await inVirtualTime(clock, () =>
      runSession({
        driver,
        events: driver.session({ transport, clock, signal, log: silentLog }),
        store,
        clock,
        ownerOf: ownerBySerial([], ZONE),
        kind: "session",
        captureId: "00000000-0000-4000-8000-000000000001",
        port: "/dev/hidraw0",
        transcript: () => null,
        signal,
      }),
    );
    const ms = performance.now() - from;
    if (report.problem !== null) throw report.problem;
    if (report.new < MEMORY) throw new Error(`the store keeps ${report.new} of ${MEMORY} values`);
    return ms;
  } finally {
    await store.close();
  }
}
