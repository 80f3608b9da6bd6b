import { describe, expect, test } from "vitest";
import { hex } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { bleTo, hearBle } from "../../test/helpers/simulated-ble.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { type Saying, type Script, scriptedMeter } from "../shared/gatt/scripted-meter.js";
import { bluetoothGlucose } from "./index.js";
import type { Make } from "./simulated-make.js";
import { simulatedMeter } from "./simulated-meter.js";
import { DUAL, GUIDE, PLAIN, simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";
const GATT = { "180a": ["2a29", "2a24", "2a25"], "1808": ["2a18", "2a34", "2a51", "2a52", "2a08"] };
const hexOf = (text: string): string => Buffer.from(text, "latin1").toString("hex");
const VALUES = {
  "2a29": hexOf("Example"),
  "2a24": hexOf("P1"),
  "2a25": hexOf("PA1234"),
  "2a08": "e8 07 05 06 08 08 09",
};

/** A virtual meter of that make. */
function parts(count: number, make: Make = GUIDE, more: { seed?: number; declines?: number; unit?: "mmol/L" } = {}) {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: simulatedMeter({ count, seed: 4, clock, zone: ZONE, ...more }, make) };
}

/** A test of that number and value, a minute later than the one before it. */
const record = (sequence: number, value = sequence, follows = false): Saying => [
  "2a18",
  `${follows ? "12" : "02"} ${two(sequence)} 00 e8 07 05 06 07 ${two(sequence)} 00 ${two(value)} b0 11`,
];
const two = (byte: number): string => byte.toString(16).padStart(2, "0");
const counted = (count: number): Saying => ["2a52", `05 00 ${two(count)} 00`];
const DONE: Saying = ["2a52", "06 00 01 01"];
const refusal = (op: number, code: number): Saying => ["2a52", `06 00 ${two(op)} ${two(code)}`];

/** Reads a scripted meter; what it told in few words. */
async function hear(
  answer: Script["answer"],
  more: { values?: Script["values"]; resume?: string; gatt?: Script["gatt"] } = {},
) {
  const clock = new VirtualClock(START_MS);
  const meter = scriptedMeter({ gatt: more.gatt ?? GATT, values: more.values ?? VALUES, answer });
  const { resume } = more;
  const given = resume === undefined ? {} : { resume: async () => resume };
  const heard = await hearBle(bluetoothGlucose, meter, clock, given);
  return {
    code: heard.code,
    values: heard.readings.map(({ value }) => value),
    written: heard.written.map(hex),
    unreadable: heard.events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable.code] : [])),
    expected: heard.events.flatMap((event) => (event.type === "expect" ? [event.count] : [])),
    cursor: heard.events.flatMap((event) => (event.type === "cursor" ? [event.cursor] : []))[0] ?? null,
    clocks: heard.events.flatMap((event) => (event.type === "clock" ? [event.deviceTime] : [])),
    tookMs: heard.tookMs,
  };
}

