import { describe, expect, test } from "vitest";
import { hex, unhex } from "../../src/kit/bytes.js";
import type { BleSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { below, seededRandom } from "../../src/kit/simulated.js";
import type { GattNotice } from "../../src/kit/transport.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { bleTo, type HeardBle, hearBle } from "../../test/helpers/simulated-ble.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { bluetoothCgm as driver } from "./index.js";
import { type Change, cgmLike, measured, pointSays } from "./scripted-cgm.js";
import { little, withCheck } from "./simulated-bytes.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** A sensor with the check over each value, and one without. */
const SECURED = 2;
const PLAIN = 3;

interface Bench {
  readonly clock: VirtualClock;
  readonly meter: BleSimulator;
}

function bench(count: number, seed: number, more: Partial<SimulatorOptions> = {}): Bench {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count, seed, clock, zone: "Europe/London", ...more }) };
}

function told({ readings }: HeardBle): unknown[] {
  return readings.map(inMemoryWords);
}

function unreadables({ events }: HeardBle): string[] {
  return events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable.code] : []));
}

function cursorOf({ events }: HeardBle): string | null {
  const last = events.at(-1);
  return last?.type === "cursor" ? last.cursor : null;
}

/** Every write is to the record access point, and counts or reports; abort is the only other word. */
function demandReadsOnly(heard: HeardBle): void {
  const writes = heard.operations.filter(({ op }) => op === "write");
  expect(writes.filter(({ name }) => name.service !== "181f" || name.characteristic !== "2a52")).toEqual([]);
  expect(
    writes.map(({ bytes }) => hex(bytes)).filter((word) => !/^(0[14] 01|0[14] 03 01 .. ..|03 00)$/.test(word)),
  ).toEqual([]);
  expect(writes.length).toBeGreaterThan(0);
}

