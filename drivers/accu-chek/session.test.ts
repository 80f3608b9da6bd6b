import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { concat, hex } from "../../src/kit/bytes.js";
import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { misbehaving } from "../../src/kit/misbehave.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import {
  type Answerer,
  type Heard,
  hear,
  inMemoryWords,
  inVirtualTime,
  lineTo,
} from "../../test/helpers/simulated-line.js";
import { beginning, counted, four, listed, spoken, two } from "../shared/ieee11073/simulated-device.js";
import { accuChek } from "./index.js";
import { entry, type Script, SEGMENT, scriptedMeter, segment } from "./scripted-meter.js";
import { OBJECTS } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const DAY = "2024-05-05T";
const SOME = [entry(`${DAY}07:00:00`, 101, 0), entry(`${DAY}12:00:00`, 152, 0), entry(`${DAY}18:00:00`, 133, 0)];
/** Whatever a meter does, its session is over in this time. */
const PATIENCE_MS = 10 * 60_000;

interface Bench {
  readonly clock: VirtualClock;
  readonly meter: MeterSimulator;
}

function bench(count: number, seed = 3, more: Partial<SimulatorOptions> = {}): Bench {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: accuChek.simulate({ count, seed, clock, zone: "Europe/London", ...more }) };
}

/** Reads a meter of these segments. */
async function read(script: Omit<Script, "clock">, change?: Change): Promise<Heard> {
  const clock = new VirtualClock(START_MS);
  const meter = scriptedMeter({ clock, ...script });
  return await hear(accuChek, change === undefined ? meter : through(meter, change), clock);
}

/** What becomes of each of the meter's messages, counted from 0. */
type Change = (message: Uint8Array, number: number) => readonly Uint8Array[];

/** The meter, each of its messages changed on the way. */
function through(meter: Answerer, change: Change): Answerer & { sent(): number } {
  const rest: number[] = [];
  let number = 0;
  const pass =
    (send: (bytes: Uint8Array) => void) =>
    (chunk: Uint8Array): void => {
      rest.push(...chunk);
      for (;;) {
        const length = 4 + 256 * (rest[2] ?? 0) + (rest[3] ?? 0);
        if (rest.length < 4 || rest.length < length) return;
        const message = Uint8Array.from(rest.splice(0, length));
        number += 1;
        for (const changed of change(message, number - 1)) send(changed);
      }
    };
  return {
    sent: () => number,
    start: (send) => meter.start?.(pass(send)),
    receive: (bytes, send) => meter.receive(bytes, pass(send)),
  };
}

const kindOf = (message: Uint8Array): string => hex(message.subarray(8, 10));
const isEvent = (message: Uint8Array): boolean => message[0] === 0xe7 && hex(message.subarray(18, 20)) === "0d 21";
const told = ({ readings }: Heard): unknown[] => readings.map(inMemoryWords);
const values = ({ readings }: Heard): unknown[] => readings.map(({ value }) => value);

function unreadables({ events }: Heard): string[] {
  return events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable.detail] : []));
}

/** Every write is one of the words that read, an answer, a leave or the end of what went wrong. */
function demandReadsOnly({ written }: Heard): void {
  for (const bytes of written) {
    const kind = hex(bytes.subarray(0, 2));
    const word = hex(bytes.subarray(8, 10));
    const action = hex(bytes.subarray(14, 16));
    const known =
      ["e3 00", "e4 00", "e6 00"].includes(kind) ||
      ["02 01", "01 03"].includes(word) ||
      (word === "01 07" && ["0c 0d", "0c 1c"].includes(action));
    expect(known, hex(bytes)).toBe(true);
  }
}