describe("virtual meters", () => {
  test.each([
    ["a Guide", GUIDE, undefined],
    ["a Guide set to mmol/L", GUIDE, "mmol/L"],
    ["a CareSens Dual with ketone", DUAL, undefined],
    ["a CareSens Dual set to mmol/L", DUAL, "mmol/L"],
    ["a meter as the profile alone has it", PLAIN, undefined],
    ["one set to mmol/L", PLAIN, "mmol/L"],
  ] as const)("%s is read whole, in its order", async (_name, make, unit) => {
    const { clock, meter } = parts(500, make, unit === undefined ? {} : { unit });
    const heard = await hearBle(bluetoothGlucose, meter, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(500);
    expect(heard.events.map(({ type }) => type).filter((type) => type !== "readings")).toEqual([
      "identity",
      "clock",
      "expect",
      "cursor",
    ]);
    expect(heard.events[0]).toMatchObject({ identity: { serial: meter.serial, manufacturer: make.manufacturer } });
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:09" });
    // HI, LO, control solution and, of the Dual, ketone are among them.
    const shown: unknown[] = heard.readings.flatMap(({ outOfRange, control, kind, meal }) => [
      outOfRange,
      control,
      kind,
      meal,
    ]);
    const wanted = ["low", "high", true, "before", ...(make.traits.ketone ? ["ketone"] : [])];
    expect(wanted.filter((one) => !shown.includes(one))).toEqual([]);
  });

  test("5,000 tests are read in one go, and the link is the limit", async () => {
    const { clock, meter } = parts(5_000);
    const heard = await hearBle(bluetoothGlucose, meter, clock);
    expect([heard.code, heard.readings.length]).toEqual([null, 5_000]);
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    const contexts = meter.memory.filter(({ meal }) => meal !== null).length;
    // Two milliseconds a notice, and the time in which the meter is asked who it is.
    expect(heard.tookMs).toBeLessThan(2 * (5_000 + contexts) + 2_000);
  });

  test("nothing but counts, reports and what shows the clock is ever written", async () => {
    const written = new Set<string>();
    for (const make of [GUIDE, DUAL, PLAIN]) {
      const { clock, meter } = parts(20, make);
      for (const bytes of (await hearBle(bluetoothGlucose, meter, clock)).written) written.add(hex(bytes));
    }
    expect([...written].sort()).toEqual(["01 01", "04 01", "c0 03 01 00 00 00 00 00 00 00 00"]);
  });

  test("notifications are switched on before records are asked for, records' own among them (a peer's mistake)", async () => {
    const { clock, meter } = parts(3);
    const { operations } = await hearBle(bluetoothGlucose, meter, clock);
    expect(operations.map(({ op, name }) => `${op} ${name.service} ${name.characteristic}`)).toEqual([
      "read 180a 2a29",
      "read 180a 2a24",
      "read 180a 2a25",
      "read 180a 2a26",
      "read 1808 2a08",
      "read 1808 2a51",
      "subscribe 1808 2a18",
      "subscribe 1808 2a34",
      "subscribe 1808 2a52",
      "write 1808 2a52",
      "write 1808 2a52",
    ]);
  });

  test("after the link is lost behind any record, what was told is true, and the next session reads all", async () => {
    let ran = 0;
    for (let after = 1; after <= 24; after += 1) {
      const { clock, meter } = parts(24);
      const link = bleTo(meter, clock);
      let told = 0;
      const stop = (event: { readonly type: string }): boolean => {
        if (event.type === "readings") told += 1;
        if (told === after) link.unplug();
        return false;
      };
      const heard = await hearBle(bluetoothGlucose, meter, clock, { transport: link, stop });
      const words = heard.readings.map(inMemoryWords);
      expect(words).toEqual(meter.memory.slice(0, words.length));
      expect(words.length).toBeGreaterThanOrEqual(after);
      // Behind the last one nothing is missing: some meters hang up without a word.
      expect(heard.code).toBe(words.length === 24 ? null : "TRANSPORT_GONE");
      const whole = await hearBle(bluetoothGlucose, meter, clock);
      expect([whole.code, whole.readings.length]).toEqual([null, 24]);
      ran += 1;
    }
    expect(ran).toBe(24);
  });

  test("a meter without a bond is not read", async () => {
    const { clock, meter } = parts(3);
    const heard = await hearBle(bluetoothGlucose, meter, clock, { bonded: false });
    expect([heard.code, heard.readings.length]).toEqual(["METER_UNPAIRED", 0]);
  });

  test("of a meter that was read, only what is new is asked for", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = simulate({ count: 700, seed: 4, clock, zone: ZONE, newReadingEveryMs: 3_600_000 });
    let cursor: string | null = null;
    const resume = async (serial: string | null): Promise<string | null> => (serial === meter.serial ? cursor : null);
    const read = async () => {
      const heard = await hearBle(bluetoothGlucose, meter, clock, { resume });
      expect(heard.reason).toBeNull();
      for (const event of heard.events) if (event.type === "cursor") cursor = event.cursor;
      return heard;
    };
    const known = (await read()).readings.map(({ deviceTime }) => deviceTime);
    expect(known).toHaveLength(700);
    let ran = 0;
    // A hundred and more readings later the memory is full, and loses one for each new one.
    for (let hours = 6; hours <= 120; hours += 38) {
      clock.advance(hours * 3_600_000);
      const { readings, written } = await read();
      const fresh = readings.filter(({ deviceTime }) => !known.includes(deviceTime));
      expect(readings.length - fresh.length).toBe(1);
      known.push(...fresh.map(({ deviceTime }) => deviceTime));
      const all = meter.memory.map(({ deviceTime }) => deviceTime);
      expect(all.filter((time) => !known.includes(time))).toEqual([]);
      expect(written.map(hex).filter((words) => words.startsWith("01 "))).toEqual([
        expect.stringMatching(/^01 03 01 /),
      ]);
      ran += 1;
    }
    expect(ran).toBe(4);
    // Nothing new: the last one alone comes again.
    expect((await read()).readings).toHaveLength(1);
  });
});

