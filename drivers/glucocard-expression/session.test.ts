import { describe, expect, test } from "vitest";
import type { SessionEvent } from "../../src/domain/reading.js";
import { concat, hex, latin1Bytes } from "../../src/kit/bytes.js";
import type { SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { isens } from "../isens/index.js";
import { onetouchUltra2 } from "../onetouch-ultra2/index.js";
import { glucocardExpression as driver } from "./index.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const BYTE_MS = 10_000 / 19_200;
const PATIENCE_MS = 10 * 60_000;
/** What the meter says before the dump: to the ping, of its serial number and its clock. */
const BEFORE_DUMP = 33;

function parts(more: Partial<SimulatorOptions> = {}): SimulatorOptions & { readonly clock: VirtualClock } {
  return { count: 20, seed: 3, zone: "Europe/London", ...more, clock: new VirtualClock(START_MS) };
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

const flipAt =
  (place: number, bit = 1) =>
  (bytes: Uint8Array, from: number) =>
    bytes.map((byte, at) => (from + at === place ? byte ^ bit : byte));

function packet(operation: number, payload: readonly number[]): Uint8Array {
  const body = [operation, ...payload, 0, 0, 0, 0, 0, 0, 0, 0].slice(0, 9);
  return Uint8Array.of(0xdd, ...body, body.reduce((sum, byte) => sum + byte, 0) % 256);
}

/** A record of 6 May 2024, 07:31, or of another day; `off` makes its own checksum wrong. */
function record(amount: number, day = 6, off = 0): Uint8Array {
  const word = (number: number): number[] => [number & 255, number >> 8];
  const sum = 24 + 1 + 5 + day + 7 + 31 + amount + off;
  return packet(0x10, [0x98, 0x50, ...word(day + 7 * 32 + 31 * 1024), ...word(amount), ...word(sum)]);
}

const EMPTY = packet(0x10, [255, 255, 255, 255, 255, 255, 255, 255]);

/** A meter that answers at once, and gives these packets for its memory, filled up with empty ones; another list each time. */
function holding(...dumps: readonly (readonly Uint8Array[])[]): Answerer {
  let asked = 0;
  return {
    receive(bytes, send) {
      const operation = bytes[1] ?? 0;
      if (operation === 0x00) send(packet(0x00, [1]));
      if (operation === 0x07) send(packet(0x07, [24, 5, 0x06, 0x21]));
      if (operation === 0x0f) send(packet(0x0f, [...latin1Bytes("3716042E")]));
      if (operation === 0x10) {
        const dump = dumps[Math.min(asked, dumps.length - 1)] ?? [];
        asked += 1;
        send(concat(dump));
      }
    },
  };
}

const filled = (packets: readonly Uint8Array[], places = 300): Uint8Array[] => [
  ...packets,
  ...Array.from({ length: places - packets.length }, () => EMPTY),
];

const unreadableOf = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : []));

const values = (heard: { readings: readonly { value: number | null }[] }) => heard.readings.map(({ value }) => value);