describe("a session with the simulated sensor", () => {
  test.each([
    [0, SECURED],
    [0, PLAIN],
    [1, SECURED],
    [1, PLAIN],
    [50, 4],
    [50, 5],
    [5_000, 6],
    [5_000, 7],
    [5_184, 8],
  ])("tells all of its %i values as they stand in memory (seed %i)", async (count, seed) => {
    const { clock, meter } = bench(count, seed);
    const heard = await hearBle(driver, meter, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    const [identity, time, expected] = heard.events;
    expect(identity).toEqual({
      type: "identity",
      identity: {
        manufacturer: "Example",
        model: "Sensor 5",
        serial: meter.serial,
        firmware: "1.2.3",
        displayUnit: null,
      },
      source: "cgm",
      sourceName: null,
    });
    // The session's start and whole minutes: up to a minute behind.
    expect(time?.type === "clock" && time.deviceTime?.slice(0, 16)).toMatch(/^2024-05-06T08:0[78]$/);
    expect(expected).toEqual({ type: "expect", count });
    expect(cursorOf(heard) === null).toBe(count === 0);
    expect(heard.readings.every(({ specimen }) => specimen === "interstitial")).toBe(true);
    demandReadsOnly(heard);
  });

  test("tells 5,000 values in less than half a minute of the air's time", async () => {
    const { clock, meter } = bench(5_000, 9);
    const heard = await hearBle(driver, meter, clock);
    expect(heard.readings).toHaveLength(5_000);
    expect(heard.tookMs).toBeLessThan(30_000);
  });

  test("tells HI, LO and notes as the memory holds them", async () => {
    const { clock, meter } = bench(5_000, 6);
    const heard = await hearBle(driver, meter, clock);
    expect(told(heard)).toEqual(meter.memory);
    expect(new Set(heard.readings.map(({ outOfRange }) => outOfRange))).toEqual(new Set([null, "low", "high"]));
    expect(heard.readings.filter(({ note }) => note?.includes("Calibration recommended")).length).toBeGreaterThan(10);
    expect(heard.readings.filter(({ note }) => note?.startsWith("Trend ")).length).toBeGreaterThan(100);
  });

  test("tells a value once that comes by itself while the memory is sent, and once more in it", async () => {
    for (const seed of [SECURED, PLAIN]) {
      const { clock, meter } = bench(60, seed, { newReadingEveryMs: 700 });
      let sent = 0;
      let last: GattNotice | null = null;
      const chatty = cgmLike(meter, {
        change: (notice) => {
          sent += 1;
          const repeated =
            last !== null && sent % 5 === 0 && notice.from.characteristic === "2aa7" ? [last, notice] : [notice];
          if (notice.from.characteristic === "2aa7") last = notice;
          return repeated;
        },
      });
      const heard = await hearBle(driver, chatty, clock);
      expect(heard.reason).toBeNull();
      expect(new Set(heard.readings.map(({ deviceTime }) => deviceTime)).size).toBe(heard.readings.length);
      expect(heard.readings.length).toBeGreaterThanOrEqual(60);
    }
  });

  test("keeps the sensor's times where its clock is wrong, and tells its clock", async () => {
    const { clock, meter } = bench(5, 11, { clockErrorMs: 47 * 60_000 });
    const heard = await hearBle(driver, meter, clock);
    expect(told(heard)).toEqual(meter.memory);
    const [, time] = heard.events;
    expect(time?.type === "clock" && time.deviceTime?.slice(0, 15)).toBe("2024-05-06T08:5");
  });

  test("says that the hub is unpaired if the sensor demands a bond", async () => {
    const { clock, meter } = bench(3, SECURED);
    const heard = await hearBle(driver, meter, clock, { bonded: false });
    expect([heard.code, heard.readings.length, heard.written.length]).toEqual(["METER_UNPAIRED", 0, 0]);
  });

  test("passes over a device that lacks what the records hang on, and writes nothing to it", async () => {
    for (const missing of ["2aa7", "2aaa", "2a52"]) {
      const { clock, meter } = bench(3, SECURED);
      const heard = await hearBle(driver, cgmLike(meter, { without: [missing] }), clock);
      expect([heard.code, heard.operations.length], missing).toEqual(["METER_UNSUPPORTED", 0]);
    }
  });

  test("reads a sensor that tells nothing about itself but when its session began", async () => {
    for (const seed of [SECURED, PLAIN]) {
      const { clock, meter } = bench(20, seed);
      const mute = cgmLike(meter, { read: (one) => (one === "2aaa" ? undefined : { att: 0x02 }) });
      const bare = cgmLike(meter, { without: ["2a29", "2a24", "2a25", "2a26", "2aa8", "2aa9", "2aac"] });
      for (const one of [mute, bare]) {
        const heard = await hearBle(driver, one, clock);
        expect(heard.reason).toBeNull();
        expect(told(heard)).toEqual(meter.memory);
        expect(heard.events.slice(0, 2)).toMatchObject([
          { identity: { manufacturer: null, model: null, serial: null } },
          { type: "clock", deviceTime: null },
        ]);
        expect(heard.readings.every(({ specimen }) => specimen === null)).toBe(true);
        // Nobody's cursor: it would be another sensor's the next time.
        expect(cursorOf(heard)).toBeNull();
      }
    }
  });

  test("tells nothing if the session's start is not known, or damaged: no record has a time", async () => {
    const zeros = Uint8Array.from([...new Uint8Array(7), 0x80, 0xff]);
    for (const [seed, value, code] of [
      [PLAIN, zeros, "FRAME_MALFORMED"],
      [SECURED, zeros, "FRAME_TRUNCATED"],
      [SECURED, Uint8Array.from([...zeros, 0, 0]), "FRAME_CHECKSUM"],
      [PLAIN, new Uint8Array(), "FRAME_TRUNCATED"],
    ] as const) {
      const { clock, meter } = bench(3, seed);
      const heard = await hearBle(
        driver,
        cgmLike(meter, { read: (one) => (one === "2aaa" ? value : undefined) }),
        clock,
      );
      expect(heard.code).toBe(code);
      expect(heard.events.map(({ type }) => type)).toEqual(["identity", "unreadable", "clock"]);
      expect(heard.written).toEqual([]);
    }
  });

  test("shows no clock where the status is damaged or the session has stopped, and reads on", async () => {
    const stopped = Uint8Array.from(withCheck([100, 0, 1, 0, 0]));
    for (const [value, faults] of [
      [stopped, []],
      [stopped.map((byte) => byte ^ 1), ["FRAME_CHECKSUM"]],
      [unhex("01"), ["FRAME_TRUNCATED"]],
    ] as const) {
      const { clock, meter } = bench(3, SECURED);
      const heard = await hearBle(
        driver,
        cgmLike(meter, { read: (one) => (one === "2aa9" ? value : undefined) }),
        clock,
      );
      expect(heard.reason).toBeNull();
      expect(heard.events.filter(({ type }) => type === "clock")).toEqual([{ type: "clock", deviceTime: null }]);
      expect(unreadables(heard)).toEqual(faults);
      expect(told(heard)).toEqual(meter.memory);
    }
  });

  test("takes the length of the values for what damaged features do not tell", async () => {
    for (const seed of [SECURED, PLAIN]) {
      const { clock, meter } = bench(20, seed);
      const odd = cgmLike(meter, { read: (one) => (one === "2aa8" ? unhex("00 10 00 59 12 34") : undefined) });
      const heard = await hearBle(driver, odd, clock);
      expect(heard.reason).toBeNull();
      expect(unreadables(heard)).toEqual(["FRAME_CHECKSUM"]);
      expect(told(heard)).toEqual(meter.memory);
    }
  });
});

/** A sensor without the check whose memory is scripted: minutes and mg/dL, or bytes as they stand. */
function holding(meter: BleSimulator, records: () => readonly (readonly number[])[]): BleSimulator {
  return cgmLike(meter, {
    asked: ([op = 0, operator, , low = 0, high = 0]) => {
      const from = operator === 3 ? low + 256 * high : 0;
      const found = records().filter((one) => (one[4] ?? 0) + 256 * (one[5] ?? 0) >= from);
      if (op === 4) return [pointSays(5, 0, ...little(found.length, 2))];
      if (found.length === 0) return [pointSays(6, 0, 1, 6)];
      return [...found.map((one) => measured(...one)), pointSays(6, 0, 1, 1)];
    },
  });
}

const plain = (minutes: number, mgDl: number): number[] => [6, 0, ...little(mgDl, 2), ...little(minutes, 2)];

describe("records that tell no value or are not understood", () => {
  test("are passed over or told as unreadable, once each, and those around them are told", async () => {
    const { clock, meter } = bench(0, PLAIN);
    const memory = [
      plain(5, 100),
      // Not a number: warming up. A size that does not fit. A reserved word. Flags that nobody has described.
      plain(10, 0x07ff),
      [7, 0, 100, 0, 15, 0, 0],
      plain(20, 0x0801),
      [6, 0x08, 100, 0, 25, 0],
      plain(30, 110),
    ];
    const heard = await hearBle(
      driver,
      holding(meter, () => memory),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(({ value }) => value)).toEqual([100, 110]);
    expect(unreadables(heard)).toEqual(["FRAME_MALFORMED", "FRAME_MALFORMED", "FRAME_MALFORMED"]);
    expect(cursorOf(heard)).toMatch(/ 30 \d+ 6$/);
  });

  test("two values of one minute are both told if they differ, and one of them if they do not", async () => {
    const { clock, meter } = bench(0, PLAIN);
    let memory = [plain(5, 100), plain(5, 101)];
    const both = await hearBle(
      driver,
      holding(meter, () => memory),
      clock,
    );
    expect(both.readings.map(({ value }) => value)).toEqual([100, 101]);
    memory = [plain(5, 100), [8, 1, ...plain(5, 100).slice(2), 1, 0]];
    const one = await hearBle(
      driver,
      holding(meter, () => memory),
      clock,
    );
    expect(one.readings.map(({ value }) => value)).toEqual([100]);
  });
});

describe("a session that goes on from the last one", () => {
  test("reads from the value on that was the newest, and tells where it got to", async () => {
    for (const seed of [30, 31]) {
      const { clock, meter } = bench(50, seed, { newReadingEveryMs: 60_000 });
      const first = await hearBle(driver, meter, clock);
      clock.advance(200_000);
      const fresh = meter.memory.length - first.readings.length;
      expect(fresh).toBeGreaterThan(1);
      const second = await hearBle(driver, meter, clock, { resume: async () => cursorOf(first) });
      expect(second.reason).toBeNull();
      expect(told(second)).toEqual(meter.memory.slice(first.readings.length - 1));
      const ranges = second.written.map(hex).filter((word) => word.startsWith("01"));
      expect(ranges).toHaveLength(1);
      expect(ranges[0]).toMatch(/^01 03 01 /);
      const third = await hearBle(driver, meter, clock, { resume: async () => cursorOf(second) });
      expect(third.readings).toHaveLength(1);
      expect(cursorOf(third)).toBe(cursorOf(second));
    }
  });

  test("goes on past records that are not understood, and counts them", async () => {
    const { clock, meter } = bench(0, PLAIN);
    let memory = [plain(5, 100), [6, 0x08, 100, 0, 10, 0], plain(15, 102)];
    const like = holding(meter, () => memory);
    const first = await hearBle(driver, like, clock);
    expect([first.readings.length, unreadables(first).length, cursorOf(first)?.split(" ").at(-1)]).toEqual([2, 1, "3"]);
    memory = [...memory, [6, 0x08, 100, 0, 20, 0], plain(25, 103)];
    const second = await hearBle(driver, like, clock, { resume: async () => cursorOf(first) });
    expect(second.readings.map(({ value }) => value)).toEqual([102, 103]);
    expect(second.written.map(hex)).not.toContain("01 01");
    expect(cursorOf(second)?.split(" ").at(-1)).toBe("5");
    const third = await hearBle(driver, like, clock, { resume: async () => cursorOf(second) });
    expect(third.readings.map(({ value }) => value)).toEqual([103]);
  });

  test("reads everything where its value is another, was removed, or one was put in before it", async () => {
    const memory = [plain(5, 100), plain(10, 101), plain(15, 102)];
    for (const changed of [
      [plain(5, 100), plain(10, 101), plain(15, 103)],
      [plain(5, 100), plain(10, 101)],
      [plain(5, 100), plain(7, 99), plain(10, 101), plain(15, 102)],
      [plain(5, 90), plain(10, 91)],
    ]) {
      const { clock, meter } = bench(0, PLAIN);
      const first = await hearBle(
        driver,
        holding(meter, () => memory),
        clock,
      );
      const second = await hearBle(
        driver,
        holding(meter, () => changed),
        clock,
        { resume: async () => cursorOf(first) },
      );
      expect(second.reason).toBeNull();
      const values = second.readings.map(({ asSent }) => Number(asSent)).sort((a, b) => a - b);
      expect(values).toEqual(changed.map(([, , low = 0]) => low).sort((a, b) => a - b));
    }
  });

  test("reads everything of a new session, whose minutes begin anew", async () => {
    const { clock, meter } = bench(20, SECURED);
    const first = await hearBle(driver, meter, clock);
    const other = bench(20, SECURED);
    other.clock.advance(0);
    const later = cgmLike(other.meter, {
      read: (one) =>
        one === "2aaa" ? Uint8Array.from(withCheck([...little(2024, 2), 5, 6, 0, 0, 0, 0, 0])) : undefined,
    });
    const second = await hearBle(driver, later, other.clock, { resume: async () => cursorOf(first) });
    expect(second.readings).toHaveLength(20);
    expect(second.written.map(hex)).toContain("01 01");
    expect(cursorOf(second)).toMatch(/^2024-05-06T00:00:00 /);
  });

  test("reads everything of a sensor that does not understand the range", async () => {
    const { clock, meter } = bench(20, PLAIN);
    const first = await hearBle(driver, meter, clock);
    for (const code of [2, 4, 9]) {
      const simple = cgmLike(meter, {
        asked: ([op = 0, operator]) => (operator === 3 ? [pointSays(6, 0, op, code)] : undefined),
      });
      const second = await hearBle(driver, simple, clock, { resume: async () => cursorOf(first) });
      expect(second.reason).toBeNull();
      expect(told(second)).toEqual(meter.memory);
      expect(cursorOf(second)).toBe(cursorOf(first));
    }
  });

  test("reads everything, and tells no cursor, of a sensor that can't count", async () => {
    const { clock, meter } = bench(20, PLAIN);
    const simple = cgmLike(meter, { asked: ([op]) => (op === 4 ? [pointSays(6, 0, 4, 2)] : undefined) });
    const heard = await hearBle(driver, simple, clock, { resume: async () => "never asked for" });
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.events.filter(({ type }) => type === "expect" || type === "cursor")).toEqual([]);
  });

  test.each(["", "latest", "2024-05-01T08:00:00 5 5 5"])("reads everything with the cursor '%s'", async (cursor) => {
    const { clock, meter } = bench(20, PLAIN);
    const heard = await hearBle(driver, meter, clock, { resume: async () => cursor });
    expect(told(heard)).toEqual(meter.memory);
  });
});

