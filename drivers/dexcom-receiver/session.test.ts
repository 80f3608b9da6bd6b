import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import type { Unreadable } from "../../src/domain/reading.js";
import { wallAt } from "../../src/domain/zone.js";
import { concat, hex, latin1 } from "../../src/kit/bytes.js";
import { crc16Xmodem } from "../../src/kit/checksum.js";
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
import { secondsOf } from "./clock.js";
import { dexcomReceiver } from "./index.js";
import { four, packet } from "./packet.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Questions that the driver has, by their command byte, without the one that sets the clock. */
const READING_WORDS = new Set([0x0a, 0x0b, 0x10, 0x11, 0x1d, 0x22, 0x25]);
/** Seeds of a G4, a G5 and a G6. */
const GENERATIONS = [
  ["G4", 3],
  ["G5", 4],
  ["G6", 5],
] as const;

function receiver(clock: VirtualClock, given: Partial<SimulatorOptions> = {}): MeterSimulator {
  return dexcomReceiver.simulate({ count: 50, seed: 3, clock, zone: "Europe/London", ...given });
}

const unreadables = (heard: Heard): Unreadable[] =>
  heard.events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : []));

/** A receiver whose answers are changed on the way: whole packets, with what was asked. Null: nothing is said. */
function through(
  meter: MeterSimulator,
  change: (answer: Uint8Array, asked: Uint8Array, times: number) => Uint8Array | readonly Uint8Array[] | null,
): Answerer {
  const asked: Uint8Array[] = [];
  const counts = new Map<string, number>();
  let came: Uint8Array = new Uint8Array();
  return {
    receive(bytes, send) {
      asked.push(Uint8Array.from(bytes));
      meter.receive(bytes, (chunk) => {
        came = concat([came, chunk]);
        const length = (came[1] ?? 0) + 256 * (came[2] ?? 0);
        if (came.length < 3 || came.length < length) return;
        const answer = came.slice(0, length);
        came = came.slice(length);
        const question = asked.shift() ?? new Uint8Array();
        const times = (counts.get(latin1(question)) ?? 0) + 1;
        counts.set(latin1(question), times);
        const changed = change(answer, question, times);
        if (changed === null) return;
        for (const one of changed instanceof Uint8Array ? [changed] : changed) send(one);
      });
    },
  };
}

const isPage = (asked: Uint8Array, type: number, number?: number): boolean =>
  asked[3] === 0x11 && asked[4] === type && (number === undefined || asked[5] === number);

/** The packet's or record's CRC made right again. */
function resealed(bytes: Uint8Array): Uint8Array {
  const crc = crc16Xmodem(bytes.subarray(0, -2));
  return concat([bytes.subarray(0, -2), Uint8Array.of(crc & 0xff, crc >> 8)]);
}

