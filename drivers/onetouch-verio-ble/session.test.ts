import { describe, expect, test } from "vitest";
import { hex } from "../../src/kit/bytes.js";
import type { BleSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { below, seededRandom } from "../../src/kit/simulated.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { bleTo, type HeardBle, hearBle } from "../../test/helpers/simulated-ble.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { little } from "../shared/lifescan/simulated.js";
import { onetouchVerioBle as driver } from "./index.js";
import { ACK, type Change, said, scripted, through } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Notices of a meter with three readings: an acknowledgement and an answer to four questions and three records. */
const NOTICES = 2 * (4 + 3);

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

function unreadables({ events }: HeardBle): { code: string; bytes: number }[] {
  return events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, bytes: event.unreadable.raw.length }] : [],
  );
}

function cursorOf({ events }: HeardBle): string | null {
  const last = events.at(-1);
  return last?.type === "cursor" ? last.cursor : null;
}

/** Requests, without acknowledgements, packet and frame. */
function asked({ written }: Pick<HeardBle, "written">): string[] {
  return written.filter(({ length }) => length > 1).map((packet) => hex(packet.slice(4, -3)));
}

/** Every write is an acknowledgement, of one packet or of two, or one of the words that read. */
function demandReadsOnly(heard: HeardBle): void {
  const words = /^03 (27 00|20 02|0a 02 06|b3 .. ..)$/;
  expect(asked(heard).filter((word) => !words.test(word))).toEqual([]);
  const others = heard.written.filter(({ length }) => length === 1).map(hex);
  expect(others.filter((one) => !/^8[12]$/.test(one))).toEqual([]);
}