describe("a session over a bad link", () => {
  const flip: Change = ({ from, bytes }) => [{ from, bytes: bytes.map((byte, at) => (at === 2 ? byte ^ 4 : byte)) }];
  const isMeasurement = ({ from }: GattNotice): boolean => from.characteristic === "2aa7";

  test("sends for records again of which one arrived damaged, and tells it once it is whole", async () => {
    let ran = 0;
    for (let faulty = 0; faulty < 6; faulty += 1) {
      const { clock, meter } = bench(8, SECURED);
      let number = -1;
      const bad = cgmLike(meter, {
        change: (notice, at) => {
          if (!isMeasurement(notice)) return [notice];
          number += 1;
          return number === faulty ? flip(notice, at) : [notice];
        },
      });
      const heard = await hearBle(driver, bad, clock);
      expect(heard.reason, `notice ${faulty}`).toBeNull();
      expect(unreadables(heard)).toEqual([]);
      const sorted = [...told(heard)].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
      expect(sorted).toEqual([...meter.memory].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))));
      ran += 1;
    }
    expect(ran).toBe(6);
  });

  test("sends for records again of a sensor that can't count, if one arrived damaged", async () => {
    const { clock, meter } = bench(8, SECURED);
    let number = -1;
    const bad = cgmLike(meter, {
      asked: ([op]) => (op === 4 ? [pointSays(6, 0, 4, 2)] : undefined),
      change: (notice, at) => {
        number += isMeasurement(notice) ? 1 : 0;
        return isMeasurement(notice) && number === 1 ? flip(notice, at) : [notice];
      },
    });
    const heard = await hearBle(driver, bad, clock);
    expect([heard.reason, heard.readings.length, unreadables(heard)]).toEqual([null, 8, []]);
  });

  test("is not deceived by a new value that comes while another one is lost", async () => {
    const { clock, meter } = bench(0, PLAIN);
    // The sensor says that three minutes have gone by: what bears the fourth was not there when it counted.
    let reports = 0;
    const bad = cgmLike(meter, {
      asked: ([op]) => {
        if (op === 4) return [pointSays(5, 0, reports === 0 ? 2 : 3, 0)];
        reports += 1;
        const second = reports === 1 ? [] : [measured(...plain(2, 102))];
        return [measured(...plain(1, 101)), ...second, measured(...plain(4, 104)), pointSays(6, 0, 1, 1)];
      },
    });
    const heard = await hearBle(driver, bad, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(({ value }) => value)).toEqual([101, 104, 102]);
    expect(cursorOf(heard)).toMatch(/ 4 \d+ 3$/);
  });

  test("tells a record that stays damaged as unreadable, all others as readings, no cursor, and ends with that problem", async () => {
    const { clock, meter } = bench(1, SECURED);
    const bad = cgmLike(meter, { change: (notice, at) => (isMeasurement(notice) ? flip(notice, at) : [notice]) });
    const heard = await hearBle(driver, bad, clock);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(unreadables(heard)).toEqual(["FRAME_CHECKSUM"]);
    expect([heard.readings.length, cursorOf(heard)]).toEqual([0, null]);
    expect(heard.written.map(hex).filter((word) => word === "01 01")).toHaveLength(3);
  });

  test("loses nothing when one notification is dropped, doubled or late, whichever it is", async () => {
    const kinds: readonly [string, (notice: GattNotice, held: GattNotice[]) => readonly GattNotice[]][] = [
      ["dropped", () => []],
      ["doubled", (notice) => [notice, notice]],
      ["late", (notice, held) => held.splice(0, held.length, ...held, notice).slice(0, 0)],
    ];
    let ran = 0;
    for (const [kind, what] of kinds) {
      for (let faulty = 0; faulty < 4; faulty += 1) {
        const { clock, meter } = bench(8, SECURED);
        let number = -1;
        const held: GattNotice[] = [];
        const bad = cgmLike(meter, {
          change: (notice) => {
            if (!isMeasurement(notice)) {
              // What is late comes behind the end.
              const end = notice.bytes[0] === 6;
              return end ? [notice, ...held.splice(0)] : [notice];
            }
            number += 1;
            return number === faulty ? what(notice, held) : [notice];
          },
        });
        const heard = await hearBle(driver, bad, clock);
        expect(heard.reason, `${kind} ${faulty}`).toBeNull();
        expect(new Set(told(heard).map((one) => JSON.stringify(one)))).toEqual(
          new Set(meter.memory.map((one) => JSON.stringify(one))),
        );
        expect(heard.readings).toHaveLength(8);
        ran += 1;
      }
    }
    expect(ran).toBe(12);
  });

  test("ends with METER_STALLED if the sensor counts more than it ever sends, and tells no cursor", async () => {
    const { clock, meter } = bench(8, PLAIN);
    const bad = cgmLike(meter, { asked: ([op]) => (op === 4 ? [pointSays(5, 0, 9, 0)] : undefined) });
    const heard = await hearBle(driver, bad, clock);
    expect(heard.code).toBe("METER_STALLED");
    expect(told(heard)).toEqual(meter.memory);
    expect(cursorOf(heard)).toBeNull();
  });

  test("ends within a bound, with what it had, wherever the sensor falls silent", async () => {
    const whole = bench(8, SECURED);
    let notices = 0;
    await hearBle(
      driver,
      cgmLike(whole.meter, {
        change: (one) => {
          notices += 1;
          return [one];
        },
      }),
      whole.clock,
    );
    expect(notices).toBeGreaterThan(5);
    for (let after = 0; after < notices; after += 1) {
      const { clock, meter } = bench(8, SECURED);
      const silent = cgmLike(meter, { change: (notice, number) => (number < after ? [notice] : []) });
      const heard = await hearBle(driver, silent, clock);
      expect(heard.code, `after ${after}`).toBe("METER_STALLED");
      expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
      expect(cursorOf(heard)).toBeNull();
      expect(heard.tookMs).toBeLessThan(3 * 60_000);
    }
  });

  test("ends with TRANSPORT_GONE wherever the link is lost before the sensor has said that this was all", async () => {
    const whole = bench(8, SECURED);
    let notices = 0;
    await hearBle(
      driver,
      cgmLike(whole.meter, {
        change: (one) => {
          notices += 1;
          return [one];
        },
      }),
      whole.clock,
    );
    let ended = 0;
    for (let after = 0; after < notices; after += 1) {
      const { clock, meter } = bench(8, SECURED);
      const transport = bleTo(
        cgmLike(meter, {
          change: (notice, number) => {
            if (number > after) return [];
            if (number === after) queueMicrotask(() => transport.unplug());
            return [notice];
          },
        }),
        clock,
      );
      const heard = await hearBle(driver, meter, clock, { transport });
      if (heard.code === null) {
        expect(heard.readings).toHaveLength(8);
        ended += 1;
      } else expect(heard.code, `after ${after}`).toBe("TRANSPORT_GONE");
      expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
      if (heard.code !== null) expect(cursorOf(heard)).toBeNull();
    }
    expect(ended).toBeGreaterThan(0);
  });

  test("ends with what it had when the sensor breaks the transfer off or declines it", async () => {
    for (const [code, problem] of [
      [8, "RACP_ABORTED"],
      [2, "RACP_REFUSED"],
      [99, "RACP_REFUSED"],
    ] as const) {
      const { clock, meter } = bench(0, PLAIN);
      const bad = cgmLike(meter, {
        asked: ([op]) => (op === 1 ? [measured(...plain(5, 100)), pointSays(6, 0, 1, code)] : [pointSays(5, 0, 2, 0)]),
      });
      const heard = await hearBle(driver, bad, clock);
      expect(heard.code).toBe(problem);
      expect(heard.readings.map(({ value }) => value)).toEqual([100]);
      expect(cursorOf(heard)).toBeNull();
    }
  });

  test("ends when a person ends it, at each event", async () => {
    const whole = bench(4, SECURED);
    const { events } = await hearBle(driver, whole.meter, whole.clock);
    let ran = 0;
    for (let at = 0; at < events.length - 2; at += 1) {
      const { clock, meter } = bench(4, SECURED);
      let number = -1;
      const heard = await hearBle(driver, meter, clock, {
        stop: () => {
          number += 1;
          return number === at;
        },
      });
      expect(heard.code, `event ${at}`).toBe("TRANSPORT_CANCELED");
      ran += 1;
    }
    expect(ran).toBe(events.length - 2);
  });

  test("whatever is notified by a sensor with checks, it ends and tells nothing that the memory does not hold", async () => {
    let readings = 0;
    for (let seed = 0; seed < 60; seed += 1) {
      const random = seededRandom(seed);
      const { clock, meter } = bench(12, SECURED);
      const bad = cgmLike(meter, {
        change: (notice) => {
          const { from, bytes } = notice;
          const lot = below(random, 14);
          if (lot === 0) return [];
          if (lot === 1) return [notice, notice];
          if (lot === 2) return [{ from, bytes: bytes.map((byte) => (below(random, 8) === 0 ? byte ^ 1 : byte)) }];
          if (lot === 3) return [{ from, bytes: bytes.slice(0, below(random, bytes.length + 1)) }];
          if (lot === 4)
            return [{ from, bytes: Uint8Array.from({ length: below(random, 21) }, () => below(random, 256)) }, notice];
          return [notice];
        },
      });
      const heard = await hearBle(driver, bad, clock);
      const memory = meter.memory.map((one) => JSON.stringify(one));
      const all = told(heard).map((one) => JSON.stringify(one));
      expect(
        all.filter((one) => !memory.includes(one)),
        `seed ${seed}`,
      ).toEqual([]);
      expect(new Set(all).size).toBe(all.length);
      expect(heard.tookMs).toBeLessThan(10 * 60_000);
      if (cursorOf(heard) !== null && unreadables(heard).length === 0) expect(all).toHaveLength(12);
      readings += all.length;
    }
    expect(readings).toBeGreaterThan(100);
  });
});