describe("a session with the simulated receiver", () => {
  test.each([
    ...GENERATIONS.flatMap(([name, seed]) => [0, 1, 50, 2_000].map((count) => ({ name, seed, count }))),
    // As many as it holds.
    { name: "G6", seed: 5, count: 26_000 },
  ])(
    "of a $name tells all of $count readings, in the time that the bytes take",
    { timeout: 60_000 },
    async ({ seed, count }) => {
      const clock = new VirtualClock(START_MS);
      const meter = receiver(clock, { count, seed });
      let bytes = 0;
      const counted: Answerer = {
        receive: (asked, send) => {
          bytes += asked.length;
          meter.receive(asked, (chunk) => {
            bytes += chunk.length;
            send(chunk);
          });
        },
      };
      const heard = await hear(dexcomReceiver, counted, clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
      expect(heard.readings).toHaveLength(count);
      expect(unreadables(heard)).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(((bytes * 10_000) / 115_200) * 1.1 + 5);
      expect(heard.events[0]).toMatchObject({
        type: "identity",
        source: "cgm",
        identity: { manufacturer: "Dexcom", serial: meter.serial, displayUnit: "mg/dL" },
      });
      expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:09" });
    },
  );

  test("tells each time that the display was set, before the readings, and each reading's place among them", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { count: 12_000, seed: 5, clockErrorMs: -600_000 });
    const heard = await hear(dexcomReceiver, meter, clock);
    expect(heard.events.slice(0, 4).map(({ type }) => type)).toEqual(["identity", "clock", "clockChanges", "readings"]);
    const forward = secondsOf("2024-03-31T01:00:00");
    expect(heard.events[2]).toEqual({
      type: "clockChanges",
      changes: [{ from: "2024-03-31T00:50:00", to: "2024-03-31T01:50:00", order: forward }],
    });
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T07:58:09" });
    let ran = 0;
    for (const { deviceTime, order = 0, note } of heard.readings) {
      const offset = order < forward ? -600 : 3_000;
      expect(secondsOf(deviceTime ?? "") - order).toBe(offset);
      expect(note ?? "").not.toContain("settings");
      ran += 1;
    }
    expect(ran).toBe(12_000);
  });

  test("of a receiver that shows mmol/L gives mg/dL all the same", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { unit: "mmol/L" });
    const heard = await hear(dexcomReceiver, meter, clock);
    expect(heard.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(new Set(heard.readings.filter(({ kind }) => kind === "glucose").map(({ unit }) => unit))).toEqual(
      new Set(["mg/dL"]),
    );
  });

  test("gives a reading the same identity parts the next time, with new ones behind it", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { seed: 5, newReadingEveryMs: 60_000 });
    const parts = (heard: Heard): string[] =>
      heard.readings.map(({ kind, deviceTime, index, asSent }) => JSON.stringify([kind, deviceTime, index, asSent]));
    const first = parts(await hear(dexcomReceiver, meter, clock));
    clock.advance(3_600_000);
    const second = parts(await hear(dexcomReceiver, meter, clock));
    expect(first.filter((one) => !second.includes(one))).toEqual([]);
    expect(second.length).toBeGreaterThan(first.length + 40);
    expect(new Set(second).size).toBe(second.length);
  });

  test("yields a page's readings before the next page has come", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(dexcomReceiver, receiver(clock, { count: 200 }), clock, {
      stop: ({ type }) => type === "readings",
    });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings.length).toBeLessThanOrEqual(38);
    expect(heard.readings.length).toBeGreaterThan(30);
  });

  test("says only words that read, whatever happens", async () => {
    const said = new Set<number>();
    for (const change of [(answer: Uint8Array) => answer, () => null, () => packet(2), () => Uint8Array.of(1, 2, 3)]) {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(dexcomReceiver, through(receiver(clock), change), clock);
      for (const bytes of heard.written) said.add(bytes[3] ?? -1);
    }
    expect([...said].filter((word) => !READING_WORDS.has(word))).toEqual([]);
    expect(said.size).toBe(READING_WORDS.size);
  });
});

