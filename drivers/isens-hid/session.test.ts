import { describe, expect, test } from "vitest";
import { concat, hex } from "../../src/kit/bytes.js";
import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { simulateBehindCp2110 } from "../shared/cp2110/simulated.js";
import { frameBytes } from "../shared/isens/frame.js";
import { type FlashSimulatorModel, simulateFlash } from "../shared/isens/simulated-flash.js";
import { isensHid } from "./index.js";
import { CABLE } from "./link.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const BYTE_MS = 10_000 / 9_600;
const SET_UP = ["50 00 00 25 80 00 00 03 00", "41 01"];

function parts(more: Partial<SimulatorOptions> = {}): SimulatorOptions & { readonly clock: VirtualClock } {
  return { count: 5, seed: 3, zone: "Europe/London", ...more, clock: new VirtualClock(START_MS) };
}

/** The meter with each of its reports replaced by others; `number` counts them from 0. */
function through(
  meter: HidSimulator,
  change: (report: Uint8Array, number: number) => readonly Uint8Array[],
): HidAnswerer {
  let number = 0;
  return {
    setFeature: (report) => meter.setFeature?.(report),
    receive: (report, send) =>
      meter.receive(report, (answer) => {
        const pieces = change(answer, number);
        number += 1;
        for (const piece of pieces) send(piece);
      }),
  };
}

/** A chip behind which a meter of protocol 3 holds these records and answers at once, however the chip is set. */
function holding(records: Uint8Array, change: (answer: Uint8Array) => Uint8Array = (answer) => answer): HidAnswerer {
  return {
    receive(report, send) {
      const request = report.subarray(1, 1 + (report[0] ?? 0));
      const command = String.fromCharCode(...request.subarray(6, 10));
      const from = ((request[11] ?? 1) - 1) * 9;
      const answer = new Map([
        [
          "RSNB",
          frameBytes(
            "RSNB",
            Uint8Array.from("7K204M\0", (letter) => letter.charCodeAt(0)),
          ),
        ],
        ["RTIM", frameBytes("RTIM", Uint8Array.of(24, 5, 6, 8, 8, 41))],
        ["NCOT", frameBytes("NCOT", Uint8Array.of(0, records.length / 9))],
        ["GLUE", frameBytes("GLUE", records.slice(from, from + (request[12] ?? 0) * 9))],
      ]).get(command);
      const whole = change(answer ?? Uint8Array.of(0x2e));
      for (let at = 0; at < whole.length; at += 63) {
        const piece = whole.subarray(at, at + 63);
        send(Uint8Array.of(piece.length, ...piece));
      }
    },
  };
}