describe("mistakes of peers that are not repeated", () => {
  test("a forgotten subscription: measurements and control point are both switched on before anything is asked", async () => {
    const { clock, meter } = bench(1, PLAIN);
    const heard = await hearBle(driver, meter, clock);
    const subscribed = heard.operations.flatMap(({ op, name }, at) =>
      op === "subscribe" ? [`${at} ${name.characteristic}`] : [],
    );
    const first = heard.operations.findIndex(({ op }) => op === "write");
    expect(subscribed.map((one) => one.slice(-4))).toEqual(["2aa7", "2a52"]);
    expect(subscribed.every((one) => Number(one.split(" ")[0]) < first)).toBe(true);
  });

  test("the control point of another service: only that of 181f is written to", async () => {
    const { clock, meter } = bench(3, PLAIN);
    const second = { service: "1808", characteristic: "2a52", uses: ["write", "indicate"], bonded: true } as const;
    const double: BleSimulator = { ...cgmLike(meter, {}), characteristics: [second, ...meter.characteristics] };
    const heard = await hearBle(driver, double, clock);
    expect(told(heard)).toEqual(meter.memory);
    demandReadsOnly(heard);
  });

  test("one record of each notification read: all of them are", async () => {
    const { clock, meter } = bench(0, PLAIN);
    const many = cgmLike(meter, {
      asked: ([op]) =>
        op === 4
          ? [pointSays(5, 0, 3, 0)]
          : [measured(...plain(5, 100), ...plain(10, 101), ...plain(15, 102)), pointSays(6, 0, 1, 1)],
    });
    const heard = await hearBle(driver, many, clock);
    expect(heard.readings.map(({ value }) => value)).toEqual([100, 101, 102]);
  });

  test("no records taken for a fault: an empty memory is one", async () => {
    const { clock, meter } = bench(0, SECURED);
    const heard = await hearBle(driver, meter, clock);
    expect([heard.reason, heard.readings.length]).toEqual([null, 0]);
  });

  test("a wrong check passed over in silence, or tried for ever: it is told, and the session ends", async () => {
    const { clock, meter } = bench(0, SECURED);
    const bad = cgmLike(meter, {
      asked: ([op]) =>
        op === 4 ? [pointSays(5, 0, 1, 0)] : [measured(8, 0, 100, 0, 5, 0, 1, 2), pointSays(6, 0, 1, 1)],
    });
    const heard = await hearBle(driver, bad, clock);
    expect([heard.code, unreadables(heard)]).toEqual(["FRAME_CHECKSUM", ["FRAME_CHECKSUM"]]);
  });
});