describe("a whole conversation", () => {
  test.each([0, 1, 50, 720])("reads a memory of %i tests whole, in the order in which it is sent", async (count) => {
    const { clock, meter } = bench(count);
    const heard = await hear(accuChek, meter, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    demandReadsOnly(heard);
    expect(heard.events.slice(0, 3)).toEqual([
      {
        type: "identity",
        identity: {
          manufacturer: "Roche",
          model: "Accu-Chek Guide (925)",
          serial: meter.serial,
          firmware: "v1.9.6",
          displayUnit: null,
        },
        source: "meter",
        sourceName: null,
      },
      { type: "clock", deviceTime: "2024-05-06T08:08:09" },
      { type: "expect", count },
    ]);
    expect(hex(heard.written.at(-1) ?? new Uint8Array())).toBe("e4 00 00 02 00 00");
  });

  test("a full memory, ninety days and more, is decoded and told whole", async () => {
    const { clock, meter } = bench(720);
    // What the meter says is taken down, and said again at once: the line then takes no time.
    const said: Uint8Array[][] = [[]];
    const taking = through(meter, (message) => {
      said.at(-1)?.push(message);
      return [message];
    });
    const taken: Answerer = {
      ...taking,
      receive(bytes, send) {
        said.push([]);
        taking.receive(bytes, send);
      },
    };
    await hear(accuChek, taken, clock);
    const [first = [], ...answers] = said;
    const again: Answerer = {
      start: (send) => first.forEach(send),
      receive: (_, send) => answers.shift()?.forEach(send),
    };
    const heard = await hear(accuChek, again, clock);
    expect(heard.readings).toHaveLength(720);
    const controls = heard.readings.filter(({ control }) => control);
    expect([controls.length > 5, controls.every(({ specimen }) => specimen === "control")]).toEqual([true, true]);
    expect(new Set(heard.readings.map(({ meal }) => meal)).size).toBe(5);
  });

  test("chunks of any size mean nothing", async () => {
    let ran = 0;
    for (const size of [1, 2, 3, 7, 64, 5_000]) {
      const { clock, meter } = bench(9);
      const pieces: Answerer = {
        start: (send) => meter.start?.((bytes) => cut(bytes, size).forEach(send)),
        receive: (bytes, send) => meter.receive(bytes, (chunk) => cut(chunk, size).forEach(send)),
      };
      const heard = await hear(accuChek, pieces, clock);
      expect([heard.reason, told(heard)]).toEqual([null, meter.memory]);
      ran += 1;
    }
    expect(ran).toBe(6);
  });

  test("events of one entry each are all confirmed in the sheet's words, as often as they come", async () => {
    const heard = await read({ segments: [SEGMENT.glucose(...SOME)], entriesPerEvent: 1 });
    expect([heard.reason, values(heard)]).toEqual([null, [101, 152, 133]]);
    const confirmed = heard.written.map(hex).filter((bytes) => bytes.includes("0d 21 00 0c"));
    const words = [0, 1, 2].map((at) => `0d 21 00 0c 00 00 00 00 00 0${at} 00 00 00 01 00 80`);
    expect(confirmed.map((bytes) => bytes.slice(18 * 3))).toEqual([...words, ...words]);
  });

  test("the same meter is read the same again", async () => {
    const { clock, meter } = bench(30);
    const first = await hear(accuChek, meter, clock);
    const second = await hear(accuChek, meter, clock);
    expect([second.reason, told(second)]).toEqual([null, told(first)]);
  });

  test("a test taken meanwhile is told or left, and none twice", async () => {
    const { clock, meter } = bench(200, 5, { newReadingEveryMs: 1_500 });
    const before = meter.memory.map((one) => JSON.stringify(one));
    const slow = misbehaving(meter, ["slow"], clock, 2);
    const heard = await hear(accuChek, slow, clock);
    const shown = told(heard).map((one) => JSON.stringify(one));
    expect(new Set(shown).size).toBe(shown.length);
    const after = new Set(meter.memory.map((one) => JSON.stringify(one)));
    // A mark that came after its segment was read is missing from its test; the test itself is not.
    const bare = (one: string): string => one.replace(/"meal":("\w+"|null)/, "");
    expect(shown.map(bare).filter((one) => ![...after].map(bare).includes(one))).toEqual([]);
    expect(before.filter((one) => !shown.includes(one))).toEqual([]);
  });
});

describe("mistakes of other programs", () => {
  test("only segment 0 is read: all are, in whatever order they are listed", async () => {
    const heard = await read({
      segments: [
        SEGMENT.control(entry(`${DAY}09:00:00`, 110, 0)),
        SEGMENT.meal(entry(`${DAY}12:00:00`, 29_264)),
        SEGMENT.glucose(...SOME),
        segment(9, OBJECTS.glucose, [0x0a4c, 0x0947], [entry(`${DAY}20:00:00`, 88, 0)]),
        SEGMENT.status(entry(`${DAY}18:00:00`, 0x2000)),
      ],
    });
    expect(heard.reason).toBeNull();
    const shown = heard.readings.map(({ value, control, meal }) => [value, control, meal]);
    expect(shown).toEqual([
      [110, true, null],
      [101, false, null],
      [152, false, "after"],
      [88, false, null],
    ]);
    expect(unreadables(heard)).toEqual(["No result: sample too small."]);
  });

  test("Accu-Chek's status word ignored: a test with control solution and a failed one are no readings of a patient", async () => {
    const heard = await read({
      segments: [
        SEGMENT.glucose(
          entry(`${DAY}07:00:00`, 101, 0x0800),
          entry(`${DAY}08:00:00`, 90, 0x8000),
          entry(`${DAY}09:00:00`, 99, 0),
        ),
      ],
    });
    expect(heard.readings.map(({ value, control }) => [value, control])).toEqual([
      [101, true],
      [99, false],
    ]);
    expect(unreadables(heard)).toEqual(["No result: invalid."]);
  });

  test("SFLOAT taken for an integer: HI, LO and numbers with an exponent", async () => {
    const words = [0x07fe, 0x0802, 0x100c, 0x07ff];
    const entries = words.map((word, hour) => entry(`${DAY}0${hour}:00:00`, word, 0));
    const heard = await read({ segments: [SEGMENT.glucose(...entries)] });
    expect(heard.readings.map(({ value, outOfRange }) => [value, outOfRange])).toEqual([
      [600, "high"],
      [20, "low"],
      [120, null],
    ]);
    expect(unreadables(heard)).toHaveLength(1);
  });

  test("the production specification walked four bytes too far: the serial number is found behind other entries", async () => {
    const text = (letters: string): number[] => counted([...letters].map((letter) => letter.charCodeAt(0)));
    const entries = [
      [0, 3, 0x10, 0, ...text("hw-revision: G\0\0\0\0")],
      [0, 5, 0, 0, ...text("fw-revision: v1.9.6\0")],
      [0, 1, 0, 0, ...text("serial-number: 96112345678")],
    ];
    const attributes = [
      [0x0928, [...text("Roche"), ...text("961")]],
      [0x092d, listed(entries)],
    ] as const;
    const heard = await read({ segments: [SEGMENT.glucose(entry(`${DAY}07:00:00`, 0x0802, 0))], attributes });
    expect(heard.events[0]).toMatchObject({ identity: { serial: "96112345678", model: "Accu-Chek Instant (961)" } });
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: null });
    expect(heard.readings.map(({ value, outOfRange }) => [value, outOfRange])).toEqual([[10, "low"]]);
  });

  test("no timeouts after the association phase: silence after any of its messages ends the session", async () => {
    const { clock, meter } = bench(5);
    const all = through(meter, (message) => [message]);
    await hear(accuChek, all, clock);
    let ran = 0;
    for (let last = 0; last < all.sent(); last += 1) {
      const again = bench(5);
      const heard = await hear(
        accuChek,
        through(again.meter, (message, number) => (number < last ? [message] : [])),
        again.clock,
      );
      expect(heard.code, `after ${last}`).toBe(last === 0 ? "METER_NOT_READY" : "METER_STALLED");
      expect(heard.tookMs).toBeLessThan(30_000);
      expect(again.meter.memory.slice(0, heard.readings.length)).toEqual(told(heard));
      // A meter that was left in the middle is told so; the leave is the last word otherwise.
      expect(hex(heard.written.at(-1) ?? Uint8Array.of(0)).slice(0, 5)).toBe(last === 0 ? "00" : "e6 00");
      ran += 1;
    }
    expect(ran).toBeGreaterThan(10);
  });
});