describe("a session in which the receiver", () => {
  test("declines twice, sends noise first, or is slow, loses nothing", async () => {
    let ran = 0;
    for (const kinds of [[], ["garbage"], ["slow"], ["checksum"], ["slow", "garbage"]] as const) {
      for (const seed of [3, 4, 5]) {
        const clock = new VirtualClock(START_MS);
        const meter = receiver(clock, { seed, declines: 2 });
        const heard = await hear(dexcomReceiver, misbehaving(meter, kinds, clock, seed), clock);
        expect(heard.reason, `${kinds} ${seed}`).toBeNull();
        expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
        ran += 1;
      }
    }
    expect(ran).toBe(15);
  });

  test("declines for ever ends with METER_REFUSED", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(dexcomReceiver, receiver(clock, { declines: 1_000 }), clock);
    expect(heard.code).toBe("METER_REFUSED");
    expect(heard.events).toEqual([]);
    expect(heard.written).toHaveLength(3);
  });

  test("falls silent at any byte ends within a bound, with what was proven", async () => {
    let ran = 0;
    for (let after = 0; after < 4_300; after += 71) {
      const clock = new VirtualClock(START_MS);
      const meter = receiver(clock, { seed: 5 });
      let sent = 0;
      const stopping: Answerer = {
        receive: (asked, send) =>
          meter.receive(asked, (chunk) => {
            const left = chunk.slice(0, Math.max(0, after - sent));
            sent += chunk.length;
            if (left.length > 0) send(left);
          }),
      };
      const heard = await hear(dexcomReceiver, stopping, clock);
      expect(["METER_TIMEOUT", "METER_STALLED", "FRAME_TRUNCATED", "FRAME_MALFORMED"]).toContain(heard.code);
      expect(heard.tookMs).toBeLessThan(10_000);
      const told = heard.readings.map(inMemoryWords);
      expect(told).toEqual(meter.memory.slice(0, told.length));
      ran += 1;
    }
    expect(ran).toBe(61);
  });

  test("sends one page damaged once loses nothing, and tells nothing twice", async () => {
    let ran = 0;
    for (let place = 0; place < 534; place += 11) {
      const clock = new VirtualClock(START_MS);
      const meter = receiver(clock, { count: 30 });
      const heard = await hear(
        dexcomReceiver,
        through(meter, (answer, asked, times) =>
          isPage(asked, 4) && times === 1 ? answer.map((byte, at) => (at === place ? byte ^ 0x11 : byte)) : answer,
        ),
        clock,
      );
      expect(heard.reason, `byte ${place}`).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
      ran += 1;
    }
    expect(ran).toBe(49);
  });

  test("sends one page damaged for ever tells what is proven of it, goes on, and ends with the damage", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { count: 120 });
    const heard = await hear(
      dexcomReceiver,
      through(meter, (answer, asked) =>
        isPage(asked, 4, 1) ? answer.map((byte, at) => (at === 4 + 28 + 13 * 5 + 8 ? byte ^ 0x24 : byte)) : answer,
      ),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(unreadables(heard)).toMatchObject([{ code: "FRAME_CHECKSUM" }]);
    expect(unreadables(heard)[0]?.raw).toHaveLength(13);
    expect(heard.readings).toHaveLength(119);
    const lost = meter.memory.filter(
      (one) => !heard.readings.map(inMemoryWords).some((told) => JSON.stringify(told) === JSON.stringify(one)),
    );
    expect(lost).toHaveLength(1);
  });

  test("sends every page damaged is given up after three", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(
      dexcomReceiver,
      through(receiver(clock, { count: 400 }), (answer, asked) =>
        isPage(asked, 4) ? answer.map((byte, at) => (at > 6 ? byte ^ 0x24 : byte)) : answer,
      ),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings).toEqual([]);
    expect(unreadables(heard)).toHaveLength(3);
    expect(heard.written.filter((bytes) => isPage(bytes, 4))).toHaveLength(9);
  });

  test("sends its settings damaged for ever ends before any reading: their times could be wrong", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(
      dexcomReceiver,
      through(receiver(clock), (answer, asked) =>
        isPage(asked, 12) ? answer.map((byte, at) => (at === 60 ? byte ^ 0x24 : byte)) : answer,
      ),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings).toEqual([]);
  });

  test("answers everything twice, or a question late, is not misunderstood", async () => {
    for (const seed of [3, 4, 5]) {
      const clock = new VirtualClock(START_MS);
      const meter = receiver(clock, { seed });
      const twice = await hear(
        dexcomReceiver,
        through(meter, (answer) => [answer, answer]),
        clock,
      );
      expect(twice.reason).toBeNull();
      expect(twice.readings.map(inMemoryWords)).toEqual(meter.memory);
      let held: Uint8Array | null = null;
      const late = await hear(
        dexcomReceiver,
        // The first answer to each tenth question comes with the second.
        through(meter, (answer, asked, times) => {
          if (times === 1 && (asked[asked.length - 1] ?? 0) % 10 === 3) {
            held = answer;
            return null;
          }
          const both = held === null ? [answer] : [held, answer];
          held = null;
          return both;
        }),
        clock,
      );
      expect(late.reason).toBeNull();
      expect(late.readings.map(inMemoryWords)).toEqual(meter.memory);
    }
  });

  test("holds the same records twice, on one page and on two, tells each once", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { count: 100 });
    let before: Uint8Array | null = null;
    const heard = await hear(
      dexcomReceiver,
      through(meter, (answer, asked) => {
        if (!isPage(asked, 4)) return answer;
        const changed = Uint8Array.from(answer);
        const records = changed.subarray(32, 32 + 38 * 13);
        // The first record again in the place of the second, and on the next page that page's last in the first place.
        if (before === null) records.set(records.slice(0, 13), 13);
        else records.set(before, 0);
        before = records.slice(37 * 13);
        return resealed(changed);
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    const raws = heard.readings.map(({ raw }) => hex(raw));
    expect(new Set(raws).size).toBe(raws.length);
    expect(heard.readings.length).toBeLessThan(100);
    expect(heard.readings.length).toBeGreaterThan(90);
  });

  test("holds records out of order tells them in the order in which they lie", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { count: 30 });
    const heard = await hear(
      dexcomReceiver,
      through(meter, (answer, asked) => {
        if (!isPage(asked, 4)) return answer;
        const changed = Uint8Array.from(answer);
        const [first, second] = [changed.slice(32, 45), changed.slice(45, 58)];
        changed.set(second, 32);
        changed.set(first, 45);
        return resealed(changed);
      }),
      clock,
    );
    const [one, two, ...rest] = meter.memory;
    expect(heard.readings.map(inMemoryWords)).toEqual([two, one, ...rest]);
  });

  test("claims impossible pages ends with FRAME_MALFORMED", async () => {
    for (const [first, last] of [
      [5, 4],
      [0, 1_000_000],
      [0, 0xffffffff],
    ] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(
        dexcomReceiver,
        through(receiver(clock), (answer, asked) =>
          asked[3] === 0x10 && asked[4] === 4 ? packet(1, [...four(first), ...four(last)]) : answer,
        ),
        clock,
      );
      expect(heard.code).toBe("FRAME_MALFORMED");
      expect(heard.readings).toEqual([]);
    }
  });

  test("announces more records on a page than fit tells those that do, and that there should be more", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { count: 20 });
    const heard = await hear(
      dexcomReceiver,
      through(meter, (answer, asked) => {
        if (!isPage(asked, 4)) return answer;
        const changed = Uint8Array.from(answer);
        changed.set(four(60_000), 4 + 4);
        changed.set(resealed(changed.slice(4, 32)), 4);
        return resealed(changed);
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    // The room behind the records is filling, whose CRC is wrong.
    expect(unreadables(heard).length).toBeGreaterThan(1);
    expect(unreadables(heard).at(-1)?.code).toBe("FRAME_MALFORMED");
  });

  test("refuses one page goes on with the next, and ends with that problem", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { count: 120 });
    const heard = await hear(
      dexcomReceiver,
      through(meter, (answer, asked) => (isPage(asked, 4, 1) ? packet(6) : answer)),
      clock,
    );
    expect(heard.code).toBe("METER_REFUSED");
    // One of its 38 records holds no reading.
    expect(heard.readings).toHaveLength(120 - 37);
  });

  test("does not tell its serial number is left alone", async () => {
    for (const answerOf of [
      (asked: Uint8Array) => (asked[3] === 0x10 && asked[4] === 0 ? packet(1, new Array(8).fill(0xff)) : null),
      (asked: Uint8Array, answer: Uint8Array) =>
        isPage(asked, 0) ? resealed(Uint8Array.from(answer, (byte) => (byte === 0x53 ? 0x54 : byte))) : null,
    ]) {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(
        dexcomReceiver,
        through(receiver(clock), (answer, asked) => answerOf(asked, answer) ?? answer),
        clock,
      );
      expect(heard.code).toBe("METER_UNSUPPORTED");
      expect(heard.events).toEqual([]);
    }
  });

  test("does not tell its unit or its clock is read all the same", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock);
    const heard = await hear(
      dexcomReceiver,
      through(meter, (answer, asked) => ([0x25, 0x1d].includes(asked[3] ?? 0) ? packet(3) : answer)),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.events[0]).toMatchObject({ identity: { displayUnit: null } });
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: null });
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });

  test("was set and its settings do not tell when: the newest readings do", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { count: 100, newReadingEveryMs: 300_000 });
    const answer = await setTo(meter, clock, "2024-05-06T12:08:09");
    expect(answer.code).toBeNull();
    clock.advance(3 * 3_600_000);
    const heard = await hear(
      dexcomReceiver,
      // The settings page is told as it was before: the last record left out.
      through(meter, (told, asked) => {
        if (!isPage(asked, 12)) return told;
        const changed = Uint8Array.from(told);
        changed.set(four((changed[8] ?? 0) - 1), 8);
        changed.set(resealed(changed.slice(4, 32)), 4);
        return resealed(changed);
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    const changes = heard.events.flatMap((event) => (event.type === "clockChanges" ? event.changes : []));
    expect(changes).toHaveLength(1);
    const { order } = changes[0] ?? { order: 0 };
    const shownAhead = heard.readings
      .filter(({ specimen }) => specimen === "interstitial")
      .map(({ deviceTime, order: at = 0 }) => [at >= (order ?? 0), secondsOf(deviceTime ?? "") - at]);
    expect(shownAhead.length).toBeGreaterThan(120);
    for (const [since, offset] of shownAhead) expect(offset).toBe(since === true ? 18_000 : 3_600);
  });
});

