import { describe, expect, test } from "vitest";
import type { SessionEvent } from "../../src/domain/reading.js";
import { hex } from "../../src/kit/bytes.js";
import type { SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { taidoc } from "./index.js";
import { message, type Script, type ScriptedRecord, scriptedMeter } from "./scripted-meter.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const BYTE_MS = 10_000 / 19_200;
const PATIENCE_MS = 10 * 60_000;
/** Every word that a session may say. The one that erases, 52, is none of them, nor the one that sets the clock, 33. */
const QUESTIONS = [0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2b];

function parts(more: Partial<SimulatorOptions> = {}): SimulatorOptions & { readonly clock: VirtualClock } {
  return { count: 5, seed: 3, zone: "Europe/London", ...more, clock: new VirtualClock(START_MS) };
}

/** A record of glucose taken so many minutes after 6 May 2024, 07:00. */
function glucose(minute: number, amount: number, flags = 0): ScriptedRecord {
  return [
    [0xa6, 0x30, minute, 7],
    [amount & 255, amount >> 8, 0, flags],
  ];
}

/** Reads a scripted meter. */
async function read(script: Script, patience: "full" | "probe" = "full") {
  return await hearHid(taidoc, scriptedMeter(script), new VirtualClock(START_MS), { patience });
}

const THREE = (): ScriptedRecord[] => [glucose(31, 104), glucose(20, 187, 0x80), glucose(10, 93, 0x40)];
const unreadableOf = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : []));
const valuesOf = ({ readings }: { readings: readonly { value: number | null }[] }) =>
  readings.map(({ value }) => value);
const flipped = (bytes: readonly number[], at: number, bit = 1): number[] =>
  bytes.map((byte, index) => (index === at ? byte ^ bit : byte));

describe("a meter that behaves", () => {
  test.each([0, 1, 50, 1_000])("with %i tests is read whole, at the pace of the line", async (count) => {
    const options = parts({ count });
    const meter = simulate(options);
    const heard = await hearHid(taidoc, meter, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    expect(heard.events.slice(0, 3)).toMatchObject([
      {
        type: "identity",
        identity: { manufacturer: "TaiDoc", model: "TD-4277", serial: meter.serial, displayUnit: null },
      },
      { type: "clock", deviceTime: "2024-05-06T08:08:00" },
      { type: "expect", count },
    ]);
    // Three questions a record, a millisecond before each; the pace is the answers'.
    const questions = 6 + 3 * count + (count === 0 ? 0 : 4);
    expect(heard.tookMs).toBeLessThanOrEqual(questions * (8 * BYTE_MS + 2));
    const asked = heard.written.filter(([length]) => length === 8).map((report) => report[2] ?? 0);
    expect(asked).toHaveLength(questions);
    expect(asked.filter((command) => !QUESTIONS.includes(command))).toEqual([]);
  });

  test("may send its messages in reports of any size, padded or not", async () => {
    const shapes: ((bytes: readonly number[]) => readonly number[][])[] = [
      (bytes) => [[8, ...bytes]],
      (bytes) => bytes.map((byte) => [1, byte]),
      (bytes) => bytes.map((byte) => [1, byte, ...new Array<number>(62).fill(0)]),
      (bytes) => [
        [3, ...bytes.slice(0, 3)],
        [5, ...bytes.slice(3), 0, 0, 0],
      ],
    ];
    for (const shape of shapes) {
      const meter = scriptedMeter({ records: THREE() });
      const line: HidAnswerer = {
        receive: (report, send) =>
          meter.receive(report, (whole) => {
            for (const piece of shape([...whole.subarray(1)])) send(Uint8Array.from(piece));
          }),
      };
      const heard = await hearHid(taidoc, line, new VirtualClock(START_MS));
      expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 187, 93]]);
    }
    expect(shapes).toHaveLength(4);
  });

  test("shows its clock as it is, however wrong, and a date that does not exist as none, with its bytes", async () => {
    const options = parts({ clockErrorMs: -7_200_000 });
    const wrong = await hearHid(taidoc, simulate(options), options.clock);
    expect(wrong.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T06:08:00" });
    const lost = await read({ records: THREE(), clock: [0, 0, 0, 0] });
    expect(lost.events.slice(1, 3).map(({ type }) => type)).toEqual(["unreadable", "clock"]);
    expect(lost.events[2]).toEqual({ type: "clock", deviceTime: null });
    expect(unreadableOf(lost.events).map(({ raw }) => hex(raw))).toEqual(["51 23 00 00 00 00 a5 19"]);
    expect(valuesOf(lost)).toEqual([104, 187, 93]);
  });

  test("that answers sheet b's first word with any of three, or not at all, is read", async () => {
    let ran = 0;
    for (const answer of [
      message(0x22, [1, 2, 3, 4]),
      message(0x24, [0x77, 0x42, 0, 0]),
      message(0x54, [0, 0, 0, 0]),
      [],
    ]) {
      const heard = await read({
        records: THREE(),
        change: ([, command], right) => (command === 0x22 ? [answer] : right),
      });
      expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 187, 93]]);
      ran += 1;
    }
    expect(ran).toBe(4);
  });

  test("stops at once when a person stops it", async () => {
    const options = parts({ count: 500 });
    const heard = await hearHid(taidoc, simulate(options), options.clock, { stop: ({ type }) => type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.tookMs).toBeLessThan(1_000);
  });
});