const never: Change = () => [];
const damaged: Change = (bytes) => [bytes.map((byte, at) => (at === bytes.length - 4 ? byte ^ 0x20 : byte))];

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [500, 4],
  ])("tells all of its %i readings as they stand in memory (seed %i)", async (count, seed) => {
    const { clock, meter } = bench(count, seed);
    const heard = await hearBle(driver, meter, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    const [identity, time, expected] = heard.events;
    expect(identity).toEqual({
      type: "identity",
      identity: {
        manufacturer: "LifeScan",
        model: "OneTouch Verio Flex",
        serial: meter.serial,
        firmware: "VF_01.02.00",
        displayUnit: null,
      },
      source: "meter",
      sourceName: null,
    });
    expect(time?.type === "clock" && time.deviceTime?.slice(0, 16)).toBe("2024-05-06T08:08");
    expect(expected).toEqual({ type: "expect", count });
    expect(asked(heard)).toHaveLength(4 + count);
    // Each request and each acknowledgement is one write of 30 ms, and the meter takes 20 ms to answer.
    expect(heard.tookMs).toBeLessThanOrEqual((count + 6) * 80 + 500);
    demandReadsOnly(heard);
  });

  test("gives each reading the meter's record number, which a new test does not move, and the key that USB shares", async () => {
    const { clock, meter } = bench(20, 5, { newReadingEveryMs: 60_000 });
    const before = await hearBle(driver, meter, clock);
    expect(before.readings.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, at) => 720 - at));
    clock.advance(200_000);
    const after = await hearBle(driver, meter, clock);
    expect(after.readings.length).toBeGreaterThan(20);
    const known = new Map(after.readings.map((reading) => [reading.index, reading]));
    for (const { raw: _raw, ...reading } of before.readings) expect(known.get(reading.index)).toMatchObject(reading);
    const [first] = before.readings;
    const seconds = (Date.parse(`${first?.deviceTime}Z`) - Date.parse("2000-01-01T00:00:00Z")) / 1_000;
    expect(first?.testKey).toBe(`${seconds} ${first?.asSent}`);
  });

  test("tells LO and HI and control solution as the memory holds them", async () => {
    const { clock, meter } = bench(400, 11);
    const heard = await hearBle(driver, meter, clock);
    expect(told(heard)).toEqual(meter.memory);
    expect(new Set(heard.readings.map(({ outOfRange }) => outOfRange))).toEqual(new Set([null, "low", "high"]));
    const controls = heard.readings.filter(({ control }) => control);
    expect(controls).toHaveLength(meter.memory.filter(({ control }) => control).length);
    expect(controls.length).toBeGreaterThan(0);
    expect(controls.every(({ specimen }) => specimen === "control")).toBe(true);
  });

  test("acknowledges every answer before it asks on, and asks one thing at a time", async () => {
    const { clock, meter } = bench(3, 6);
    const heard = await hearBle(driver, meter, clock);
    const kinds = heard.written.map(({ length }) => (length === 1 ? "81" : "request"));
    expect(kinds).toEqual(Array.from({ length: 7 }, () => ["request", "81"]).flat());
  });

  test("says that the hub is unpaired if the meter demands a bond, and asks it nothing", async () => {
    const { clock, meter } = bench(3, 7);
    const heard = await hearBle(driver, meter, clock, { bonded: false });
    expect(heard.code).toBe("METER_UNPAIRED");
    expect(heard.written).toEqual([]);
    expect(heard.readings).toEqual([]);
  });

  test("says so too if the meter answers that it does not allow the request, at whichever question", async () => {
    let ran = 0;
    for (const word of ["27", "20", "a", "b3"]) {
      const { clock, meter } = bench(3, 8);
      const closed = scripted(meter, ([command = 0]) => (command.toString(16) === word ? [ACK, said(7)] : null));
      const heard = await hearBle(driver, closed, clock);
      expect(heard.code, word).toBe("METER_UNPAIRED");
      expect(heard.readings).toEqual([]);
      ran += 1;
    }
    expect(ran).toBe(4);
  });

  test("passes over a meter of another maker and one without the service, and writes nothing to them", async () => {
    const { clock, meter } = bench(3, 9);
    const other: BleSimulator = { ...through(meter, (bytes) => [bytes]), readValue: () => Uint8Array.of(0x41, 0x42) };
    const bare = { ...through(meter, (bytes) => [bytes]), characteristics: meter.characteristics.slice(0, 5) };
    for (const one of [other, bare]) {
      const heard = await hearBle(driver, one, clock);
      expect(heard.code).toBe("METER_UNSUPPORTED");
      expect(heard.operations.filter(({ op }) => op !== "read")).toEqual([]);
    }
  });

  test("tells what the meter does not say about itself as null, and reads it all the same", async () => {
    const { clock, meter } = bench(3, 10);
    const mute: BleSimulator = { ...through(meter, (bytes) => [bytes]), readValue: () => ({ att: 0x02 }) };
    const bare = { ...mute, characteristics: meter.characteristics.slice(4) };
    for (const one of [mute, bare]) {
      const heard = await hearBle(driver, one, clock);
      expect(heard.reason).toBeNull();
      expect(heard.events[0]).toMatchObject({
        identity: { manufacturer: "LifeScan", model: null, serial: null, firmware: null },
      });
      expect(told(heard)).toEqual(meter.memory);
    }
  });

  test("keeps what is sound but not understood as unreadable, and goes on", async () => {
    const { clock, meter } = bench(5, 12);
    const strange = new Map([
      [704, said(6, 0xff, 0xff, 0xff, 0xff, 100, 0, 0, 0, 0, 0, 0)],
      [702, said(6, 0x89, 0x4c, 0xcb, 0x2d, 0xff, 0xff, 0, 0, 0, 0, 0)],
    ]);
    const odd = scripted(meter, ([command, low = 0, high = 0]) => {
      const answer = command === 0xb3 ? strange.get(low + 256 * high) : undefined;
      return answer === undefined ? null : [ACK, answer];
    });
    const heard = await hearBle(driver, odd, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 1 && at !== 3));
    expect(unreadables(heard)).toEqual(Array.from({ length: 2 }, () => ({ code: "FRAME_MALFORMED", bytes: 19 })));
    expect(cursorOf(heard)).toMatch(/^705 \d+$/);
  });

  test("shows no clock where the meter's shows a time that no clock shows, and reads on", async () => {
    const { clock, meter } = bench(3, 13);
    const lost = scripted(meter, ([command]) => (command === 0x20 ? [ACK, said(6, 255, 255, 255, 255)] : null));
    const heard = await hearBle(driver, lost, clock);
    expect(heard.reason).toBeNull();
    expect(heard.events.filter(({ type }) => type === "clock")).toEqual([{ type: "clock", deviceTime: null }]);
    expect(unreadables(heard)).toHaveLength(1);
    expect(told(heard)).toEqual(meter.memory);
  });

  test("refuses counters that contradict each other", async () => {
    const { clock, meter } = bench(3, 14);
    const odd = scripted(meter, ([command]) => (command === 0x27 ? [ACK, said(6, ...little(900, 2))] : null));
    const heard = await hearBle(driver, odd, clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toEqual([]);
  });

  test("reads a memory whose numbers begin with 0, and one whose numbers begin with 1", async () => {
    for (const lowest of [0, 1]) {
      const { clock, meter } = bench(0, 15);
      const small = scripted(meter, (words) => {
        const [command, low = 0, high = 0] = words;
        if (command === 0x27) return [ACK, said(6, 3, 0)];
        if (command === 0x0a) return [ACK, said(6, ...little(lowest + 2, 4))];
        if (command !== 0xb3) return null;
        const number = low + 256 * high;
        return [ACK, said(6, ...little(800_000_000 + number, 4), 100, 0, 0, 0, 0, 0, 0)];
      });
      const heard = await hearBle(driver, small, clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(({ index }) => index)).toEqual([lowest + 2, lowest + 1, lowest]);
    }
  });
});