describe("a session with something else", () => {
  const say = (bytes: () => Uint8Array): Answerer => ({ receive: (_, send) => send(bytes()) });

  test.each<[string, Answerer, string]>([
    ["nothing", { receive: () => undefined }, "METER_TIMEOUT"],
    ["lines of text", say(() => Uint8Array.from(Buffer.from("OK\r\n"))), "FRAME_MALFORMED"],
    ["an echo", { receive: (bytes, send) => send(bytes) }, "FRAME_MALFORMED"],
    ["half a packet", say(() => Uint8Array.of(1, 6, 0)), "FRAME_MALFORMED"],
    [
      "answers to other questions, without end",
      say(() => concat(new Array(100).fill(packet(1, [7])))),
      "FRAME_MALFORMED",
    ],
    ["a lot of noise", say(() => new Uint8Array(70_000).fill(0xaa)), "FRAME_MALFORMED"],
  ])("that answers with %s ends soon", async (_, answerer, code) => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(dexcomReceiver, answerer, clock);
    expect(heard.code).toBe(code);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(6_000);
    const probed = await hear(dexcomReceiver, answerer, clock, { patience: "probe" });
    expect(["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(probed.code);
    expect(probed.tookMs).toBeLessThanOrEqual(dexcomReceiver.probe.withinMs);
    expect(new Set(probed.written.map((bytes) => hex(bytes)))).toEqual(new Set(["01 06 00 0a 5e 65"]));
  });

  test("that never stops talking is given up, asked or tried", async () => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const chatter: Answerer = {
        receive(_, send) {
          void (async () => {
            for (let said = 0; said < 5_000; said += 1) {
              await clock.sleep(20);
              send(Uint8Array.of(1, 0, 1, 0x55, 0xaa));
            }
          })();
        },
      };
      const heard = await hear(dexcomReceiver, chatter, clock, { patience });
      expect(["FRAME_MALFORMED", "FRAME_CHECKSUM"]).toContain(heard.code);
      expect(heard.tookMs).toBeLessThan(patience === "probe" ? 1_001 : 40_000);
    }
  });

  test("is not what a receiver is when it is only tried: it is read whole", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { seed: 4 });
    const heard = await hear(dexcomReceiver, meter, clock, { patience: "probe" });
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });
});