describe("a meter that enters its communication mode", () => {
  test("is asked again, whatever question it lost, and what was lost is not told twice", async () => {
    let ran = 0;
    for (let lost = 0; lost < 20; lost += 1) {
      const heard = await read({
        records: THREE(),
        change: (_, right, number) => (number === lost ? [message(0x54, [0, 0, 0, 0])] : right),
      });
      expect([heard.reason, valuesOf(heard)], `question ${lost}`).toEqual([null, [104, 187, 93]]);
      ran += 1;
    }
    expect(ran).toBe(20);
  });

  test("and answers all the same, does not have that answer taken for the next question's", async () => {
    const heard = await read({
      records: THREE(),
      change: (_, right, number) => (number % 7 === 3 ? [message(0x54, [0, 0, 0, 0]), ...right] : right),
    });
    expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 187, 93]]);
  });

  test("for ever is given up", async () => {
    const heard = await read({
      records: THREE(),
      change: (_, right, number) => (number < 8 ? right : [message(0x54, [0, 0, 0, 0])]),
    });
    expect(heard.code).toBe("METER_NOT_READY");
    expect(valuesOf(heard)).toEqual([]);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });
});

describe("damage", () => {
  test("of any answer in any of its bytes is asked for again, and nothing untrue is told", async () => {
    let ran = 0;
    for (let number = 0; number < 19; number += 1) {
      for (let at = 0; at < 8; at += 1) {
        const heard = await read({
          records: THREE(),
          change: (_, right, asked) => (asked === number ? right.map((one) => flipped(one, at, 1 << (at % 8))) : right),
        });
        expect([heard.reason, valuesOf(heard)], `answer ${number}, byte ${at}`).toEqual([null, [104, 187, 93]]);
        expect(heard.events[0]).toMatchObject({ identity: { serial: "0807060504030201" } });
        ran += 1;
      }
    }
    expect(ran).toBe(152);
  });

  test("of a report's number of bytes, at the chip's layer, is asked for again", async () => {
    for (const wrong of [0, 7, 9, 0x48, 0xff]) {
      const meter = scriptedMeter({ records: THREE() });
      let reports = 0;
      const line: HidAnswerer = {
        receive: (report, send) =>
          meter.receive(report, (answer) => {
            reports += 1;
            send(reports === 9 ? Uint8Array.of(wrong, ...answer.subarray(1)) : answer);
          }),
      };
      const heard = await hearHid(taidoc, line, new VirtualClock(START_MS));
      expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 187, 93]]);
      expect(reports).toBeGreaterThan(19);
    }
  });

  test("that stays costs one record, which is told as bytes; those around it are read, and the session says so", async () => {
    for (const command of [0x25, 0x26]) {
      const heard = await read({
        records: THREE(),
        change: (request, right) =>
          request[1] === command && request[2] === 1 ? right.map((one) => flipped(one, 7)) : right,
      });
      expect([heard.code, valuesOf(heard)]).toEqual(["FRAME_CHECKSUM", [104, 93]]);
      expect(unreadableOf(heard.events).map(({ code, raw }) => [code, raw.length])).toEqual([["FRAME_CHECKSUM", 8]]);
    }
  });

  test("of everything ends the session after five records", async () => {
    const records = Array.from({ length: 40 }, (_, minute) => glucose(minute, 100 + minute));
    const heard = await read({
      records,
      change: (request, right) => (request[1] === 0x26 ? right.map((one) => flipped(one, 3)) : right),
    });
    expect([heard.code, valuesOf(heard)]).toEqual(["FRAME_CHECKSUM", []]);
    expect(unreadableOf(heard.events)).toHaveLength(5);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });

  test("of the count or of the serial number that stays ends it before a reading is told", async () => {
    for (const command of [0x24, 0x27, 0x28, 0x2b]) {
      const heard = await read({
        records: THREE(),
        change: (request, right) => (request[1] === command ? right.map((one) => flipped(one, 4)) : right),
      });
      expect([heard.code, valuesOf(heard)]).toEqual(["FRAME_CHECKSUM", []]);
      expect(heard.events.some(({ type }) => type === "identity")).toBe(command === 0x2b);
    }
  });

  test("of the clock that stays costs the clock alone", async () => {
    const heard = await read({
      records: THREE(),
      change: (request, right) => (request[1] === 0x23 ? right.map((one) => one.slice(0, 5)) : right),
    });
    expect([heard.code, valuesOf(heard), heard.events[1]]).toEqual([
      null,
      [104, 187, 93],
      { type: "clock", deviceTime: null },
    ]);
  });

  test("torn answers, doubled ones, and those of another question do no harm", async () => {
    const changes: NonNullable<Script["change"]>[] = [
      (_, right, number) => (number % 4 === 2 ? right.map((one) => one.slice(0, 1 + (number % 7))) : right),
      (_, right) => [...right, ...right],
      (_, right) => [message(0x25, [0xa6, 0x30, 59, 23]).slice(0, 7), ...right],
      (request, right) => [message(request[1] === 0x25 ? 0x26 : 0x25, [1, 1, 1, 1]), ...right],
    ];
    for (const change of changes) {
      const heard = await read({ records: THREE(), change });
      expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 187, 93]]);
    }
    expect(changes).toHaveLength(4);
  });

  test("a late answer for one record is not taken for the next: its time would be another's", async () => {
    // Every answer comes one question late of its kind, from the second record on, and once.
    const records = THREE();
    let done = false;
    const heard = await read({
      records,
      change(request, right) {
        if (done || request[1] !== 0x25 || request[2] !== 1) return right;
        done = true;
        return [message(0x25, records[0]?.[0] ?? [])];
      },
    });
    expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 187, 93]]);
    expect(heard.readings.map(({ deviceTime }) => deviceTime?.slice(11, 16))).toEqual(["07:31", "07:20", "07:10"]);
  });
});