describe("a meter of protocol 3 on the cable", () => {
  test.each([0, 1, 50, 1_000])("with %i tests is read whole, at the pace of the line", async (count) => {
    const options = parts({ count });
    const meter = simulate(options);
    let bytes = 0;
    const counted = through(meter, (report) => {
      bytes += report.length - 1;
      return [report];
    });
    const heard = await hearHid(isensHid, counted, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    expect(heard.events.slice(0, 3)).toMatchObject([
      { type: "identity", identity: { manufacturer: "i-SENS", serial: meter.serial, model: null } },
      { type: "clock", deviceTime: expect.stringMatching(/^2024-05-06T08:08:\d\d$/) },
      { type: "expect", count },
    ]);
    expect(heard.written.slice(0, 2).map(hex)).toEqual(SET_UP);
    if (count >= 50) expect(heard.tookMs).toBeLessThan(bytes * BYTE_MS * 1.1 + 500);
  });

  test("the HID length byte counts itself, so a pad byte is sent: here each report holds just the bytes that it names", async () => {
    const options = parts();
    const heard = await hearHid(isensHid, simulate(options), options.clock);
    const sent = heard.written.slice(2);
    expect(sent.length).toBeGreaterThanOrEqual(8);
    for (const report of sent) expect(report[0]).toBe(report.length - 1);
    expect(hex(sent[0] ?? new Uint8Array())).toBe("01 80");
    expect(hex(sent[3] ?? new Uint8Array())).toBe("0d 02 69 53 50 63 07 4e 43 4f 54 bb 7f 03");
  });

  test("may come in reports of one byte, padded or not", async () => {
    for (const length of [2, 64]) {
      const options = parts({ count: 30 });
      const meter = simulate(options);
      const single = through(meter, (report) =>
        Array.from(report.subarray(1), (byte) => {
          const one = new Uint8Array(length);
          one.set([1, byte]);
          return one;
        }),
      );
      const heard = await hearHid(isensHid, single, options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    }
  });

  test("is read whole although a report is torn, lost, doubled, or names another number of bytes", async () => {
    const faults: ((report: Uint8Array) => readonly Uint8Array[])[] = [
      (report) => [report.subarray(0, -1)],
      () => [],
      (report) => [report, report],
      (report) => [report.map((byte, at) => (at === 0 ? byte ^ 0x20 : byte))],
      (report) => [report.map((byte, at) => (at === report.length - 1 ? byte ^ 0x20 : byte))],
    ];
    let ran = 0;
    for (const fault of faults) {
      for (const place of [1, 3, 8, 12, 16]) {
        const options = parts({ count: 20 });
        const meter = simulate(options);
        const heard = await hearHid(
          isensHid,
          through(meter, (report, number) => (number === place ? fault(report) : [report])),
          options.clock,
        );
        expect(heard.reason).toBeNull();
        expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
        ran += 1;
      }
    }
    expect(ran).toBe(25);
  });

  test("stores HI and LO as bounds, and neither as 601 nor as 19; control solution and ketone are what they are", async () => {
    const stamp = [24, 5, 6, 7, 31];
    const records = [
      [...stamp, 5, 0xa8, 0x02, 0x59],
      [...stamp, 4, 0xa4, 0x00, 0x13],
      [...stamp, 3, 0xa1, 0x00, 0x76],
      [...stamp, 2, 0xe0, 0x00, 0x0f],
      [24, 2, 30, 7, 31, 1, 0xa0, 0x00, 0x68],
    ];
    const heard = await hearHid(isensHid, holding(Uint8Array.from(records.flat())), new VirtualClock(START_MS));
    expect(heard.reason).toBeNull();
    expect(
      heard.readings.map(({ kind, value, outOfRange, control, specimen }) => [
        kind,
        value,
        outOfRange,
        control,
        specimen,
      ]),
    ).toEqual([
      ["glucose", 600, "high", false, null],
      ["glucose", 20, "low", false, null],
      ["glucose", 118, null, true, "control"],
      ["ketone", 1.5, null, false, null],
    ]);
    expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(1);
  });

  test("whose answer never ends is given up within a bound (the peer waits for its last byte for ever)", async () => {
    const endless = holding(new Uint8Array(), (answer) => (answer.length > 1 ? answer.slice(0, -1) : answer));
    const heard = await hearHid(isensHid, endless, new VirtualClock(START_MS));
    expect(["FRAME_TRUNCATED", "FRAME_CHECKSUM"]).toContain(heard.code);
    expect(heard.tookMs).toBeLessThan(20_000);
  });

  test("is read through a cable that was set to another speed before", async () => {
    const options = parts();
    const meter = simulate(options);
    meter.setFeature?.(Uint8Array.of(0x50, 0, 0, 0x4b, 0, 0, 0, 3, 0));
    const heard = await hearHid(isensHid, meter, options.clock);
    expect([heard.reason, heard.readings.length]).toEqual([null, 5]);
  });
});

describe("a meter of protocol 1 on the cable", () => {
  test.each<FlashSimulatorModel>(["CSP", "CNP", "CLP", "CVP"])(
    "of the model %s is read whole (every one but CVP crashes the peer)",
    async (model) => {
      const options = parts({ count: 40 });
      const meter = simulateBehindCp2110(simulateFlash(options, model), { baudRate: 9_600, usb: CABLE });
      const heard = await hearHid(isensHid, meter, options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
      expect(heard.events[0]).toMatchObject({ identity: { model, serial: meter.serial } });
      expect(heard.events[1]).toEqual({ type: "clock", deviceTime: null });
    },
  );
});

describe("a cable that is left alone", () => {
  test("by its meter, at any report, ends within a bound, with readings that are true", async () => {
    let ran = 0;
    for (let reports = 0; reports < 40; reports += 3) {
      const options = parts({ count: 6 });
      const meter = simulate(options);
      const heard = await hearHid(
        isensHid,
        through(meter, (report, number) => (number < reports ? [report] : [])),
        options.clock,
      );
      expect(meter.memory.slice(0, heard.readings.length)).toEqual(heard.readings.map(inMemoryWords));
      if (reports === 0) expect(heard.code).toBe("METER_TIMEOUT");
      else if (heard.code !== null) expect(["METER_STALLED", "FRAME_TRUNCATED"]).toContain(heard.code);
      expect(heard.tookMs).toBeLessThan(60_000);
      ran += 1;
    }
    expect(ran).toBe(14);
  });

  test("because it is unplugged, at any step, ends at once", async () => {
    const steps = 9;
    for (let step = 0; step < steps; step += 1) {
      const options = parts({ count: 6 });
      const meter = simulate(options);
      let asked = 0;
      const line: HidAnswerer = {
        setFeature: (report) => meter.setFeature?.(report),
        receive(report, send) {
          asked += 1;
          if (asked > step) transport.unplug();
          else meter.receive(report, send);
        },
      };
      const transport = hidTo(line);
      const heard = await hearHid(isensHid, line, options.clock, { transport });
      expect(heard.code).toBe(step < 8 ? "TRANSPORT_GONE" : null);
      expect(meter.memory.slice(0, heard.readings.length)).toEqual(heard.readings.map(inMemoryWords));
    }
    const transport = hidTo({ receive: () => undefined });
    transport.unplug();
    const gone = await hearHid(isensHid, { receive: () => undefined }, new VirtualClock(START_MS), { transport });
    expect([gone.code, gone.written]).toEqual(["TRANSPORT_GONE", []]);
  });

  test("by a person is left at once, and by a probe within its time", async () => {
    const options = parts({ count: 500 });
    const stopped = await hearHid(isensHid, simulate(options), options.clock, {
      stop: ({ type }) => type === "readings",
    });
    expect([stopped.code, stopped.tookMs < 3_000]).toEqual(["TRANSPORT_CANCELED", true]);
    const silent = await hearHid(isensHid, { receive: () => undefined }, new VirtualClock(START_MS), {
      patience: "probe",
    });
    expect([silent.code, silent.events]).toEqual(["METER_TIMEOUT", []]);
    expect(silent.tookMs).toBeLessThanOrEqual(isensHid.probe.withinMs);
  });

  test("in endless chatter, or in nothing but reports of no such chip, is given up", async () => {
    const says = (report: Uint8Array): HidAnswerer => ({
      receive(_, send) {
        for (let number = 0; number < 5_000; number += 1) send(report);
      },
    });
    let ran = 0;
    for (const report of [new Uint8Array(64).fill(0x3f), concat([Uint8Array.of(0xf0), new Uint8Array(8)])]) {
      const heard = await hearHid(isensHid, says(report), new VirtualClock(START_MS));
      expect([heard.code, heard.events]).toEqual(["FRAME_MALFORMED", []]);
      ran += 1;
    }
    expect(ran).toBe(2);
  });
});
