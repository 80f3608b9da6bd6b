import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { hex, latin1 } from "../../src/kit/bytes.js";
import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { inMemoryWords, inVirtualTime } from "../../test/helpers/simulated-line.js";
import { frameBytes } from "../shared/isens/frame.js";
import { glucocardShineHid } from "./index.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";

function parts(more: Partial<SimulatorOptions> = {}): SimulatorOptions & { readonly clock: VirtualClock } {
  return { count: 5, seed: 3, zone: ZONE, ...more, clock: new VirtualClock(START_MS) };
}

/** The meter with each of its reports replaced by others; `number` counts them from 0. */
function through(
  meter: HidSimulator,
  change: (report: Uint8Array, number: number) => readonly Uint8Array[],
): HidAnswerer {
  let number = 0;
  return {
    receive: (report, send) =>
      meter.receive(report, (answer) => {
        const pieces = change(answer, number);
        number += 1;
        for (const piece of pieces) send(piece);
      }),
  };
}

/** Reads what is there. */
async function read(answerer: HidAnswerer, patience: "full" | "probe" = "full") {
  return await hearHid(glucocardShineHid, answerer, new VirtualClock(START_MS), { patience });
}

describe("a meter", () => {
  test.each([0, 1, 50, 1_000])(
    "with %i tests is read whole; no feature report is set, and each report has id 1",
    async (count) => {
      const options = parts({ count });
      const meter = simulate(options);
      const heard = await hearHid(glucocardShineHid, meter, options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
      expect(heard.readings).toHaveLength(count);
      expect(heard.events[0]).toMatchObject({ identity: { manufacturer: "i-SENS", serial: meter.serial } });
      expect(heard.events[2]).toEqual({ type: "expect", count });
      expect(hex(heard.written[0] ?? new Uint8Array())).toBe("01 01 80");
      for (const report of heard.written) expect([report[0], report[1]]).toEqual([1, report.length - 2]);
    },
  );

  test("may say one byte a report, padded or not", async () => {
    for (const length of [3, 64]) {
      const options = parts({ count: 30 });
      const meter = simulate(options);
      const single = through(meter, (report) =>
        Array.from(report.subarray(2), (byte) => {
          const one = new Uint8Array(length);
          one.set([1, 1, byte]);
          return one;
        }),
      );
      const heard = await hearHid(glucocardShineHid, single, options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    }
  });

  test("is read whole although a report is torn, lost, doubled or damaged in any of its heads", async () => {
    const flip = (report: Uint8Array, place: number, bit: number): Uint8Array =>
      report.map((byte, at) => (at === place ? byte ^ bit : byte));
    const faults: ((report: Uint8Array) => readonly Uint8Array[])[] = [
      (report) => [report.subarray(0, -1)],
      () => [],
      (report) => [report, report],
      (report) => [flip(report, 0, 2)],
      (report) => [flip(report, 1, 0x40)],
      (report) => [flip(report, report.length - 1, 0x20)],
    ];
    let ran = 0;
    for (const fault of faults) {
      for (const place of [1, 4, 9, 14]) {
        const options = parts({ count: 20 });
        const meter = simulate(options);
        const changed = through(meter, (report, number) => (number === place ? fault(report) : [report]));
        const heard = await hearHid(glucocardShineHid, changed, options.clock);
        expect(heard.reason).toBeNull();
        expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
        ran += 1;
      }
    }
    expect(ran).toBe(24);
  });

  test("that marks no LO and HI has them told by its numbers, as bounds: never 19 or 601", async () => {
    const records = [
      [24, 5, 6, 7, 31, 5, 0x20, 0x02, 0x59],
      [24, 5, 6, 7, 20, 5, 0x20, 0x00, 0x13],
      [24, 5, 6, 7, 10, 5, 0x21, 0x00, 0x76],
      [24, 13, 6, 7, 10, 5, 0x20, 0x00, 0x76],
    ].flat();
    const answers = new Map([
      [
        "RSNB",
        frameBytes(
          "RSNB",
          Uint8Array.from("7K204M\0", (letter) => letter.charCodeAt(0)),
        ),
      ],
      ["RTIM", frameBytes("RTIM", Uint8Array.of(24, 5, 6, 8, 8, 41))],
      ["NCOT", frameBytes("NCOT", Uint8Array.of(0, 4))],
    ]);
    const heard = await read({
      receive(report, send) {
        const [command, count = 0] = [latin1(report.subarray(8, 12)), report[14]];
        const glue = frameBytes("GLUE", Uint8Array.from(records.slice(0, count * 9)));
        const whole = answers.get(command) ?? (command === "GLUE" ? glue : Uint8Array.of(0x2e));
        send(Uint8Array.of(1, whole.length, ...whole));
      },
    });
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(({ value, outOfRange, control }) => [value, outOfRange, control])).toEqual([
      [600, "high", false],
      [20, "low", false],
      [118, null, true],
    ]);
    expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(1);
  });
});

describe("a meter that ends", () => {
  test("because it is unplugged, at any step, or falls silent, ends the session with what is true", async () => {
    let ran = 0;
    for (let step = 0; step < 9; step += 1) {
      for (const isPulled of [true, false]) {
        const options = parts({ count: 6 });
        const meter = simulate(options);
        let asked = 0;
        const line: HidAnswerer = {
          receive(report, send) {
            asked += 1;
            if (asked <= step) meter.receive(report, send);
            else if (isPulled) transport.unplug();
          },
        };
        const transport = hidTo(line);
        const heard = await hearHid(glucocardShineHid, line, options.clock, { transport });
        if (step < 8) {
          expect(heard.code).toBe(isPulled ? "TRANSPORT_GONE" : step === 0 ? "METER_TIMEOUT" : "METER_STALLED");
        } else expect(heard.code).toBeNull();
        expect(meter.memory.slice(0, heard.readings.length)).toEqual(heard.readings.map(inMemoryWords));
        expect(heard.tookMs).toBeLessThan(60_000);
        ran += 1;
      }
    }
    expect(ran).toBe(18);
  });

  test("a device that is none, or that chatters without end, is given up, by a probe in its time", async () => {
    const silent = await read({ receive: () => undefined }, "probe");
    expect([silent.code, silent.events]).toEqual(["METER_TIMEOUT", []]);
    expect(silent.tookMs).toBeLessThanOrEqual(glucocardShineHid.probe.withinMs);
    const chatter: HidAnswerer = {
      receive(_, send) {
        for (let report = 0; report < 5_000; report += 1) send(Uint8Array.of(1, 62, ...new Uint8Array(62).fill(9)));
      },
    };
    expect((await read(chatter)).code).toBe("FRAME_MALFORMED");
    const empty: HidAnswerer = {
      receive(_, send) {
        for (let report = 0; report < 5_000; report += 1) send(Uint8Array.of(1, 0));
      },
    };
    expect((await read(empty)).code).toBe("FRAME_MALFORMED");
  });
});

test("its clock is set through its reports, after it said who it is, and read back", async () => {
  const options = parts({ clockErrorMs: -86_400_000 });
  const meter = simulate(options);
  const transport = hidTo(meter);
  const wallNow = (): string => wallAt(ZONE, options.clock.now()).slice(0, 19);
  const signal = new AbortController().signal;
  const gave = await inVirtualTime(options.clock, async () => {
    try {
      return await glucocardShineHid.setClock?.({ transport, clock: options.clock, signal, log: silentLog, wallNow });
    } catch (error) {
      return asProblem(error).code;
    }
  });
  expect([meter.clock(), gave]).toEqual([wallNow(), wallNow()]);
  expect(transport.written.map((report) => latin1(report).slice(8, 12))).toEqual(["", "RSNB", "WTIM", "RTIM"]);
});