describe("a test that is taken while the memory is read", () => {
  /** Takes one at that question; the memory holds three at most where it is full. */
  async function taken(at: number, isFull: boolean, fresh: ScriptedRecord = glucose(50, 151)) {
    const script: Script = {
      records: THREE(),
      change(_, right, number) {
        if (number !== at) return right;
        script.records.unshift(fresh);
        if (isFull) script.records.pop();
        return right;
      },
    };
    return await read(script);
  }

  test.each([false, true])(
    "shifts no value to another's time, at any question, also in a full memory (%s)",
    async (isFull) => {
      const right = new Map([...THREE(), glucose(50, 151)].map(([[, , minute], [amount]]) => [minute, amount]));
      let ran = 0;
      for (let at = 5; at < 19; at += 1) {
        const heard = await taken(at, isFull);
        expect(heard.reason).toBeNull();
        for (const { deviceTime, value } of heard.readings) {
          expect(value, `question ${at}`).toBe(right.get(Number(deviceTime?.slice(14, 16))));
        }
        const values = [...valuesOf(heard)].sort();
        expect(new Set(values).size, `question ${at}`).toBe(values.length);
        expect(values).toContain(104);
        expect(values).toContain(187);
        // After the last question that looks for it, it is found the next time.
        if (at < 15) expect(values).toContain(151);
        if (!isFull) expect(values).toContain(93);
        ran += 1;
      }
      expect(ran).toBe(14);
    },
  );

  test("and is like the newest one but for its value is found as well", async () => {
    const heard = await taken(10, false, glucose(31, 105));
    expect([heard.reason, [...valuesOf(heard)].sort((a, b) => Number(a) - Number(b))]).toEqual([
      null,
      [93, 104, 105, 187],
    ]);
  });

  test("again and again does not keep it for ever", async () => {
    const options = parts({ count: 200, newReadingEveryMs: 1_000 });
    const meter = simulate(options);
    const heard = await hearHid(taidoc, meter, options.clock);
    expect(heard.reason).toBeNull();
    const memory = meter.memory.map((one) => JSON.stringify(one));
    expect(
      heard.readings.map((one) => JSON.stringify(inMemoryWords(one))).filter((one) => !memory.includes(one)),
    ).toEqual([]);
    expect(heard.events.filter(({ type }) => type === "expect")).toHaveLength(3);
    // All that were there when the last pass began: each pass goes over the whole memory.
    const told = new Set(heard.readings.map((one) => JSON.stringify(inMemoryWords(one))));
    expect(memory.slice(-205).filter((one) => !told.has(one))).toEqual([]);
    expect(heard.readings.length).toBeLessThan(memory.length + 1);
  });

  test("by a person who then plugs in another meter ends the session: nothing of that one is told", async () => {
    const other: ScriptedRecord[] = [glucose(40, 301), glucose(39, 302), glucose(38, 303), glucose(37, 304)];
    const script: Script = {
      records: THREE(),
      change(_, right, number) {
        if (number === 14) {
          script.records.splice(0, 3, ...other);
          script.serial = [
            [9, 9, 9, 9],
            [9, 9, 9, 9],
          ];
        }
        return right;
      },
    };
    const heard = await read(script);
    expect([heard.code, valuesOf(heard)]).toEqual(["METER_CHANGED", [104, 187, 93]]);
  });

  test("two tests alike within a minute are both told, once the memory is known not to have moved", async () => {
    const heard = await read({ records: [glucose(31, 104), glucose(31, 104), glucose(10, 93)] });
    expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 104, 93]]);
    expect(heard.written.filter((report) => report[2] === 0x2b)).toHaveLength(3);
  });
});