/** A memory of records by their number; what is not there is declined. Equal seconds make equal records. */
function holding(meter: BleSimulator, newest: number, count: number, records: ReadonlyMap<number, Uint8Array>) {
  return scripted(meter, ([command, low = 0, high = 0]) => {
    if (command === 0x27) return [ACK, said(6, ...little(count, 2))];
    if (command === 0x0a) return [ACK, said(6, ...little(newest, 4))];
    if (command !== 0xb3) return null;
    return [ACK, records.get(low + 256 * high) ?? said(8)];
  });
}

const oneRecord = (seconds: number, value = 100): Uint8Array =>
  said(6, ...little(seconds, 4), ...little(value, 2), 0, 0, 0, 0, 0);
const EMPTY = oneRecord(0, 0);

describe("empty slots", () => {
  test("are skipped and lower the end of the search by one each (sheet: they don't count among the records)", async () => {
    const { clock, meter } = bench(0, 20);
    const records = new Map([
      [9, oneRecord(900)],
      [8, EMPTY],
      [7, oneRecord(700)],
      [6, EMPTY],
      [5, said(6)],
      [4, oneRecord(400)],
    ]);
    const heard = await hearBle(driver, holding(meter, 9, 3, records), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(({ index }) => index)).toEqual([9, 7, 4]);
    expect(unreadables(heard)).toEqual([]);
    expect(cursorOf(heard)).toBe("9 900");
  });

  test("below what the meter says it has may be declined: that is the end, and no fault", async () => {
    const { clock, meter } = bench(0, 21);
    const records = new Map([
      [9, EMPTY],
      [8, oneRecord(800)],
    ]);
    const heard = await hearBle(driver, holding(meter, 9, 2, records), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(({ index }) => index)).toEqual([8]);
    expect(cursorOf(heard)).toBe("8 800");
  });

  test("end with number 0, and more of them than a memory has end the session", async () => {
    const few = bench(0, 22);
    const empties = new Map(Array.from({ length: 2_000 }, (_, number) => [number, oneRecord(number, 0)] as const));
    const heard = await hearBle(driver, holding(few.meter, 5, 1, empties), few.clock);
    expect(heard.reason).toBeNull();
    expect([heard.readings.length, cursorOf(heard)]).toEqual([0, null]);
    const many = bench(0, 22);
    const endless = await hearBle(driver, holding(many.meter, 1_900, 100, empties), many.clock);
    expect(endless.code).toBe("FRAME_MALFORMED");
    expect(endless.tookMs).toBeLessThan(10 * 60_000);
  });
});

