import { describe, expect, test } from "vitest";
import type { SessionEvent } from "../../src/domain/reading.js";
import { concat, hex, unhex } from "../../src/kit/bytes.js";
import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { glucocardExpression } from "../glucocard-expression/index.js";
import { onetouchUltra2 } from "../onetouch-ultra2/index.js";
import { frameBytes } from "../shared/isens/frame.js";
import { simulate } from "../shared/isens/simulated.js";
import { type FlashSimulatorModel, simulateFlash } from "../shared/isens/simulated-flash.js";
import { isens } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const BYTE_MS = 10_000 / 9_600;
const PATIENCE_MS = 10 * 60_000;

function parts(more: Partial<SimulatorOptions> = {}): SimulatorOptions & { readonly clock: VirtualClock } {
  return { count: 5, seed: 3, zone: "Europe/London", ...more, clock: new VirtualClock(START_MS) };
}

/** The meter with its bytes changed on the way; `from` is how many it sent before. Counts them too. */
function through(meter: Answerer, change: (bytes: Uint8Array, from: number) => Uint8Array) {
  let sent = 0;
  const answerer: Answerer & { sent(): number } = {
    sent: () => sent,
    receive: (bytes, send) =>
      meter.receive(bytes, (chunk) => {
        const out = change(chunk, sent);
        sent += chunk.length;
        if (out.length > 0) send(out);
      }),
  };
  return answerer;
}

/** A device that answers each write by a rule. */
function scripted(rule: (request: Uint8Array, number: number) => Uint8Array | null): Answerer {
  let number = 0;
  return {
    receive(bytes, send) {
      const answer = rule(bytes, number);
      number += 1;
      if (answer !== null) send(answer);
    },
  };
}

/** Turns one bit over in the byte of that place. */
const flipAt =
  (place: number, bit = 1) =>
  (bytes: Uint8Array, from: number) =>
    bytes.map((byte, at) => (from + at === place ? byte ^ bit : byte));

const clockOf = (events: readonly SessionEvent[]) => events.find(({ type }) => type === "clock");
const unreadableOf = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : []));