describe("a memory", () => {
  test.each([0, 1, 50, 300])("of %i is read whole, at the pace of the line", async (count) => {
    const options = parts({ count });
    const meter = simulate(options);
    const counted = through(meter, (bytes) => bytes);
    const heard = await hear(driver, counted, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    expect(heard.events[0]).toMatchObject({
      type: "identity",
      identity: { manufacturer: "Arkray", serial: meter.serial, displayUnit: null },
    });
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:00" });
    expect(heard.written.map((bytes) => bytes[1])).toEqual([0x00, 0x0f, 0x07, 0x10]);
    const bytes = counted.sent() + 44;
    expect(heard.tookMs).toBeLessThan(bytes * BYTE_MS * 1.1);
  });

  test("of a model in mmol/L gives no number, and every record's bytes", async () => {
    const options = parts({ unit: "mmol/L" });
    const heard = await hear(driver, simulate(options), options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toEqual([]);
    expect(unreadableOf(heard.events).map(({ code }) => code)).toEqual(
      Array.from({ length: 20 }, () => "METER_UNSUPPORTED"),
    );
  });

  test("that is smaller than the sheet says is told as far as it came, and the session says that it stalled", async () => {
    const heard = await hear(driver, holding(filled([record(104), record(93, 5)], 250)), parts().clock);
    expect(heard.code).toBe("METER_STALLED");
    expect(values(heard)).toEqual([104, 93]);
  });

  test("that is larger than the sheet says is told whole", async () => {
    const heard = await hear(driver, holding([...filled([record(104)]), record(93, 5), record(88, 4)]), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, 93, 88]);
  });

  test("that never ends is given up", async () => {
    const dump = Array.from({ length: 900 }, () => EMPTY);
    const heard = await hear(driver, holding(dump), parts().clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
  });
});

describe("damage", () => {
  test("of one packet has the memory read again, and tells each record once", async () => {
    let ran = 0;
    for (let bit = 0; bit < 88; bit += 3) {
      const options = parts();
      const meter = simulate(options);
      const line = through(meter, flipAt(BEFORE_DUMP + 11 * 4 + (bit >> 3), 1 << (bit & 7)));
      const heard = await hear(driver, line, options.clock);
      expect(heard.reason, `bit ${bit}`).toBeNull();
      const told = heard.readings.map(inMemoryWords);
      expect(told).toHaveLength(20);
      expect(told).toEqual(expect.arrayContaining([...meter.memory]));
      expect(unreadableOf(heard.events).map(({ code }) => code)).toEqual(["FRAME_CHECKSUM"]);
      ran += 1;
    }
    expect(ran).toBe(30);
  });

  test("that lost or added a byte is got over", async () => {
    for (const change of [
      (bytes: Uint8Array, from: number) => bytes.filter((_, at) => from + at !== 80),
      (bytes: Uint8Array, from: number) =>
        from <= 80 && from + bytes.length > 80 ? concat([bytes, Uint8Array.of(0xdd)]) : bytes,
    ]) {
      const options = parts();
      const meter = simulate(options);
      const heard = await hear(driver, through(meter, change), options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(expect.arrayContaining([...meter.memory]));
      expect(heard.readings).toHaveLength(20);
    }
  });

  test("that stays is told, as are all records around it, and the session ends with it", async () => {
    const options = parts();
    const meter = simulate(options);
    const line = through(meter, (bytes, from) =>
      bytes.map((byte, at) => ((from + at - BEFORE_DUMP) % 3_300 === 50 ? byte ^ 0x20 : byte)),
    );
    const heard = await hear(driver, line, options.clock);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory.filter((_, at) => at !== 4));
    expect(heard.written.filter((bytes) => bytes[1] === 0x10)).toHaveLength(3);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });

  test("of the serial number or the clock has them asked for again", async () => {
    for (const place of [5, 16, 27]) {
      const options = parts();
      const meter = simulate(options);
      const heard = await hear(driver, through(meter, flipAt(place)), options.clock);
      expect(heard.reason).toBeNull();
      expect(heard.events[0]).toMatchObject({ identity: { serial: meter.serial } });
      expect(heard.events[1]).toMatchObject({ deviceTime: expect.stringContaining("2024-05-06T08:08") });
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    }
  });

  test("of the clock that stays leaves the session without it, and says so", async () => {
    const options = parts();
    const meter = simulate(options);
    const line: Answerer = {
      receive: (bytes, send) =>
        bytes[1] === 0x07 ? send(packet(0x07, [24, 13, 6, 0x21])) : meter.receive(bytes, send),
    };
    const heard = await hear(driver, line, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.events.slice(0, 3).map(({ type }) => type)).toEqual(["identity", "unreadable", "clock"]);
    expect(heard.events[2]).toEqual({ type: "clock", deviceTime: null });
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });

  test("in the meter's own memory is told once, and the session ends well: it sends the same each time", async () => {
    const heard = await hear(driver, holding(filled([record(104), record(93, 5, 7), record(88, 31)])), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, 88]);
    expect(unreadableOf(heard.events).map(({ code, raw }) => [code, hex(raw)])).toEqual([
      ["FRAME_CHECKSUM", hex(record(93, 5, 7))],
    ]);
  });

  test("of a date that does not exist costs that record alone", async () => {
    const heard = await hear(driver, holding(filled([record(104), record(93, 0), record(88, 4)])), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, 88]);
    expect(unreadableOf(heard.events)).toHaveLength(1);
  });
});