describe("a session that goes on from the last one", () => {
  test("reads the newest records down to the one that was the newest, that one once more, and tells where it got to", async () => {
    const { clock, meter } = bench(50, 30, { newReadingEveryMs: 60_000 });
    const first = await hearBle(driver, meter, clock);
    expect(cursorOf(first)).toMatch(/^750 \d+$/);
    clock.advance(200_000);
    const fresh = meter.memory.length - 50;
    expect(fresh).toBeGreaterThan(1);
    const serials: (string | null)[] = [];
    const resume = async (serial: string | null): Promise<string | null> => {
      serials.push(serial);
      return cursorOf(first);
    };
    const second = await hearBle(driver, meter, clock, { resume });
    expect(serials).toEqual([meter.serial]);
    expect(told(second)).toEqual(meter.memory.slice(0, fresh + 1));
    expect(second.events).toContainEqual({ type: "expect", count: fresh + 1 });
    expect(cursorOf(second)?.split(" ")[0]).toBe(String(750 + fresh));
    expect(asked(second)).toHaveLength(4 + fresh + 1);
  });

  test("reads only that record if there is nothing new, and tells the same cursor", async () => {
    const { clock, meter } = bench(50, 31);
    const first = await hearBle(driver, meter, clock);
    const second = await hearBle(driver, meter, clock, { resume: async () => cursorOf(first) });
    expect(second.readings).toHaveLength(1);
    expect(cursorOf(second)).toBe(cursorOf(first));
  });

  test.each([
    ["of another time", "702 1"],
    ["of a number beyond the newest (another memory, or one that was erased)", "900 568657815"],
    ["of a number that is no longer there", "2 568657815"],
    ["that is no cursor", "latest"],
    ["that is none", null],
  ])("reads everything, each record once, with a cursor %s", async (_, cursor) => {
    const { clock, meter } = bench(5, 32);
    const heard = await hearBle(driver, meter, clock, { resume: async () => cursor });
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(cursorOf(heard)).toMatch(/^705 \d+$/);
  });

  test("reads everything if the record of the cursor stays damaged, and tells no new one", async () => {
    const { clock, meter } = bench(5, 33);
    const first = await hearBle(driver, meter, clock);
    const bad = scripted(meter, ([command, low]) =>
      command === 0xb3 && low === 705 % 256 ? [ACK, said(6, 1, 2, 3)] : null,
    );
    const heard = await hearBle(driver, bad, clock, { resume: async () => cursorOf(first) });
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(told(heard)).toEqual(meter.memory.slice(1));
    expect(cursorOf(heard)).toBeNull();
  });

  test("tells no cursor if a record was lost, or if the link broke", async () => {
    const { clock, meter } = bench(5, 34);
    const transport = bleTo(meter, clock);
    let readings = 0;
    const heard = await hearBle(driver, meter, clock, {
      transport,
      stop: ({ type }) => {
        readings += type === "readings" ? 1 : 0;
        if (readings === 3) transport.unplug();
        return false;
      },
    });
    expect(heard.code).toBe("TRANSPORT_GONE");
    expect(told(heard)).toEqual(meter.memory.slice(0, 3));
    expect(heard.events.filter(({ type }) => type === "cursor")).toEqual([]);
  });
});