describe("what comes damaged", () => {
  test("a bit turned over anywhere, once, makes no reading that the meter does not hold, and what follows is read", async () => {
    const { clock, meter } = bench(4);
    let length = 0;
    const measured = through(meter, (message) => {
      length += message.length;
      return [message];
    });
    await hear(accuChek, measured, clock);
    let whole = 0;
    let ran = 0;
    for (let place = 0; place < length; place += 5) {
      const again = bench(4);
      let from = 0;
      const heard = await hear(
        accuChek,
        through(again.meter, (message) => {
          const at = place - from;
          from += message.length;
          return [message.map((byte, index) => (index === at ? byte ^ (1 << (place % 8)) : byte))];
        }),
        again.clock,
      );
      const memory = again.meter.memory.map((one) => JSON.stringify(one));
      expect(
        told(heard)
          .map((one) => JSON.stringify(one))
          .filter((one) => !memory.includes(one)),
        `byte ${place}`,
      ).toEqual([]);
      expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
      for (const event of heard.events)
        if (event.type === "identity") expect(event.identity.serial).toBe(again.meter.serial);
      whole += heard.readings.length === 4 ? 1 : 0;
      ran += 1;
    }
    expect(ran).toBeGreaterThan(250);
    expect(whole / ran).toBeGreaterThan(0.6);
  });

  test("entries that come otherwise each time are told as bytes, and the session says so", async () => {
    let lap = 0;
    const heard = await read({ segments: [SEGMENT.glucose(...SOME)] }, (message) => {
      if (!isEvent(message)) return [message];
      lap += 1;
      // The value of the second entry: 36 bytes of heads, twelve of the first entry, eight of time.
      return [message.with(36 + 12 + 9, 100 + lap)];
    });
    expect([heard.code, values(heard)]).toEqual(["FRAME_CHECKSUM", [101, 133]]);
    expect(unreadables(heard)).toEqual(["It did not come twice alike."]);
  });

  test("events that are lost, doubled or out of their order are noticed, and the segment is asked for again", async () => {
    const faults: Change[] = [
      (message, number) => (number === 11 ? [] : [message]),
      (message, number) => (number === 11 ? [message, message] : [message]),
      // Its number in the segment is one too many, or too few.
      (message, number) => (number === 12 ? [message.with(27, 2)] : [message]),
      (message, number) => (number === 12 ? [message.with(27, 0)] : [message]),
      // It is of another segment.
      (message, number) => (number === 12 ? [message.with(23, 1)] : [message]),
      // It counts more entries than it holds.
      (message, number) => (number === 12 ? [message.with(31, 2)] : [message]),
      // It lacks the mark of the first one.
      (message, number) => (number === 11 ? [message.with(32, 0)] : [message]),
      // The meter gives up in the middle.
      (message, number) => (number === 12 ? [message.with(32, 0x08)] : [message]),
    ];
    let ran = 0;
    for (const fault of faults) {
      let events = 0;
      const heard = await read({ segments: [SEGMENT.glucose(...SOME)], entriesPerEvent: 1 }, (message) => {
        if (!isEvent(message)) return [message];
        events += 1;
        return fault(message, 10 + events);
      });
      expect([heard.reason, [...values(heard)].sort()], `fault ${ran}`).toEqual([null, [101, 133, 152]]);
      ran += 1;
    }
    expect(ran).toBe(8);
  });

  test("frames that are torn or repeated are no second reading", async () => {
    const { clock, meter } = bench(30);
    const heard = await hear(
      accuChek,
      through(meter, (message) => (isEvent(message) ? [message, message] : [message])),
      clock,
    );
    expect([heard.reason, told(heard)]).toEqual([null, meter.memory]);
    const torn = bench(3);
    const cut = await hear(
      accuChek,
      through(torn.meter, (message, number) => (number === 4 ? [message.subarray(0, 30)] : [message])),
      torn.clock,
    );
    expect([cut.reason, told(cut)]).toEqual([null, torn.meter.memory]);
  });

  test("a configuration that came damaged is asked for once more, and twice damaged ends the session", async () => {
    const damage =
      (times: number): Change =>
      (message, number) =>
        number >= 1 && number <= times ? [message.with(25, 0x77)] : [message];
    const once = await read({ segments: [SEGMENT.glucose(...SOME)] }, damage(1));
    expect([once.reason, values(once)]).toEqual([null, [101, 152, 133]]);
    const twice = await read({ segments: [SEGMENT.glucose(...SOME)] }, damage(2));
    expect([twice.code, twice.events]).toEqual(["FRAME_MALFORMED", []]);
    expect(hex(twice.written.at(-1) ?? new Uint8Array())).toBe("e6 00 00 02 00 00");
  });
});