describe("protocol 3", () => {
  test.each([0, 1, 27, 28, 50, 10_000])(
    "a memory of %i is read whole, at the pace of the line",
    async (count) => {
      const options = parts({ count });
      const meter = simulate(options);
      const counted = through(meter, (bytes) => bytes);
      const heard = await hear(isens, counted, options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
      expect(heard.readings).toHaveLength(count);
      expect(heard.events.slice(0, 3).map(({ type }) => type)).toEqual(["identity", "clock", "expect"]);
      expect(heard.events[0]).toMatchObject({
        identity: { manufacturer: "i-SENS", serial: meter.serial, model: null, displayUnit: null },
      });
      expect(heard.events[2]).toEqual({ type: "expect", count });
      const bytes = counted.sent() + concat([...heard.written]).length;
      if (count >= 50) expect(heard.tookMs).toBeLessThan(bytes * BYTE_MS * 1.1);
    },
    60_000,
  );

  test("the clock is told as the meter shows it, however wrong", async () => {
    const options = parts({ clockErrorMs: -7_200_000 });
    const heard = await hear(isens, simulate(options), options.clock);
    expect(clockOf(heard.events)).toMatchObject({ deviceTime: expect.stringMatching(/^2024-05-06T06:08:\d\d$/) });
  });

  test("an answer with records is never believed unproven, whichever bit is turned over (the peer does not check them)", async () => {
    // The greeting, the serial number, the clock and the number of records are 60 bytes; two records' answer is 31.
    let ran = 0;
    for (let bit = 60 * 8; bit < 91 * 8; bit += 5) {
      const options = parts({ count: 2 });
      const meter = simulate(options);
      const heard = await hear(isens, through(meter, flipAt(bit >> 3, 1 << (bit & 7))), options.clock);
      expect(heard.reason, `bit ${bit}`).toBeNull();
      expect(heard.readings.map(inMemoryWords), `bit ${bit}`).toEqual(meter.memory);
      ran += 1;
    }
    expect(ran).toBe(50);
  });

  test("a wrong checksum is asked for again, and given up if it stays", async () => {
    const once = parts();
    const meter = simulate(once);
    const heard = await hear(isens, through(meter, flipAt(15)), once.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    const ever = parts();
    const damaged = await hear(
      isens,
      through(simulate(ever), (bytes, from) => bytes.map((byte, at) => ((from + at) % 26 === 15 ? byte ^ 4 : byte))),
      ever.clock,
    );
    expect([damaged.code, damaged.events.length]).toEqual(["FRAME_CHECKSUM", 0]);
  });

  test("a record that never comes twice alike is told as unreadable, those around it are read, and the session says so", async () => {
    const options = parts({ count: 30 });
    const meter = simulate(options);
    const bad = 8;
    let turn = 0;
    const line = answers(meter, (request, answer) => {
      const [first, count] = [(request[10] ?? 0) * 256 + (request[11] ?? 0), request[12] ?? 0];
      if (!hex(request).includes(hex(unhex("474c5545"))) || bad < first || bad >= first + count) return answer;
      turn += 1;
      return answer.map((byte, at) => (at === 10 + (bad - first) * 9 + 8 ? turn & 0xff : byte));
    });
    const heard = await hear(isens, line, options.clock);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    const wanted = meter.memory.filter((_, at) => at !== bad - 1);
    expect(heard.readings.map(inMemoryWords)).toEqual(wanted);
    expect(unreadableOf(heard.events).map(({ code }) => code)).toEqual(["FRAME_CHECKSUM"]);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });

  test("declined requests are asked for again; a meter that declines for ever refuses", async () => {
    const twice = parts({ declines: 2 });
    const meter = simulate(twice);
    const heard = await hear(isens, meter, twice.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    const ever = parts({ declines: 1_000 });
    expect((await hear(isens, simulate(ever), ever.clock)).code).toBe("METER_REFUSED");
  });

  test("a block that is declined is asked for in smaller ones", async () => {
    const options = parts({ count: 40 });
    const meter = simulate(options);
    const line = answers(meter, (request, answer) =>
      (request[12] ?? 0) > 5 && request.length === 16 ? frameBytes("SIZE") : answer,
    );
    const heard = await hear(isens, line, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });

  test("an impossible number of records ends the session, with what there is", async () => {
    const options = parts({ count: 3 });
    const meter = simulate(options);
    const line = answers(meter, (request, answer) =>
      hex(request).includes("4e 43 4f 54") ? frameBytes("NCOT", Uint8Array.of(0xff, 0xff)) : answer,
    );
    const heard = await hear(isens, line, options.clock);
    expect(heard.code).toBe("METER_REFUSED");
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });

  test("an answer whose end never comes ends the session (the peer waits for ETX for ever)", async () => {
    const options = parts();
    const line = answers(simulate(options), (_, answer) => (answer.length > 1 ? answer.subarray(0, -1) : answer));
    const heard = await hear(isens, line, options.clock);
    expect(["FRAME_TRUNCATED", "FRAME_CHECKSUM"]).toContain(heard.code);
    expect(heard.tookMs).toBeLessThan(20_000);
  });

  test("silence after any number of bytes ends the session within a bound, and nothing untrue is told", async () => {
    let ran = 0;
    for (let length = 0; length < 330; length += 7) {
      const options = parts({ count: 6 });
      const meter = simulate(options);
      const heard = await hear(
        isens,
        through(meter, (bytes, from) => bytes.subarray(0, Math.max(0, length - from))),
        options.clock,
      );
      const memory = meter.memory;
      expect(memory.slice(0, heard.readings.length)).toEqual(heard.readings.map(inMemoryWords));
      if (heard.code !== null) expect(["METER_TIMEOUT", "METER_STALLED", "FRAME_TRUNCATED"]).toContain(heard.code);
      else expect(heard.readings).toHaveLength(6);
      expect(heard.tookMs).toBeLessThan(60_000);
      ran += 1;
    }
    expect(ran).toBe(48);
  });

  test("a late answer to one block is not taken for the next", async () => {
    const options = parts({ count: 60 });
    const meter = simulate(options);
    let held: Uint8Array | null = null;
    let asked = 0;
    const line = answers(meter, (request, answer) => {
      if (request.length !== 16) return answer;
      asked += 1;
      // The first block's answer comes twice more, in place of the answers to the next two questions.
      if (asked === 2) held = answer;
      return (asked === 3 || asked === 4) && held !== null ? held : answer;
    });
    const heard = await hear(isens, line, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });

  test("records that stand twice in the memory are told twice, and dates that do not exist are told as bytes", async () => {
    const good = unhex("18 05 06 07 1f 05 a0 00 68");
    const bad = unhex("18 02 1e 07 1f 05 a0 00 68");
    const records = concat([good, bad, good]);
    const heard = await hear(isens, framedMeter(records), parts().clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(({ raw }) => hex(raw))).toEqual([hex(good), hex(good)]);
    expect(unreadableOf(heard.events).map(({ raw }) => hex(raw))).toEqual([hex(bad)]);
  });

  test("a test taken meanwhile is told, and no other twice", async () => {
    const options = parts({ count: 200, newReadingEveryMs: 4_000 });
    const meter = simulate(options);
    const before = meter.memory.length;
    const heard = await hear(isens, meter, options.clock);
    expect(heard.reason).toBeNull();
    const told = heard.readings.map(inMemoryWords).map((one) => JSON.stringify(one));
    expect(new Set(told).size).toBe(told.length);
    const memory = meter.memory.map((one) => JSON.stringify(one));
    expect(told.filter((one) => !memory.includes(one))).toEqual([]);
    expect(memory.slice(-before).filter((one) => !told.includes(one))).toEqual([]);
    expect(told.length).toBeGreaterThan(before);
  });

  test("stops at once when a person stops it", async () => {
    const options = parts({ count: 500 });
    const heard = await hear(isens, simulate(options), options.clock, { stop: ({ type }) => type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.tookMs).toBeLessThan(3_000);
  });
});

describe("protocol 1", () => {
  test.each<{ model: FlashSimulatorModel; count: number; room: number }>([
    { model: "CNP", count: 0, room: 250 },
    { model: "CNP", count: 1, room: 250 },
    { model: "CSP", count: 50, room: 250 },
    { model: "CNP", count: 250, room: 250 },
    { model: "CLP", count: 500, room: 500 },
    { model: "CVP", count: 0, room: 500 },
    { model: "CVP", count: 50, room: 500 },
    { model: "CVP", count: 500, room: 500 },
  ])("$model with $count records is read whole, without a clock", async ({ model, count, room }) => {
    const options = parts({ count });
    const meter = simulateFlash(options, model);
    const counted = through(meter, (bytes) => bytes);
    const heard = await hear(isens, counted, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    expect(heard.events.slice(0, 2)).toMatchObject([
      { type: "identity", identity: { manufacturer: "i-SENS", model, serial: meter.serial } },
      { type: "clock", deviceTime: null },
    ]);
    // Twice each: the block that says who it is, and every place, or those up to the end where it is marked.
    const places = model === "CVP" ? Math.min(room, count + 1) : room;
    expect(heard.written).toHaveLength(1 + 2 * (1 + places));
    const bytes = counted.sent() + concat([...heard.written]).length;
    if (places > 50) expect(heard.tookMs).toBeLessThan(bytes * BYTE_MS * 1.1);
  });

  test("nothing is believed that did not come twice alike, whichever bit is turned over", async () => {
    let ran = 0;
    for (let place = 1; place < 1 + 24 * 6; place += 3) {
      const options = parts({ count: 2 });
      const meter = simulateFlash(options, "CVP");
      const heard = await hear(isens, through(meter, flipAt(place + 1, 1 << (place % 8))), options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.events[0]).toMatchObject({ identity: { serial: meter.serial } });
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
      ran += 1;
    }
    expect(ran).toBe(48);
  });

  test("a place that stays damaged is told as unreadable, those around it are read, and the session says so", async () => {
    const options = parts({ count: 4 });
    const meter = simulateFlash(options, "CVP");
    const line = answers(meter, (request, answer) =>
      hex(request) === "8b 1e 22 10 28 10 2a" ? flipAt(4, 0x10)(answer, 0) : answer,
    );
    const heard = await hear(isens, line, options.clock);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory.filter((_, at) => at !== 1));
    expect(unreadableOf(heard.events)).toHaveLength(1);
  });

  test("a late answer of one place is not taken for the next", async () => {
    const options = parts({ count: 6 });
    const meter = simulateFlash(options, "CVP");
    let held: Uint8Array | null = null;
    let asked = 0;
    const line = answers(meter, (request, answer) => {
      if (hex(request).startsWith("8b 1e")) asked += 1;
      // The first place's answer comes twice more, in place of the answers to the next two questions.
      if (asked === 2) held = answer;
      return (asked === 3 || asked === 4) && held !== null ? held : answer;
    });
    const heard = await hear(isens, line, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });

  test("two records alike in two places are told twice, after the line was quiet", async () => {
    const record = [24, 5, 6, 7, 31, 5, 104, 0];
    const heard = await hear(isens, flashMeter([record, record]), parts().clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(2);
  });

  test("a model that nobody has described is refused by a clear sentence", async () => {
    const heard = await hear(isens, flashMeter([], 0x12), parts().clock);
    expect(heard.code).toBe("METER_UNSUPPORTED");
    expect(String(heard.reason)).toMatch(/unknown model/);
    expect(heard.events).toEqual([]);
  });

  test("silence in the middle ends the session as stalled", async () => {
    const options = parts({ count: 9 });
    const meter = simulateFlash(options, "CNP");
    const heard = await hear(
      isens,
      through(meter, (bytes, from) => bytes.subarray(0, Math.max(0, 230 - from))),
      options.clock,
    );
    expect(heard.code).toBe("METER_STALLED");
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory.slice(0, 3));
    expect(unreadableOf(heard.events).map(({ code }) => code)).toEqual(["FRAME_TRUNCATED"]);
  });
});

describe("what is no such meter", () => {
  const say = (text: string) => (): Uint8Array => unhex(text);
  const cases: readonly {
    name: string;
    rule: (request: Uint8Array, number: number) => Uint8Array | null;
    full: string;
    probe: string;
  }[] = [
    { name: "is silent", rule: () => null, full: "METER_TIMEOUT", probe: "METER_TIMEOUT" },
    { name: "speaks protocol 2", rule: say("2f"), full: "METER_UNSUPPORTED", probe: "METER_UNSUPPORTED" },
    { name: "answers otherwise", rule: say("15"), full: "METER_UNSUPPORTED", probe: "FRAME_MALFORMED" },
    {
      name: "answers with noise",
      rule: (_, number) => Uint8Array.of(number + 1, 0x40 + number),
      full: "FRAME_MALFORMED",
      probe: "FRAME_MALFORMED",
    },
    {
      name: "sends long lines",
      rule: () => new Uint8Array(40).fill(0x20),
      full: "FRAME_MALFORMED",
      probe: "FRAME_MALFORMED",
    },
    {
      name: "names protocol 1 and falls silent",
      rule: (_, number) => (number === 0 ? Uint8Array.of(0x20) : null),
      full: "METER_STALLED",
      probe: "FRAME_MALFORMED",
    },
    { name: "says a blank to everything", rule: say("20"), full: "FRAME_TRUNCATED", probe: "FRAME_MALFORMED" },
    {
      name: "names protocol 3 and goes on with noise",
      rule: (_, number) => (number === 0 ? Uint8Array.of(0x2e) : new Uint8Array(50).fill(number)),
      full: "FRAME_TRUNCATED",
      probe: "FRAME_MALFORMED",
    },
  ];

  test.each(cases)("and $name is given up", async ({ rule, full }) => {
    const heard = await hear(isens, scripted(rule), new VirtualClock(START_MS));
    expect([heard.code, heard.events]).toEqual([full, []]);
    expect(heard.tookMs).toBeLessThan(30_000);
  });

  test.each(cases)("and $name is given up by a probe, which wrote nothing but questions", async ({ rule, probe }) => {
    const heard = await hear(isens, scripted(rule), new VirtualClock(START_MS), { patience: "probe" });
    expect([heard.code, heard.events]).toEqual([probe, []]);
    expect(heard.tookMs).toBeLessThanOrEqual(isens.probe.withinMs + (probe === "METER_TIMEOUT" ? 0 : 300));
    for (const bytes of heard.written) {
      expect(hex(bytes)).toMatch(/^(80|8b 11 20 13 24 10 2a|02 69 53 50 63 07 52 53 4e 42 .*)$/);
    }
  });

  test.each([glucocardExpression, onetouchUltra2])("and is a $id is given up by a probe in its time", async (other) => {
    const options = parts();
    const heard = await hear(isens, other.simulate(options), options.clock, { patience: "probe" });
    expect(["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(heard.code);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(isens.probe.withinMs + 300);
  });

  test("chatters without end is given up", async () => {
    const clock = new VirtualClock(START_MS);
    const chatter: Answerer = {
      receive(_, send) {
        for (let chunk = 0; chunk < 3_000; chunk += 1) send(new Uint8Array(40).fill(0x55));
      },
    };
    expect((await hear(isens, chatter, clock)).code).toBe("FRAME_MALFORMED");
  });

  test("garbage before the greeting's answer is got over", async () => {
    const options = parts();
    const meter = simulate(options);
    const heard = await hear(
      isens,
      through(meter, (bytes, from) => (from === 0 ? concat([unhex("20 2f 00 ff 80 02 69"), bytes]) : bytes)),
      options.clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });
});

/** The meter with whole answers changed: each write is answered by one piece. */
function answers(meter: MeterSimulator, change: (request: Uint8Array, answer: Uint8Array) => Uint8Array): Answerer {
  let pending: { request: Uint8Array; got: Uint8Array; wanted: number } | null = null;
  return {
    receive(bytes, send) {
      const current = { request: bytes, got: new Uint8Array() as Uint8Array, wanted: 0 };
      pending = current;
      meter.receive(bytes, (chunk) => {
        current.got = concat([current.got, chunk]);
        current.wanted = bytes[0] === 0x80 ? 1 : bytes[0] === 0x8b ? 24 : 6 + (current.got[5] ?? 250);
        if (current.got.length >= current.wanted && pending === current) send(change(bytes, current.got));
      });
    },
  };
}

/** A meter of protocol 3 that holds these records and answers at once. */
function framedMeter(records: Uint8Array): Answerer {
  return scripted((request) => {
    const command = String.fromCharCode(...request.subarray(6, 10));
    if (request.length === 1) return Uint8Array.of(0x2e);
    if (command === "RSNB") return frameBytes(command, unhex("37 4b 32 30 34 00"));
    if (command === "RTIM") return frameBytes(command, Uint8Array.of(24, 5, 6, 8, 8, 41));
    if (command === "NCOT") return frameBytes(command, Uint8Array.of(0, records.length / 9));
    const from = ((request[11] ?? 1) - 1) * 9;
    return frameBytes(command, records.subarray(from, from + (request[12] ?? 0) * 9));
  });
}

/** A CVP (or another model code) that holds these records and answers at once. */
function flashMeter(records: readonly (readonly number[])[], code = 0x11): Answerer {
  return scripted((request) => {
    if (request.length === 1) return Uint8Array.of(0x20);
    const nibbles = [...request.subarray(1, 5)].map((byte) => byte & 15);
    const address = nibbles.reduce((sum, nibble) => sum * 16 + nibble, 0);
    const erased = [255, 255, 255, 255, 255, 255, 255, 255];
    const data = address === 0x1034 ? [1, 0, 2, 0, code, 0, 3, 0] : (records[(address - 0xe200) / 8] ?? erased);
    return Uint8Array.from(data.flatMap((byte) => [0x8b, 0x10 | (byte >> 4), 0x20 | (byte & 15)]));
  });
}