describe("a session over a bad link", () => {
  test.each<[string, Change]>([
    ["damaged in its content", damaged],
    ["damaged in its checksum", (bytes) => [bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte))]],
    ["damaged in its end mark", (bytes) => [bytes.map((byte, at) => (at === bytes.length - 3 ? byte ^ 1 : byte))]],
    ["one byte longer than it says", (bytes) => [bytes.map((byte, at) => (at === 2 ? byte - 1 : byte))]],
    ["longer than it says by its second byte of length", (bytes) => [bytes.map((byte, at) => (at === 3 ? 1 : byte))]],
    ["of another header", (bytes) => [bytes.map((byte, at) => (at === 0 ? 0xc2 : byte))]],
    ["said to have a second packet that never comes", (bytes) => [bytes.map((byte, at) => (at === 0 ? 2 : byte))]],
    ["cut short", (bytes) => [bytes.slice(0, 9)]],
    ["empty", () => [new Uint8Array()]],
    ["never there", never],
    ["there twice", (bytes) => [bytes, bytes]],
    ["behind noise", (bytes) => [Uint8Array.of(0xee, 0xee), bytes]],
  ])("loses nothing and tells nothing else when one notice is %s, whichever it is", async (name, change) => {
    let ran = 0;
    for (let faulty = 0; faulty < NOTICES; faulty += 1) {
      const { clock, meter } = bench(3, 40);
      const bad = through(meter, (bytes, number) => (number === faulty ? change(bytes, number) : [bytes]));
      const heard = await hearBle(driver, bad, clock);
      expect(heard.reason, `${name}, notice ${faulty}`).toBeNull();
      expect(told(heard), `${name}, notice ${faulty}`).toEqual(meter.memory);
      expect(unreadables(heard)).toEqual([]);
      demandReadsOnly(heard);
      ran += 1;
    }
    expect(ran).toBe(NOTICES);
  });

  test("takes a late answer for no other question's, whichever comes only after the next request", async () => {
    let ran = 0;
    for (let faulty = 0; faulty < NOTICES; faulty += 1) {
      const { clock, meter } = bench(3, 41);
      let held: Uint8Array | null = null;
      const bad = through(meter, (bytes, number) => {
        if (number === faulty) {
          held = bytes;
          return [];
        }
        const late = held;
        held = null;
        return late === null ? [bytes] : [late, bytes];
      });
      const heard = await hearBle(driver, bad, clock);
      expect(heard.reason, `notice ${faulty}`).toBeNull();
      expect(told(heard), `notice ${faulty}`).toEqual(meter.memory);
      ran += 1;
    }
    expect(ran).toBe(NOTICES);
  });

  test("passes over an answer that is repeated before the next acknowledgement, and asks for nothing again", async () => {
    const { clock, meter } = bench(5, 42);
    const bad = through(meter, (bytes) => (bytes.length > 1 ? [bytes, bytes] : [bytes]));
    const heard = await hearBle(driver, bad, clock);
    expect(told(heard)).toEqual(meter.memory);
    expect(asked(heard)).toHaveLength(4 + 5);
  });

  test("takes the record before, sent once more behind the next acknowledgement, for no new one", async () => {
    const { clock, meter } = bench(5, 42);
    let before: Uint8Array | null = null;
    let records = 0;
    const bad = through(meter, (bytes) => {
      if (bytes.length !== 20) return [bytes];
      records += 1;
      const given = records === 3 && before !== null ? [before, bytes] : [bytes];
      before = bytes;
      return given;
    });
    const heard = await hearBle(driver, bad, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.readings.map(({ index }) => index)).toEqual([705, 704, 703, 702, 701]);
  });

  test("tells one slot that stays a copy of another as unreadable, with its number, and not as a reading", async () => {
    const { clock, meter } = bench(0, 43);
    const records = new Map([
      [3, oneRecord(300)],
      [2, oneRecord(300)],
      [1, oneRecord(100)],
    ]);
    const heard = await hearBle(driver, holding(meter, 3, 3, records), clock);
    expect(heard.readings.map(({ index }) => index)).toEqual([3, 1]);
    const [copy] = heard.events.filter(({ type }) => type === "unreadable");
    expect(copy).toMatchObject({ unreadable: { detail: "Record 2 says the same as another one." } });
  });

  test("loses one record that is damaged whenever it is asked for, tells all others, and ends with that problem", async () => {
    let ran = 0;
    for (const lost of [705, 703, 701]) {
      const { clock, meter } = bench(5, 44);
      const bad = scripted(meter, ([command, low]) =>
        command === 0xb3 && low === lost % 256 ? [ACK, damaged(oneRecord(1), 0)[0] ?? ACK] : null,
      );
      const heard = await hearBle(driver, bad, clock);
      expect(heard.code).toBe("FRAME_CHECKSUM");
      expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 705 - lost));
      expect(unreadables(heard)).toEqual([{ code: "FRAME_CHECKSUM", bytes: 19 }]);
      expect(asked(heard).filter((word) => word.startsWith(`03 b3 ${hex(Uint8Array.of(lost % 256))}`))).toHaveLength(3);
      expect(cursorOf(heard)).toBeNull();
      ran += 1;
    }
    expect(ran).toBe(3);
  });

  test("gives up when ten records are lost", async () => {
    const { clock, meter } = bench(50, 45);
    const bad = scripted(meter, ([command]) => (command === 0xb3 ? [ACK, said(9)] : null));
    const heard = await hearBle(driver, bad, clock);
    expect(heard.code).toBe("METER_REFUSED");
    expect(unreadables(heard)).toHaveLength(10);
  });

  test("ends within a bound, with what it had, wherever the meter falls silent", async () => {
    let ran = 0;
    for (let after = 0; after <= NOTICES; after += 1) {
      const { clock, meter } = bench(3, 46);
      const silent = through(meter, (bytes, number) => (number < after ? [bytes] : []));
      const heard = await hearBle(driver, silent, clock);
      expect(heard.code, `after ${after}`).toBe(
        after === 0 ? "METER_TIMEOUT" : after < NOTICES ? "METER_STALLED" : null,
      );
      expect(told(heard)).toEqual(meter.memory.slice(0, Math.max(0, Math.floor((after - 8) / 2))));
      expect(heard.tookMs).toBeLessThan(2 * 60_000);
      ran += 1;
    }
    expect(ran).toBe(NOTICES + 1);
  });

  test("ends with TRANSPORT_GONE wherever the link is lost, and tells only what had come", async () => {
    const whole = bench(3, 47);
    const operations = (await hearBle(driver, whole.meter, whole.clock)).operations.length;
    let ran = 0;
    for (let after = 0; after < operations; after += 1) {
      const { clock, meter } = bench(3, 47);
      const transport = bleTo(
        {
          ...through(meter, (bytes) => [bytes]),
          readValue: (name) => {
            const value = meter.readValue(name);
            if (transport.operations.length > after) transport.unplug();
            return value;
          },
          write: (name, bytes) => {
            const answer = meter.write(name, bytes);
            if (transport.operations.length > after) transport.unplug();
            return answer;
          },
        },
        clock,
      );
      const heard = await hearBle(driver, meter, clock, { transport });
      const last = after === operations - 1;
      expect(heard.code, `after operation ${after}`).toBe(last ? null : "TRANSPORT_GONE");
      expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
      ran += 1;
    }
    expect(ran).toBe(operations);
    expect(ran).toBe(4 + 1 + NOTICES);
  });

  test("ends when a person ends it, at each event", async () => {
    const whole = bench(3, 48);
    const { events } = await hearBle(driver, whole.meter, whole.clock);
    let ran = 0;
    // After the last reading there is nothing left to wait for.
    for (let at = 0; at < events.length - 2; at += 1) {
      const { clock, meter } = bench(3, 48);
      let number = -1;
      const heard = await hearBle(driver, meter, clock, {
        stop: () => {
          number += 1;
          return number === at;
        },
      });
      expect(heard.code, `event ${at}`).toBe("TRANSPORT_CANCELED");
      expect(heard.events).toEqual(events.slice(0, at + 1));
      ran += 1;
    }
    expect(ran).toBe(5);
  });

  test("whatever is notified, it ends within a bound and tells nothing that the memory does not hold", async () => {
    let readings = 0;
    for (let seed = 0; seed < 60; seed += 1) {
      const random = seededRandom(seed);
      const { clock, meter } = bench(8, 49);
      const bad = through(meter, (bytes) => {
        const lot = below(random, 12);
        if (lot === 0) return [];
        if (lot === 1) return [bytes, bytes];
        if (lot === 2) return [bytes.map((byte) => (below(random, 8) === 0 ? byte ^ (1 << below(random, 8)) : byte))];
        if (lot === 3) return [bytes.slice(0, below(random, bytes.length + 1))];
        if (lot === 4) return [Uint8Array.from({ length: below(random, 21) }, () => below(random, 256)), bytes];
        return [bytes];
      });
      const heard = await hearBle(driver, bad, clock);
      const memory = meter.memory.map((one) => JSON.stringify(one));
      const all = told(heard).map((one) => JSON.stringify(one));
      expect(
        all.filter((one) => !memory.includes(one)),
        `seed ${seed}`,
      ).toEqual([]);
      expect(new Set(all).size).toBe(all.length);
      for (const { index, deviceTime } of heard.readings) {
        expect(meter.memory[708 - (index ?? 0)]?.deviceTime).toBe(deviceTime);
      }
      expect(heard.tookMs).toBeLessThan(10 * 60_000);
      readings += all.length;
    }
    expect(readings).toBeGreaterThan(100);
  });

  test("an endless chatter ends it", async () => {
    const { clock, meter } = bench(3, 50);
    const chatter = scripted(meter, () => Array.from({ length: 5_000 }, () => Uint8Array.of(0xee, 0xee)));
    const heard = await hearBle(driver, chatter, clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.tookMs).toBeLessThan(2 * 60_000);
  });

  test("as a probe it ends within its bound if nothing answers, and with something else's noise", async () => {
    for (const answer of [[], [Uint8Array.of(0xee, 0xee)]]) {
      const { clock, meter } = bench(3, 51);
      const heard = await hearBle(
        driver,
        scripted(meter, () => answer),
        clock,
        { patience: "probe" },
      );
      expect(heard.code).toBe(answer.length === 0 ? "METER_TIMEOUT" : "FRAME_MALFORMED");
      expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
    }
  });
});