describe("what the meter does not send twice", () => {
  const second = (answer: (invokeId: number) => Uint8Array | null): Change => {
    let transfers = 0;
    return (message) => {
      if (isEvent(message)) return transfers > 1 ? [] : [message];
      if (hex(message.subarray(14, 16)) !== "0c 1c") return [message];
      transfers += 1;
      const changed = transfers > 1 ? answer(256 * (message[6] ?? 0) + (message[7] ?? 0)) : message;
      return changed === null ? [] : [changed];
    };
  };

  test("because it declines is believed: the cable's checksums stand behind it", async () => {
    const declined = (invokeId: number): Uint8Array =>
      spoken(invokeId, 0x0207, [0, 5, 0x0c, 0x1c, ...counted([0, 0, 2, 0])]);
    const heard = await read({ segments: [SEGMENT.glucose(...SOME)] }, second(declined));
    expect([heard.reason, values(heard)]).toEqual([null, [101, 152, 133]]);
  });

  test("because it falls silent is kept as bytes, and the session says that it stalled", async () => {
    const heard = await read(
      { segments: [SEGMENT.glucose(...SOME)] },
      second(() => null),
    );
    expect([heard.code, values(heard)]).toEqual(["METER_STALLED", []]);
    expect(unreadables(heard)).toEqual(new Array(3).fill("It did not come twice alike."));
  });
});