describe("where to go on from", () => {
  const KEPT = '{"sequence":3,"baseTime":"2024-05-06T07:03:00","count":3}';
  const all = (...records: readonly Saying[]): readonly Saying[] => [...records, DONE];

  test("the last known record is asked for, and must come back as it was", async () => {
    const heard = await hear(
      (write) => {
        if (write === "04 01") return [counted(5)];
        return write === "04 03 01 03 00" ? [counted(3)] : all(record(3, 83), record(4, 84), record(5, 85));
      },
      { resume: KEPT },
    );
    expect(heard).toMatchObject({ code: null, values: [83, 84, 85], expected: [3] });
    expect(heard.written).toEqual(["04 01", "04 03 01 03 00", "01 03 01 03 00"]);
    expect(heard.cursor).toBe('{"sequence":5,"baseTime":"2024-05-06T07:05:00","count":5}');
  });

  const whole = ["04 01", "04 03 01 03 00", "01 03 01 03 00", "01 01"];
  const unasked = ["04 01", "01 01"];
  test.each([
    ["has no such record", [refusal(1, 6)], 3, whole],
    ["does not count by numbers", [refusal(1, 4)], 3, whole],
    ["does not know the request", [refusal(1, 2)], 3, whole],
    ["can't compare", [refusal(1, 9)], 3, whole],
    ["has another record of that number", all(["2a18", "02 03 00 e8 07 05 06 09 03 00 63 b0 11"]), 3, whole],
    ["sends fewer than it counts", all(record(3, 83)), 5, whole],
    ["holds fewer records than it did", [], 2, unasked],
  ] as const)("a meter that %s is read whole", async (_name, news, total, written) => {
    const heard = await hear(
      (write) => {
        if (write === "04 01") return [counted(total)];
        if (write === "04 03 01 03 00") return [counted(1)];
        return write === "01 01" ? all(...Array.from({ length: total }, (_, at) => record(at + 1, at + 91))) : news;
      },
      { resume: KEPT },
    );
    expect(heard.written).toEqual(written);
    expect(heard.values).toEqual(expect.arrayContaining(Array.from({ length: total }, (_, at) => at + 91)));
    expect(heard.code).toBeNull();
  });

  test("a meter whose numbers run backwards is read whole each time, and so is one that is known to do so", async () => {
    const backwards = await hear((write) =>
      write === "04 01" ? [counted(2)] : all(["2a18", "02 00 00 e8 07 05 06 09 03 00 63 b0 11"], record(1, 91)),
    );
    expect(backwards).toMatchObject({ code: null, values: [99, 91], cursor: null });
    const asked: (string | null)[] = [];
    const clock = new VirtualClock(START_MS);
    const taidoc = scriptedMeter({
      gatt: GATT,
      values: { ...VALUES, "2a29": hexOf("TaiDoc") },
      answer: (write) => (write === "04 01" ? [counted(1)] : all(record(1, 91))),
    });
    const heard = await hearBle(bluetoothGlucose, taidoc, clock, {
      resume: async (serial) => {
        asked.push(serial);
        return KEPT;
      },
    });
    expect([heard.code, asked, heard.events.map(({ type }) => type)]).toEqual([
      null,
      [],
      ["identity", "clock", "expect", "readings"],
    ]);
  });
});