describe("a packet that comes twice", () => {
  const [one, two] = [record(104), record(93, 5)];

  test("is two tests of one minute if the memory has just as many places", async () => {
    const heard = await hear(driver, holding(filled([one, one, two])), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, 93, 104]);
  });

  test("was doubled on its way if one came too many", async () => {
    const heard = await hear(driver, holding([one, one, ...filled([two], 299)]), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, 93]);
  });

  test("does not push the last record out", async () => {
    const days = Array.from({ length: 299 }, (_, at) => record(100 + at, 1 + (at % 28)));
    const heard = await hear(driver, holding([one, one, ...days]), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, ...values({ readings: days.map((_, at) => ({ value: 100 + at })) })]);
  });

  test("may be either if fewer came too many than are alike: the memory is read again", async () => {
    const dumps = [filled([one, one, two, two], 301), filled([one, one, two])];
    const heard = await hear(driver, holding(...dumps), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, 93, 104]);
    expect(unreadableOf(heard.events).map(({ code }) => code)).toEqual(["FRAME_MALFORMED", "FRAME_MALFORMED"]);
  });

  test("as a whole dump is told once", async () => {
    const dump = filled([one, two]);
    const heard = await hear(driver, holding([...dump, ...dump]), parts().clock);
    expect(heard.reason).toBeNull();
    expect(values(heard)).toEqual([104, 93]);
  });
});

describe("a meter that stops", () => {
  test("after any number of bytes ends the session within a bound, and nothing untrue is told", async () => {
    let ran = 0;
    for (let length = 0; length < 300; length += 7) {
      const options = parts();
      const meter = simulate(options);
      const line = through(meter, (bytes, from) => bytes.subarray(0, Math.max(0, length - from)));
      const heard = await hear(driver, line, options.clock);
      const whole = Math.max(0, Math.floor((length - BEFORE_DUMP) / 11));
      expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory.slice(0, Math.min(20, whole)));
      const codes = ["METER_TIMEOUT", "METER_STALLED", "FRAME_TRUNCATED", "FRAME_MALFORMED"];
      expect(codes, `after ${length}`).toContain(heard.code);
      expect(heard.code === "METER_TIMEOUT").toBe(length === 0);
      expect(heard.tookMs).toBeLessThan(60_000);
      ran += 1;
    }
    expect(ran).toBe(43);
  });

  test("is asked again where it did not hear", async () => {
    const options = parts({ declines: 3 });
    const meter = simulate(options);
    const heard = await hear(driver, meter, options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });
});

describe("what is no such meter", () => {
  const cases: readonly { name: string; device: Answerer; code: string }[] = [
    { name: "is silent", device: { receive: () => undefined }, code: "METER_TIMEOUT" },
    { name: "echoes", device: { receive: (bytes, send) => send(bytes) }, code: "FRAME_MALFORMED" },
    { name: "says a line", device: { receive: (_, send) => send(latin1Bytes('@ "X"\r\n')) }, code: "FRAME_MALFORMED" },
    { name: "does not agree", device: { receive: (_, send) => send(packet(0x00, [0])) }, code: "METER_REFUSED" },
    {
      name: "answers another question",
      device: { receive: (_, send) => send(packet(0x07, [1])) },
      code: "FRAME_MALFORMED",
    },
  ];

  test.each(cases)("and $name is given up", async ({ device, code }) => {
    const heard = await hear(driver, device, new VirtualClock(START_MS));
    expect(heard.events).toEqual([]);
    expect(heard.code).toBe(code);
    expect(heard.tookMs).toBeLessThan(12_000);
  });

  test.each(cases)("and $name is given up by a probe in its time, which only pinged", async ({ device, code }) => {
    const heard = await hear(driver, device, new VirtualClock(START_MS), { patience: "probe" });
    expect(heard.events).toEqual([]);
    expect(heard.code).toBe(code === "METER_TIMEOUT" ? code : "FRAME_MALFORMED");
    expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs + 300);
    if (code === "METER_TIMEOUT") expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
    expect(new Set(heard.written.map(hex))).toEqual(new Set(["aa 00 00 00 00 00 00 00 00 00 00"]));
  });

  test.each([isens, onetouchUltra2])("and is a $id is given up by a probe in its time", async (other) => {
    const options = parts();
    const heard = await hear(driver, other.simulate(options), options.clock, { patience: "probe" });
    expect(["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(heard.code);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs + 300);
  });

  test("chatters without end is given up", async () => {
    const chatter: Answerer = {
      receive(_, send) {
        for (let chunk = 0; chunk < 3_000; chunk += 1) send(new Uint8Array(40).fill(0xdd));
      },
    };
    expect((await hear(driver, chatter, new VirtualClock(START_MS))).code).toBe("FRAME_MALFORMED");
  });

  test("garbage before the first answer is got over", async () => {
    const options = parts();
    const meter = simulate(options);
    const noise = (bytes: Uint8Array, from: number) =>
      from === 0 ? concat([Uint8Array.of(0xdd, 0, 1, 0xaa, 9), bytes]) : bytes;
    const heard = await hear(driver, through(meter, noise), options.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  });
});