describe("what is not there, or not known", () => {
  test("fewer entries than were announced are reported at the end", async () => {
    const heard = await read({
      segments: [{ ...SEGMENT.glucose(...SOME), usage: 5 }, SEGMENT.control(entry(`${DAY}09:00:00`, 110, 0))],
    });
    expect([heard.code, values(heard)]).toEqual(["FRAME_TRUNCATED", [101, 152, 133, 110]]);
    expect(String(heard.reason)).toContain("holds 5 entries, and sent 3");
  });

  test("a segment that the meter says to be empty is not asked for", async () => {
    const heard = await read({ segments: [SEGMENT.glucose(), SEGMENT.control()] });
    expect([heard.reason, heard.events.length]).toEqual([null, 3]);
    expect(heard.written.map(hex).filter((bytes) => bytes.includes("0c 1c"))).toEqual([]);
  });

  test("a segment that is declined does not keep the others from being read", async () => {
    const heard = await read(
      { segments: [SEGMENT.control(entry(`${DAY}09:00:00`, 110, 0)), SEGMENT.glucose(...SOME)] },
      (message) =>
        hex(message.subarray(14, 22)) === "0c 1c 00 04 00 01 00 00"
          ? [message.with(21, 1)]
          : isEvent(message) && message[23] === 1
            ? []
            : [message],
    );
    expect([heard.code, values(heard)]).toEqual(["METER_REFUSED", [101, 152, 133]]);
    expect(String(heard.reason)).toContain("no such segment");
  });

  test("a segment of a kind that nobody has described is told as its bytes, each entry for itself", async () => {
    const strange = { classId: 9, handle: 7, attributes: [[0x092f, [0, 2, 0x77, 0x77]]] } as const;
    const ketone = { classId: 6, handle: 8, attributes: [[0x092f, [0, 2, 0x77, 0x78]]] } as const;
    const bare = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ];
    const heard = await read({
      segments: [
        segment(4, strange, [0x0a4c], [entry(`${DAY}07:00:00`, 1), entry(`${DAY}08:00:00`, 2)]),
        segment(5, ketone, [0x0a4c, 0x0947], [entry(`${DAY}07:00:00`, 0xf00c, 0)]),
        { instance: 6, label: "", map: [1, 2, 3], entries: bare },
        SEGMENT.glucose(...SOME),
      ],
    });
    expect([heard.reason, values(heard)]).toEqual([null, [101, 152, 133]]);
    const raws = heard.events.flatMap((event) => (event.type === "unreadable" ? [hex(event.unreadable.raw)] : []));
    expect(raws).toEqual([
      "20 24 05 05 07 00 00 00 f0 0c 00 00",
      "20 24 05 05 07 00 00 00 00 01",
      "20 24 05 05 08 00 00 00 00 02",
      "01 02 03 04",
      "05 06 07 08",
    ]);
  });

  test("meals and failures without a test are told as their bytes", async () => {
    const heard = await read({
      segments: [
        SEGMENT.glucose(SOME[0] ?? []),
        SEGMENT.meal(entry(`${DAY}07:00:01`, 29_260)),
        SEGMENT.status(entry(`${DAY}06:00:00`, 0x0800)),
      ],
    });
    expect([heard.reason, heard.readings.map(({ value, meal }) => [value, meal])]).toEqual([null, [[101, null]]]);
    expect(unreadables(heard)).toEqual([
      "A meal mark (before) belongs to no test.",
      "The meter notes without a result: wrong strip.",
    ]);
  });

  test("values in mmol/L come as they are", async () => {
    const objects = [OBJECTS.store, { classId: 6, handle: 1, attributes: [[0x0996, two(0x1272)]] }] as const;
    const entries = [entry(`${DAY}07:00:00`, 0xf03a, 0), entry(`${DAY}08:00:00`, 0x0802, 0)];
    const heard = await read({ objects, segments: [SEGMENT.glucose(...entries)] });
    expect(heard.readings.map(({ value, unit, outOfRange }) => [value, unit, outOfRange])).toEqual([
      [5.8, "mmol/L", null],
      [1.1, "mmol/L", "low"],
    ]);
  });

  test("a clock that shows another second in each answer is told if it goes on as the hub's does", async () => {
    const { clock, meter } = bench(2);
    const slow = misbehaving(meter, ["slow"], clock, 1);
    const heard = await hear(accuChek, slow, clock);
    const shown = heard.events.find((event) => event.type === "clock")?.deviceTime ?? "";
    expect(Math.abs(Date.parse(`${shown}Z`) - 3_600_000 - START_MS)).toBeLessThan(15_000);
    expect(told(heard)).toEqual(meter.memory);
  });

  test("a clock that jumps, or an identity that changes, from answer to answer is nobody's", async () => {
    let laps = 0;
    const heard = await read({ segments: [] }, (message) => {
      if (kindOf(message) !== "02 03") return [message];
      laps += 1;
      const at = hex(message).indexOf("39 32 35 31") / 3;
      return [message.with(at + 5, 0x30 + laps)];
    });
    expect([heard.code, heard.events]).toEqual(["FRAME_CHECKSUM", []]);
  });

  test("a meter without a serial number is nobody's", async () => {
    const heard = await read({ segments: [], attributes: [] });
    expect([heard.code, heard.events]).toEqual(["FRAME_MALFORMED", []]);
  });
});