describe("meters that do not keep to it", () => {
  test("a count that never comes, a report that never ends, and an end that is a refusal have their names", async () => {
    const silent = await hear(() => []);
    expect(silent).toMatchObject({ code: "METER_STALLED", values: [] });
    const endless = await hear((write) => (write === "04 01" ? [counted(3)] : [record(1, 81), record(2, 82)]));
    expect(endless).toMatchObject({ code: "METER_STALLED", values: [81, 82], cursor: null });
    const refused = await hear((write) => (write === "04 01" ? [counted(3)] : [record(1, 81), refusal(1, 8)]));
    expect(refused).toMatchObject({ code: "RACP_ABORTED", values: [81], cursor: null });
    expect(Math.max(silent.tookMs, endless.tookMs)).toBeLessThan(60_000);
  });

  test("records that are missing are asked for once more, and told if they stay missing", async () => {
    const some = [record(1, 81), DONE];
    const mended = await hear((write, times) =>
      write === "04 01" ? [counted(2)] : times === 1 ? some : [record(1, 81), record(2, 82), DONE],
    );
    expect(mended).toMatchObject({ code: null, values: [81, 82] });
    const lost = await hear((write) => (write === "04 01" ? [counted(2)] : some));
    expect(lost).toMatchObject({ code: "METER_STALLED", values: [81], cursor: null });
    expect(lost.written).toEqual(["04 01", "01 01", "01 01"]);
  });

  test("what comes behind the end is still taken where something is missing", async () => {
    const heard = await hear((write) => (write === "04 01" ? [counted(2)] : [record(1, 81), DONE, record(2, 82)]));
    expect(heard).toMatchObject({ code: null, values: [81, 82], written: ["04 01", "01 01"] });
  });

  test("notices that are doubled, cut short or of nobody's context cost no other one", async () => {
    const heard = await hear((write) =>
      write === "04 01"
        ? [counted(4)]
        : [
            record(1, 81),
            record(1, 81),
            ["2a34", "02 09 00 01"],
            ["2a18", "02 02 00 e8 07"],
            record(3, 83, true),
            record(4, 84),
            ["2a34", "02 03 00 02"],
            DONE,
          ],
    );
    expect(heard).toMatchObject({
      code: null,
      values: [81, 83, 84],
      unreadable: ["FRAME_TRUNCATED", "FRAME_MALFORMED"],
    });
  });

  test("a meter that can't count is read all the same, without knowing whether that was all", async () => {
    const heard = await hear((write) => (write === "04 01" ? [refusal(4, 2)] : [record(1, 81), DONE]));
    expect(heard).toMatchObject({ code: null, values: [81], expected: [], cursor: null });
  });

  test("noise at the control point is told as its bytes", async () => {
    const heard = await hear((write) => (write === "04 01" ? [["2a52", "ff"], counted(1)] : [record(1, 81), DONE]));
    expect(heard).toMatchObject({ code: null, values: [81], unreadable: ["FRAME_MALFORMED"] });
  });

  test("an empty memory is no error", async () => {
    const heard = await hear((write) => [write === "04 01" ? counted(0) : refusal(1, 6)]);
    expect(heard).toMatchObject({ code: null, values: [], expected: [0], cursor: null });
  });

  test("a meter without contexts or feature is read, one without records is not supported", async () => {
    const bare = await hear((write) => (write === "04 01" ? [counted(1)] : [record(1, 81), DONE]), {
      gatt: { "1808": ["2a18", "2a52"] },
    });
    expect(bare).toMatchObject({ code: null, values: [81], clocks: [null], cursor: null });
    const other = await hear(() => [], {
      gatt: { "1808": ["2a18"], "00000000-0000-1000-1000-000000000000": ["2a52"] },
    });
    expect(other).toMatchObject({ code: "METER_UNSUPPORTED", written: [] });
  });

  test("a clock that is no date is told as none, with its bytes, and one that is declined as none", async () => {
    const answer: Script["answer"] = (write) => [write === "04 01" ? counted(0) : refusal(1, 6)];
    const lost = await hear(answer, { values: { ...VALUES, "2a08": "00 00 00 00 00 00 00" } });
    expect(lost).toMatchObject({ code: null, clocks: [null], unreadable: ["FRAME_MALFORMED"] });
    const declined = await hear(answer, { values: { ...VALUES, "2a08": { att: 0x0e } } });
    expect(declined).toMatchObject({ code: null, clocks: [null], unreadable: [] });
  });

  test("a clock of the maker's own that does not answer is none, and another maker's is never asked", async () => {
    const gatt = { ...GATT, "1808": ["2a18", "2a34", "2a52"], fff0: ["fff1"] };
    const answer: Script["answer"] = (write) => {
      if (write.startsWith("c0")) return [];
      return [write === "04 01" ? counted(0) : refusal(1, 6)];
    };
    const values = { ...VALUES, "2a29": hexOf("i-SENS") };
    const silent = await hear(answer, { gatt, values });
    expect(silent).toMatchObject({ code: null, clocks: [null] });
    expect(silent.written[0]).toBe("c0 03 01 00 00 00 00 00 00 00 00");
    // Newer meters have it elsewhere; what answers with another word is no clock.
    const service = "c4dea010-5a9d-11e9-8647-d663bd873d93";
    const place = "c4dea3bc-5a9d-11e9-8647-d663bd873d93";
    for (const [word, clock] of [
      ["c0 03", "2024-05-06T08:08:09"],
      ["c0 04", null],
    ] as const) {
      const newer = await hear(
        (write, _times, characteristic) =>
          characteristic === place
            ? [[place, `${word} 01 00 e8 07 05 06 08 08 09`]]
            : [write === "04 01" ? counted(0) : refusal(1, 6)],
        { gatt: { ...GATT, "1808": ["2a18", "2a34", "2a52"], [service]: [place] }, values },
      );
      expect(newer).toMatchObject({
        code: null,
        clocks: [clock],
        unreadable: clock === null ? ["FRAME_MALFORMED"] : [],
      });
    }
    const other = await hear(answer, { gatt });
    expect([other.code, other.written]).toEqual([null, ["04 01", "01 01"]]);
  });
});
