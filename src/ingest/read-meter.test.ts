import { describe, expect, test } from "vitest";
import { onetouchUltra2 } from "../../drivers/onetouch-ultra2/index.js";
import { type Cable, cable, look, NOW_MS, runningClock, tempStore } from "../../test/helpers/ingest.js";
import { silentLog } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { MeterSimulator } from "../kit/driver.js";
import { parseTranscript, transcriptStartMs } from "../kit/transcript.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import type { Store } from "../store/store.js";
import { replayTransport } from "../transports/replay.js";
import { ownerBySerial } from "./owner.js";
import { type ReadMeterOptions, readMeter } from "./read-meter.js";

const ZONE = "Europe/London";

/** A simulated meter, its cable, and the options that read it. */
function bench(store: Store | null, count = 12, clockErrorMs = 0) {
  const clock = runningClock(NOW_MS);
  const meter = onetouchUltra2.simulate({ count, seed: 7, clock, zone: ZONE, clockErrorMs });
  const cables: Cable[] = [];
  const options: ReadMeterOptions = {
    port: "/dev/ttyUSB0",
    driver: onetouchUltra2,
    async openMeter() {
      const opened = cable(meter);
      cables.push(opened);
      return opened;
    },
    store,
    clock,
    ownerOf: ownerBySerial([{ id: "anna", meters: [meter.serial ?? ""] }], ZONE),
    zone: ZONE,
    signal: new AbortController().signal,
    log: silentLog,
    usb: "067b:2303",
    virtual: true,
  };
  return { clock, meter, cables, options };
}

/** What the store should hold of the meter's memory, by the simulator's own account. */
function expected({ memory }: MeterSimulator) {
  return memory.map(({ deviceTime, value, outOfRange, control }) => ({
    deviceTime,
    value,
    outOfRange,
    control: control ? 1 : 0,
  }));
}

const STORED = `SELECT json_extract(fields,'$.deviceTime') AS deviceTime, json_extract(fields,'$.value') AS value,
  json_extract(fields,'$.outOfRange') AS outOfRange, json_extract(fields,'$.control') AS control FROM records ORDER BY row`;

describe("reading a OneTouch Ultra 2", () => {
  test("brings its whole memory into the store, just as the meter has it", async () => {
    const store = await tempStore();
    const { meter, cables, options } = bench(store, 40);
    const report = await readMeter(options);
    expect(report).toMatchObject({ outcome: "done", new: 40, known: 0, unreadable: 0, clockErrorMs: 0 });
    expect(look(store, STORED)).toEqual(expected(meter));
    expect(look(store, "SELECT DISTINCT patient, json_extract(fields,'$.serial') AS serial FROM records")).toEqual([
      { patient: "anna", serial: meter.serial },
    ]);
    expect(cables.map(({ closed }) => closed > 0)).toEqual([true]);

    const again = await readMeter(options);
    expect(again).toMatchObject({ outcome: "done", new: 0, known: 40 });
    expect(look(store, "SELECT count(*) AS n FROM captures")).toEqual([{ n: 2 }]);
  });

  test("corrects the times of a clock that is wrong, and keeps what it showed", async () => {
    const store = await tempStore();
    const { meter, options } = bench(store, 5, 5 * 3_600_000);
    const report = await readMeter(options);
    expect(report.clockErrorMs).toBe(5 * 3_600_000);
    const rows = look(
      store,
      "SELECT json_extract(fields,'$.deviceTime') AS d, time AS t, json_extract(fields,'$.timeQuality') AS q FROM records ORDER BY row",
    );
    expect(rows).toEqual(
      meter.memory.map(({ deviceTime }) => ({
        d: deviceTime,
        t: new Date(Date.parse(`${deviceTime}Z`) - 5 * 3_600_000).toISOString(),
        q: "corrected",
      })),
    );
  });

  test("writes a transcript that, played back, gives the same records", async () => {
    const { options } = bench(null, 9);
    const first = await readMeter(options);
    const transcript = parseTranscript(first.transcript ?? "");
    expect(transcript.headers).toMatchObject({ origin: "simulated", zone: ZONE, usb: "067b:2303" });
    const clock = new VirtualClock(transcriptStartMs(transcript.headers));
    const replay = replayTransport(transcript, clock);
    const second = await readMeter({ ...options, clock, openMeter: async () => replay });
    expect(first.records?.length).toBe(9);
    expect(second.records).toEqual(first.records);
    expect(() => replay.finish()).not.toThrow();
  });

  test("keeps what was read before the cable was pulled, and the rest the next time", async () => {
    const store = await tempStore();
    const { meter, cables, options } = bench(store, 20);
    const report = await readMeter({
      ...options,
      onProgress: ({ new: fresh }) => {
        if (fresh >= 8) cables.at(-1)?.unplug();
      },
    });
    expect(report).toMatchObject({ outcome: "TRANSPORT_GONE", partial: true });
    expect(report.new).toBeGreaterThanOrEqual(8);
    expect(report.new).toBeLessThan(20);
    expect(look(store, STORED)).toEqual(expected(meter).slice(0, report.new));
    expect(report.transcript).toContain("! unplugged");
    expect(look(store, "SELECT outcome FROM meters")).toEqual([{ outcome: "TRANSPORT_GONE" }]);

    expect(await readMeter(options)).toMatchObject({ outcome: "done", new: 20 - report.new, known: report.new });
    expect(look(store, STORED)).toHaveLength(20);
    expect(cables.every(({ closed }) => closed > 0)).toBe(true);
  });
});

describe("a port", () => {
  test("that can't be opened is the report's problem, without a transcript or a capture", async () => {
    const store = await tempStore();
    const { options } = bench(store);
    const openMeter = () => Promise.reject(new Problem("TRANSPORT_OPEN", "another program uses it"));
    const report = await readMeter({ ...options, openMeter });
    expect(report).toMatchObject({ outcome: "TRANSPORT_OPEN", transcript: null, capture: null });
    expect(report.problem?.message).toBe("another program uses it");
  });

  test("at which nobody answers is closed again", async () => {
    const { options } = bench(null);
    const silent = cable({ receive: () => undefined });
    const report = await readMeter({ ...options, openMeter: async () => silent });
    expect(report).toMatchObject({ outcome: "METER_TIMEOUT", new: 0 });
    expect(silent.closed).toBeGreaterThan(0);
  });

  test("that opens when nobody waits for it any more is closed at once", async () => {
    const { options } = bench(null);
    const stop = new AbortController();
    const late = cable({ receive: () => undefined });
    let open = (): void => undefined;
    const openMeter = () =>
      new Promise<Cable>((resolve) => {
        open = () => resolve(late);
      });
    const running = readMeter({ ...options, openMeter, signal: stop.signal });
    stop.abort(new Problem("TRANSPORT_CANCELED"));
    expect(await running).toMatchObject({ outcome: "TRANSPORT_CANCELED" });
    open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(late.closed).toBe(1);
  });
});