describe("how it ends", () => {
  test("a meter that was plugged in too long ago says nothing, and a person is told what to do", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(accuChek, { receive: () => undefined }, clock);
    expect([heard.code, heard.events, heard.written]).toEqual(["METER_NOT_READY", [], []]);
    expect(String(heard.reason)).toMatch(/Unplug it, plug it in again/);
    expect(heard.tookMs).toBe(12_000);
  });

  test("a probe gives up in its time, and has said nothing", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(accuChek, { receive: () => undefined }, clock, { patience: "probe" });
    expect([heard.code, heard.events, heard.written, heard.tookMs]).toEqual(["METER_TIMEOUT", [], [], 2_500]);
  });

  test("chatter, noise and half a message are no meter, in both kinds of patience", async () => {
    const says = (bytes: () => Uint8Array, times = 1): Answerer => ({
      receive: () => undefined,
      start: (send) => Array.from({ length: times }, () => send(bytes())),
    });
    const cases: readonly [Answerer, string, string][] = [
      [says(() => new Uint8Array(64).fill(0x55), 3_000), "FRAME_MALFORMED", "FRAME_MALFORMED"],
      [says(() => Uint8Array.of(1, 2, 3)), "FRAME_MALFORMED", "FRAME_MALFORMED"],
      [says(() => beginning([1, 2, 3, 4, 5]).subarray(0, 20)), "FRAME_TRUNCATED", "FRAME_MALFORMED"],
      [says(() => spoken(1, 0x0203, []), 400), "FRAME_MALFORMED", "FRAME_MALFORMED"],
      [
        says(() => Uint8Array.of(0xe2, 0, 0, 13, ...four(0x80000000), ...listed([[0xff, 0xff, 0, 1, 9]]))),
        "METER_UNSUPPORTED",
        "FRAME_MALFORMED",
      ],
    ];
    let ran = 0;
    for (const [answerer, full, probe] of cases) {
      const heard = await hear(accuChek, answerer, new VirtualClock(START_MS));
      const tried = await hear(accuChek, answerer, new VirtualClock(START_MS), { patience: "probe" });
      expect([heard.code, tried.code, heard.events, tried.events], `case ${ran}`).toEqual([full, probe, [], []]);
      expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
      ran += 1;
    }
    expect(ran).toBe(5);
  });

  test("endless messages that nobody asked for end in FRAME_MALFORMED", async () => {
    const live = [0, 0, ...four(0), 0x0d, 0x1d, ...counted([1, 2])];
    const heard = await read({ segments: [SEGMENT.glucose(...SOME)] }, (message, number) =>
      number === 3 ? [...Array.from({ length: 400 }, () => spoken(9, 0x0100, live)), message] : [message],
    );
    expect(heard.code).toBe("FRAME_MALFORMED");
  });

  test("a report of another kind is confirmed, kept as its bytes, and what was awaited goes on", async () => {
    const live = [0, 0, ...four(0), 0x0d, 0x1d, ...counted([1, 2])];
    let events = 0;
    const heard = await read({ segments: [SEGMENT.glucose(...SOME)] }, (message) => {
      events += isEvent(message) ? 1 : 0;
      return events === 1 && isEvent(message) ? [spoken(9, 0x0101, live), message] : [message];
    });
    expect([heard.reason, values(heard)]).toEqual([null, [101, 152, 133]]);
    expect(unreadables(heard)).toEqual(["A report is of a kind that nobody has described."]);
    expect(heard.written.map(hex)).toContain(hex(spoken(9, 0x0201, [0, 0, ...four(0xffffffff), 0x0d, 0x1d, 0, 0])));
  });

  test("a device that keeps no results is refused, by a probe as a stranger", async () => {
    const script = { objects: [OBJECTS.glucose], segments: [] };
    const clock = new VirtualClock(START_MS);
    const heard = await read(script);
    const tried = await hear(accuChek, scriptedMeter({ clock, ...script }), clock, { patience: "probe" });
    expect([heard.code, heard.events, tried.code, tried.events]).toEqual([
      "METER_UNSUPPORTED",
      [],
      "FRAME_MALFORMED",
      [],
    ]);
  });

  test("a meter that takes leave, breaks off or begins anew ends the session, and is answered as it should be", async () => {
    const ends = [Uint8Array.of(0xe4, 0, 0, 2, 0, 0), Uint8Array.of(0xe6, 0, 0, 2, 0, 0), beginning([1, 2, 3, 4, 5])];
    const last = ["e5 00", "01 03", "e6 00"];
    const words: string[] = [];
    for (const end of ends) {
      const heard = await read({ segments: [SEGMENT.glucose(...SOME)] }, (message, number) =>
        number === 3 ? [end] : [message],
      );
      expect(heard.code).toBe("METER_STALLED");
      const word = heard.written.at(-1) ?? new Uint8Array();
      words.push(word[0] === 0xe7 ? kindOf(word) : hex(word.subarray(0, 2)));
    }
    expect(words).toEqual(last);
  });

  test("a meter that begins once more while it is accepted is accepted once more", async () => {
    const heard = await read({ segments: [SEGMENT.glucose(...SOME)] }, (message, number) =>
      number === 1 ? [beginning([1, 2, 3, 4, 5])] : [message],
    );
    expect([heard.reason, values(heard)]).toEqual([null, [101, 152, 133]]);
    expect(heard.written.filter((bytes) => bytes[0] === 0xe3)).toHaveLength(2);
  });

  test("requests that are declined are put again, three times at most", async () => {
    for (const declines of [1, 2]) {
      const { clock, meter } = bench(12, 3, { declines });
      const heard = await hear(accuChek, meter, clock);
      expect([heard.reason, told(heard)]).toEqual([null, meter.memory]);
    }
    const { clock, meter } = bench(12, 3, { declines: 3 });
    const heard = await hear(accuChek, meter, clock);
    expect([heard.code, heard.events]).toEqual(["METER_REFUSED", []]);
  });

  test("unplugged at every step: what was told stays true, and it ends with TRANSPORT_GONE", async () => {
    const whole = bench(4);
    const counting = through(whole.meter, (message) => [message]);
    await hear(accuChek, counting, whole.clock);
    let ran = 0;
    for (let step = 0; step < counting.sent(); step += 1) {
      const { clock, meter } = bench(4);
      const heard = await hearUnplugged(meter, step, clock);
      expect(heard.code, `at ${step}`).toBe("TRANSPORT_GONE");
      expect(meter.memory.slice(0, heard.readings.length)).toEqual(heard.readings.map(inMemoryWords));
      ran += 1;
    }
    expect(ran).toBeGreaterThan(10);
  });

  test("stops at once when a person stops it, and leaves the meter in order", async () => {
    const { clock, meter } = bench(720);
    const heard = await hear(accuChek, meter, clock, { stop: ({ type }) => type === "readings" });
    // What one event brought is proven at once.
    expect([heard.code, heard.readings.length]).toEqual(["TRANSPORT_CANCELED", 80]);
    expect(hex(heard.written.at(-1) ?? new Uint8Array())).toBe("e6 00 00 02 00 00");
  });

  test("a memory beyond any meter's ends the session before it fills the hub's", async () => {
    const many = Array.from({ length: 2_100 }, (_, at) =>
      entry(`2024-05-05T07:${String(at % 60).padStart(2, "0")}:00`, 100 + (at % 300), 0),
    );
    const heard = await read({ segments: [SEGMENT.glucose(...many)] });
    expect([heard.code, heard.readings.length]).toEqual(["FRAME_MALFORMED", 0]);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });
});

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.slice(at * size, (at + 1) * size));
}