describe("what can't be told as a reading", () => {
  test("is told as bytes, in its place, and counted; the rest goes on", async () => {
    const records = [
      glucose(31, 104),
      glucose(30, 200, 9 << 2),
      glucose(29, 42, 6 << 2),
      glucose(28, 100, 5 << 2),
      glucose(61, 100),
      glucose(20, 45, 7 << 2),
      glucose(10, 93),
    ];
    const heard = await read({ records });
    expect(heard.reason).toBeNull();
    expect(heard.events[2]).toEqual({ type: "expect", count: 7 });
    expect(heard.readings.map(({ kind, value }) => [kind, value])).toEqual([
      ["glucose", 104],
      ["ketone", 1.5],
      ["glucose", 93],
    ]);
    const unreadable = unreadableOf(heard.events);
    expect(unreadable.map(({ code, raw }) => [code, raw.length])).toEqual(new Array(4).fill(["FRAME_MALFORMED", 24]));
    expect(unreadable[0]?.detail).toMatch(/cholesterol/);
    expect(unreadable[1]?.detail).toMatch(/haematocrit/);
    expect(hex(unreadable[0]?.raw ?? new Uint8Array())).toBe(
      "51 25 a6 30 1e 07 a5 16 51 26 c8 00 00 24 a5 08 51 25 a6 30 1e 07 a5 16",
    );
  });

  test("is not told again where the memory is read again", async () => {
    const script: Script = {
      records: [glucose(31, 104), glucose(30, 200, 9 << 2)],
      change(_, right, number) {
        if (number === 12) script.records.unshift(glucose(40, 99));
        return right;
      },
    };
    const heard = await read(script);
    expect([heard.reason, valuesOf(heard)]).toEqual([null, [104, 99]]);
    expect(unreadableOf(heard.events)).toHaveLength(1);
  });
});