describe("an answer of several packets", () => {
  const whole = said(6, 0x89, 0x4c, 0xcb, 0x2d, 100, 0, 0, 0, 0, 0, 0).slice(1);
  const packets = [Uint8Array.from([3, ...whole.slice(0, 8)]), Uint8Array.from([0x42, ...whole.slice(8, 16)])];
  const last = Uint8Array.from([0x41, ...whole.slice(16)]);

  test("is put together, each packet acknowledged with the count that it bears", async () => {
    const { clock, meter } = bench(1, 55);
    const long = scripted(meter, ([command]) => (command === 0xb3 ? [ACK, ...packets, last] : null));
    const heard = await hearBle(driver, long, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(1);
    expect(heard.readings[0]).toMatchObject({ value: 100, index: 701, raw: whole });
    expect(heard.written.slice(-3).map(hex)).toEqual(["83", "82", "81"]);
  });

  test("whose beginning is missing is neither put together nor acknowledged", async () => {
    const { clock, meter } = bench(1, 57);
    const tail = scripted(meter, ([command]) => (command === 0xb3 ? [ACK, ...packets.slice(1), last] : null));
    const heard = await hearBle(driver, tail, clock);
    expect(heard.readings).toEqual([]);
    expect(heard.written.map(hex)).not.toContain("82");
  });

  test("is no answer if one of its packets is missing or out of its order", async () => {
    const [first = ACK, second = ACK] = packets;
    for (const wrong of [
      [first, last],
      [second, first, last],
      [first, last, second],
      [first, second],
      [second, last],
    ]) {
      const { clock, meter } = bench(1, 56);
      const long = scripted(meter, ([command]) => (command === 0xb3 ? [ACK, ...wrong] : null));
      const heard = await hearBle(driver, long, clock);
      expect(heard.readings).toEqual([]);
      expect(["METER_STALLED", "FRAME_MALFORMED", "FRAME_TRUNCATED"]).toContain(heard.code);
    }
  });
});

describe("mistakes of peers that are not repeated", () => {
  test("the index stored with a record is off by one: each reading has the number that it was asked by", async () => {
    const { clock, meter } = bench(0, 60);
    const records = new Map(
      [5, 4, 3, 2, 1].map((number) => [number, oneRecord(1_000 + number, 100 + number)] as const),
    );
    const heard = await hearBle(driver, holding(meter, 5, 5, records), clock);
    expect(heard.readings.map(({ index, value }) => [index, value])).toEqual([
      [5, 105],
      [4, 104],
      [3, 103],
      [2, 102],
      [1, 101],
    ]);
  });

  test("a record skipped silently when retries are exhausted: it is told as unreadable and ends the session", async () => {
    const { clock, meter } = bench(3, 61);
    const bad = scripted(meter, ([command, low]) => (command === 0xb3 && low === 702 % 256 ? [ACK] : null));
    const heard = await hearBle(driver, bad, clock);
    expect(heard.code).toBe("METER_STALLED");
    expect(unreadables(heard)).toEqual([{ code: "METER_STALLED", bytes: 0 }]);
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 1));
  });

  test("a volatile Bluetooth id in place of the serial number: the identity is what the meter tells in 2a25", async () => {
    const { clock, meter } = bench(1, 62);
    const heard = await hearBle(driver, meter, clock);
    expect(heard.events[0]).toMatchObject({ identity: { serial: meter.serial } });
    expect(meter.serial).toMatch(/^[A-Z0-9]{8}$/);
  });

  test("only the newest 15 records: the whole memory is read the first time", async () => {
    const { clock, meter } = bench(40, 63);
    expect((await hearBle(driver, meter, clock)).readings).toHaveLength(40);
  });

  test("control solution left out: it is told as what it is", async () => {
    const { clock, meter } = bench(0, 64);
    const records = new Map([[1, said(6, 1, 0, 0, 0, 110, 0, 1, 0, 0, 0, 0)]]);
    const heard = await hearBle(driver, holding(meter, 1, 1, records), clock);
    expect(heard.readings).toMatchObject([{ control: true, specimen: "control", value: 110 }]);
  });

  test("identical packets ignored for good: two slots that are empty alike are two slots", async () => {
    const { clock, meter } = bench(0, 65);
    const records = new Map([
      [4, oneRecord(400)],
      [3, EMPTY],
      [2, EMPTY],
      [1, oneRecord(100)],
    ]);
    const heard = await hearBle(driver, holding(meter, 4, 2, records), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(({ index }) => index)).toEqual([4, 1]);
  });

  test("times shifted by the difference between the clocks: they stand as the meter has them, its clock beside them", async () => {
    const { clock, meter } = bench(5, 66, { clockErrorMs: 7 * 60_000 });
    const heard = await hearBle(driver, meter, clock);
    expect(told(heard)).toEqual(meter.memory);
    const [, time] = heard.events;
    expect(time?.type === "clock" && time.deviceTime?.slice(0, 16)).toBe("2024-05-06T08:15");
  });
});