/** Reads the meter over a cable that is pulled after so many of its messages. */
async function hearUnplugged(
  meter: Answerer,
  after: number,
  clock: VirtualClock,
): Promise<Pick<Heard, "code" | "readings">> {
  let pull = (): void => undefined;
  const transport = lineTo(
    through(meter, (message, number) => {
      if (number < after) return [message];
      pull();
      return [];
    }),
  );
  pull = () => transport.unplug();
  const readings: SourceReading[] = [];
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog };
  const code = await inVirtualTime(clock, async () => {
    try {
      for await (const event of accuChek.session(context))
        if (event.type === "readings") readings.push(...event.readings);
      return null;
    } catch (error) {
      return asProblem(error).code;
    }
  });
  return { code, readings };
}

test("bytes of several messages in one chunk are all read", async () => {
  const { clock, meter } = bench(3);
  let held: Uint8Array = new Uint8Array();
  const heard = await hear(
    accuChek,
    through(meter, (message, number) => {
      // A configuration and what came before it in one piece.
      if (number === 0) {
        held = message;
        return [message];
      }
      return number === 1 ? [concat([Uint8Array.of(0, 0, 0), message])] : [message];
    }),
    clock,
  );
  expect(held.length).toBe(54);
  expect([heard.reason, told(heard)]).toEqual([null, meter.memory]);
});