describe("a meter that stops", () => {
  test("answering after any number of answers ends the session within a bound, with the readings before it", async () => {
    let ran = 0;
    for (let answers = 0; answers < 19; answers += 1) {
      const heard = await read({ records: THREE(), change: (_, right, number) => (number < answers ? right : []) });
      // The clock alone can be done without, but then nothing else is answered either.
      expect(heard.code).toBe(answers === 0 ? "METER_TIMEOUT" : "METER_STALLED");
      expect(valuesOf(heard)).toEqual([104, 187, 93].slice(0, Math.max(0, Math.floor((answers - 6) / 3))));
      expect(heard.tookMs).toBeLessThan(30_000);
      ran += 1;
    }
    expect(ran).toBe(19);
  });

  test("in the middle of an answer leaves its bytes (the peer waits for the last one for ever)", async () => {
    const heard = await read({
      records: THREE(),
      change: (_, right, number) => (number < 10 ? right : number === 10 ? right.map((one) => one.slice(0, 5)) : []),
    });
    expect([heard.code, valuesOf(heard)]).toEqual(["METER_STALLED", [104]]);
    expect(unreadableOf(heard.events).map(({ code, raw }) => [code, raw.length])).toEqual([["FRAME_TRUNCATED", 5]]);
    expect(heard.tookMs).toBeLessThan(10_000);
  });

  test("because it is unplugged, at any step, ends with what was read", async () => {
    let ran = 0;
    for (let step = 0; step < 21; step += 1) {
      const meter = scriptedMeter({ records: THREE() });
      let asked = 0;
      const line: HidAnswerer = {
        receive(report, send) {
          asked += 1;
          if (asked > step) transport.unplug();
          else meter.receive(report, send);
        },
      };
      const transport = hidTo(line);
      const heard = await hearHid(taidoc, line, new VirtualClock(START_MS), { transport });
      expect(heard.code).toBe(step < 19 ? "TRANSPORT_GONE" : null);
      expect(valuesOf(heard)).toEqual([104, 187, 93].slice(0, Math.max(0, Math.floor((step - 6) / 3))));
      ran += 1;
    }
    expect(ran).toBe(21);
  });
});

describe("what is no such meter", () => {
  const silent: HidAnswerer = { receive: () => undefined };
  const says = (answer: (report: Uint8Array) => readonly number[]): HidAnswerer => ({
    receive: (report, send) => send(Uint8Array.from(answer(report))),
  });
  const cases: readonly { name: string; answerer: HidAnswerer; full: string; probe: string }[] = [
    { name: "is silent", answerer: silent, full: "METER_TIMEOUT", probe: "METER_TIMEOUT" },
    {
      name: "sends back what it hears",
      answerer: says((report) => [...report]),
      full: "FRAME_TRUNCATED",
      probe: "FRAME_MALFORMED",
    },
    {
      name: "sends noise",
      answerer: says(() => [5, 1, 2, 3, 4, 5]),
      full: "FRAME_TRUNCATED",
      probe: "FRAME_MALFORMED",
    },
    {
      name: "sends reports that no such chip sends",
      answerer: says(() => [0x41, 1, 2, 3]),
      full: "METER_TIMEOUT",
      probe: "METER_TIMEOUT",
    },
    {
      name: "answers once and falls silent",
      answerer: scriptedMeter({ records: [], change: (_, right, number) => (number === 0 ? right : []) }),
      full: "METER_STALLED",
      probe: "METER_STALLED",
    },
  ];

  test.each(cases)("and $name is given up", async ({ answerer, full, name }) => {
    // This one has to be fresh for each session.
    const fresh = name.startsWith("answers once")
      ? scriptedMeter({ records: [], change: (_, right, number) => (number === 0 ? right : []) })
      : answerer;
    const heard = await hearHid(taidoc, fresh, new VirtualClock(START_MS));
    expect([heard.code, heard.events]).toEqual([full, []]);
    expect(heard.tookMs).toBeLessThanOrEqual(10_000);
  });

  test.each(cases)(
    "and $name is given up by a probe in its time, which asked nothing but who it is",
    async ({ answerer, probe }) => {
      const heard = await hearHid(taidoc, answerer, new VirtualClock(START_MS), { patience: "probe" });
      expect(heard.events).toEqual([]);
      expect([probe, "FRAME_MALFORMED"]).toContain(heard.code);
      expect(heard.tookMs).toBeLessThanOrEqual(taidoc.probe.withinMs + (heard.code === "METER_TIMEOUT" ? 0 : 1_000));
      const asked = heard.written.filter(([length]) => length === 8).map(hex);
      for (const question of asked) expect(question).toMatch(/^08 51 2[24] 00 00 00 00 a3 1[68]$/);
      expect(asked.length).toBeGreaterThanOrEqual(2);
    },
  );

  test("chatters without end is given up", async () => {
    const chatter: HidAnswerer = {
      receive(_, send) {
        for (let report = 0; report < 1_200; report += 1) send(new Uint8Array(64).fill(0x3f));
      },
    };
    expect((await hearHid(taidoc, chatter, new VirtualClock(START_MS))).code).toBe("FRAME_MALFORMED");
  });

  test("is another device of the maker's is refused by a clear sentence", async () => {
    const heard = await read({ records: THREE(), model: [0x28, 0x31, 0, 0] });
    expect([heard.code, heard.events]).toEqual(["METER_UNSUPPORTED", []]);
    expect(String(heard.reason)).toMatch(/3128/);
  });
});