/** Sets the receiver's clock to the London time that is, or to the given one. */
async function setTo(answerer: Answerer, clock: VirtualClock, wall?: string) {
  const transport = lineTo(answerer);
  const setClock = dexcomReceiver.setClock;
  if (setClock === null) throw new Error("it can't be set");
  const context = {
    transport,
    clock,
    signal: new AbortController().signal,
    log: silentLog,
    wallNow: () => wall ?? wallAt("Europe/London", clock.now()),
  };
  try {
    const shown = await inVirtualTime(clock, () => setClock(context));
    return { shown, code: null, written: transport.written };
  } catch (error) {
    return { shown: null, code: asProblem(error).code, written: transport.written };
  }
}

describe("setting the clock", () => {
  test.each(GENERATIONS)("of a %s makes it show the right time, and its log tells of it", async (_, seed) => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { seed, count: 20, clockErrorMs: 4_321_000 });
    const memory = JSON.stringify(meter.memory);
    expect(meter.clock()).toBe("2024-05-06T09:20:10");
    const { shown, code } = await setTo(meter, clock);
    expect(code).toBeNull();
    expect(shown).toBe(wallAt("Europe/London", clock.now()));
    expect(meter.clock()).toBe(shown);
    expect(JSON.stringify(meter.memory)).toBe(memory);
    clock.advance(60_000);
    const heard = await hear(dexcomReceiver, meter, clock);
    expect(heard.reason).toBeNull();
    const changes = heard.events.flatMap((event) => (event.type === "clockChanges" ? event.changes : []));
    expect(changes).toHaveLength(1);
    expect(secondsOf(changes[0]?.from ?? "") - secondsOf(changes[0]?.to ?? "")).toBe(4_321);
    expect(JSON.stringify(heard.readings.map(inMemoryWords))).toBe(memory);
  });

  test("asks who it is first, and changes nothing but the display's offset", async () => {
    const clock = new VirtualClock(START_MS);
    const { written } = await setTo(receiver(clock), clock);
    const words = written.map((bytes) => bytes[3] ?? 0);
    expect(words.filter((word) => !READING_WORDS.has(word))).toEqual([0x1e]);
    expect(words.indexOf(0x11)).toBeLessThan(words.indexOf(0x1e));
    expect(words.indexOf(0x11)).toBeGreaterThan(0);
  });

  test.each([
    ["declines", (asked: Uint8Array) => (asked[3] === 0x1e ? packet(6) : null)],
    ["goes on showing another time", (asked: Uint8Array) => (asked[3] === 0x1d ? packet(1, four(0)) : null)],
  ])("of a receiver that %s is told as refused", async (_, instead) => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock);
    const { code, shown } = await setTo(
      through(meter, (answer, asked) => instead(asked) ?? answer),
      clock,
    );
    expect([code, shown]).toEqual(["METER_REFUSED", null]);
  });

  test("is done once more if the answer was lost, to the same time", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = receiver(clock, { clockErrorMs: -90_000 });
    const lossy = through(meter, (answer, asked, times) => (asked[3] === 0x1e && times === 1 ? null : answer));
    const { shown, written } = await setTo(lossy, clock);
    expect(shown).toBe(wallAt("Europe/London", clock.now()));
    expect(written.filter((bytes) => bytes[3] === 0x1e)).toHaveLength(2);
  });

  test("of nothing ends with METER_TIMEOUT", async () => {
    expect((await setTo({ receive: () => undefined }, new VirtualClock(START_MS))).code).toBe("METER_TIMEOUT");
  });
});
