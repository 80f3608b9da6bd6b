import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { hex } from "../../src/kit/bytes.js";
import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { misbehaving } from "../../src/kit/misbehave.js";
import { seededRandom } from "../../src/kit/simulated.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { damaged, storm, through, told, unreadables } from "../../test/helpers/lifescan-line.js";
import { type Answerer, type Heard, hear, inVirtualTime, lineTo } from "../../test/helpers/simulated-line.js";
import { DRIVERS } from "../index.js";
import { letters, little, spoken } from "../shared/lifescan/simulated.js";
import { onetouchUltraMini as driver } from "./index.js";
import { setClock } from "./set-clock.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Frames that a meter with three readings sends: one for the opening, two for each of five questions, three records, two at the end. */
const FRAMES = 1 + 2 * (5 + 3 + 2);
const OPENINGS = ["02 06 08 03 c2 62", "02 06 0b 03 91 37"];

interface Bench {
  readonly clock: VirtualClock;
  readonly meter: MeterSimulator;
}

function bench(count: number, seed: number, more: Partial<SimulatorOptions> = {}): Bench {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count, seed, clock, zone: "Europe/London", ...more }) };
}

/** Every frame with data in it that is as long as a record's. */
const isRecord = (frame: Uint8Array): boolean => frame.length === 16;
/** The mini's link number and message of a frame, framed anew. */
const reframed = (frame: Uint8Array, message: readonly number[]): Uint8Array => spoken(message, frame[2]);

/** Every write is one of the words that read, an acknowledgement or an opening. */
function demandReadsOnly({ written }: Heard): void {
  const words = [/^$/, /^05 0b 02/, /^05 0d 02$/, /^05 09 02/, /^05 20 02/, /^05 1f .. ..$/];
  for (const bytes of written) {
    const message = hex(bytes.slice(3, -3));
    expect(
      words.some((word) => word.test(message)),
      message,
    ).toBe(true);
  }
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [500, 4],
  ])(
    "tells all of its %i readings as they stand in memory (seed %i), in the time that the line takes",
    async (count, seed) => {
      const { clock, meter } = bench(count, seed);
      let came = 0;
      const heard = await hear(
        driver,
        through(meter, (frame) => {
          came += frame.length;
          return [frame];
        }),
        clock,
      );
      expect(heard.reason).toBeNull();
      expect(told(heard)).toEqual(meter.memory);
      expect(heard.readings).toHaveLength(count);
      const [identity, time, expected] = heard.events;
      expect(identity).toMatchObject({ type: "identity", identity: { serial: meter.serial, displayUnit: "mg/dL" } });
      expect(identity).toMatchObject({ identity: { firmware: "P02.00.00 25/05/07" } });
      expect(time).toMatchObject({ type: "clock", deviceTime: "2024-05-06T08:08:09" });
      expect(expected).toEqual({ type: "expect", count });
      const bytes = came + heard.written.reduce((sum, { length }) => sum + length, 0);
      expect(heard.tookMs).toBeLessThanOrEqual(1.1 * ((bytes * 10_000) / 9_600));
      demandReadsOnly(heard);
    },
  );

  test("tells LO and HI as bounds with a flag, as the memory holds them", async () => {
    const { clock, meter } = bench(300, 11);
    const heard = await hear(driver, meter, clock);
    expect(told(heard)).toEqual(meter.memory);
    expect(new Set(heard.readings.map(({ outOfRange }) => outOfRange))).toEqual(new Set([null, "low", "high"]));
    expect(heard.readings.every(({ value }) => value !== null && value >= 20 && value <= 600)).toBe(true);
  });

  test("says what the display is set to, and keeps mg/dL", async () => {
    const { clock, meter } = bench(3, 5, { unit: "mmol/L" });
    const heard = await hear(driver, meter, clock);
    expect(heard.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
    expect(heard.readings.map(({ unit }) => unit)).toEqual(["mg/dL", "mg/dL", "mg/dL"]);
  });

  test("takes leave at the end, so that the meter can be used again", async () => {
    const { clock, meter } = bench(2, 5);
    const heard = await hear(driver, meter, clock);
    expect(hex(heard.written.at(-1) ?? new Uint8Array())).toBe(OPENINGS[0]);
  });

  test("yields a reading before the next one has come", async () => {
    const { clock, meter } = bench(20, 5);
    const heard = await hear(driver, meter, clock, { stop: (event) => event.type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings).toHaveLength(1);
  });

  test("tells a test that is taken while it reads, and loses none that it moves", async () => {
    const { clock, meter } = bench(30, 6, { newReadingEveryMs: 400 });
    const heard = await hear(driver, meter, clock);
    expect(heard.reason).toBeNull();
    const memory = meter.memory.map((one) => JSON.stringify(one));
    const all = told(heard).map((one) => JSON.stringify(one));
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((one) => !memory.includes(one))).toEqual([]);
    // All that the memory held at the start, and at least the first of the new ones.
    expect(memory.slice(-30).filter((one) => !all.includes(one))).toEqual([]);
    expect(all.length).toBeGreaterThan(30);
  });
});

describe("a session over a bad line", () => {
  test("loses nothing and tells nothing twice when one frame arrives damaged, whichever it is", async () => {
    let ran = 0;
    for (let faulty = 0; faulty < FRAMES; faulty += 1) {
      const { clock, meter } = bench(3, 21);
      const heard = await hear(
        driver,
        through(meter, (frame, number) => [number === faulty ? damaged(frame) : frame]),
        clock,
      );
      expect(heard.reason, `frame ${faulty}`).toBeNull();
      expect(told(heard), `frame ${faulty}`).toEqual(meter.memory);
      expect(unreadables(heard)).toEqual([]);
      expect(heard.events[0]).toMatchObject({ identity: { firmware: "P02.00.00 25/05/07", displayUnit: "mg/dL" } });
      demandReadsOnly(heard);
      ran += 1;
    }
    expect(ran).toBe(FRAMES);
  });

  test.each([
    ["lost", () => []],
    ["doubled", (frame: Uint8Array) => [frame, frame]],
    ["noisy", (frame: Uint8Array) => [Uint8Array.of(0, 2, 0x30, 0xff), frame, Uint8Array.of(2)]],
  ])("loses nothing when one frame is %s, whichever it is", async (_, change) => {
    let ran = 0;
    for (let faulty = 0; faulty < FRAMES; faulty += 1) {
      const { clock, meter } = bench(3, 22);
      const heard = await hear(
        driver,
        through(meter, (frame, number) => (number === faulty ? change(frame) : [frame])),
        clock,
      );
      expect(heard.reason, `frame ${faulty}`).toBeNull();
      expect(told(heard), `frame ${faulty}`).toEqual(meter.memory);
      ran += 1;
    }
    expect(ran).toBe(FRAMES);
  });

  test("takes no late answer for another question's, whichever comes late", async () => {
    let ran = 0;
    for (const ms of [990, 1_500, 2_500]) {
      for (let faulty = 0; faulty < FRAMES; faulty += 1) {
        const { clock, meter } = bench(3, 23);
        let number = 0;
        // From the late one on, everything waits behind it, as it does on a line.
        let behind: Promise<void> = Promise.resolve();
        const late: Answerer = {
          receive: (bytes, send) => {
            const frames = through(meter, (frame) => {
              const pause = number === faulty ? ms : 0;
              number += 1;
              behind = behind.then(() => (pause === 0 ? undefined : clock.sleep(pause))).then(() => send(frame));
              return [];
            });
            frames.receive(bytes, () => undefined);
          },
        };
        const heard = await hear(driver, late, clock);
        expect(heard.reason, `frame ${faulty}, ${ms} ms`).toBeNull();
        expect(told(heard), `frame ${faulty}, ${ms} ms`).toEqual(meter.memory);
        ran += 1;
      }
    }
    expect(ran).toBe(3 * FRAMES);
  });

  test("in a storm of faults tells nothing untrue and nothing twice, and loses nothing without saying so", async () => {
    const outcomes = { whole: 0, broken: 0 };
    for (let seed = 1; seed <= 150; seed += 1) {
      const { clock, meter } = bench(12, seed);
      const heard = await hear(driver, storm(meter, clock, seededRandom(seed)), clock);
      const memory = meter.memory.map((one) => JSON.stringify(one));
      const all = told(heard).map((one) => JSON.stringify(one));
      expect(
        all.filter((one) => !memory.includes(one)),
        `seed ${seed}`,
      ).toEqual([]);
      expect(new Set(all).size, `seed ${seed}`).toBe(all.length);
      if (heard.code === null) expect(all, `seed ${seed}`).toHaveLength(12);
      for (const event of heard.events) {
        if (event.type === "clock" && event.deviceTime !== null) expect(event.deviceTime).toContain("2024-05-06T08:0");
        if (event.type === "identity") expect(event.identity.serial).toBe(meter.serial);
      }
      expect(heard.tookMs).toBeLessThan(10 * 60_000);
      outcomes[heard.code === null ? "whole" : "broken"] += 1;
    }
    expect(outcomes.whole).toBeGreaterThan(100);
    expect(outcomes.whole + outcomes.broken).toBe(150);
  });

  test("tells a record that stays damaged as unreadable, all others as readings, and ends with the damage", async () => {
    const { clock, meter } = bench(5, 24);
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (isRecord(frame)) records += 1;
        return [isRecord(frame) && records >= 3 && records <= 5 ? damaged(frame) : frame];
      }),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 2));
    expect(unreadables(heard)).toEqual([{ code: "FRAME_CHECKSUM", bytes: 16 }]);
  });

  test("gives up a memory of which every record stays damaged, within a bound", async () => {
    const { clock, meter } = bench(500, 25);
    const heard = await hear(
      driver,
      through(meter, (frame) => [isRecord(frame) ? damaged(frame) : frame]),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings).toEqual([]);
    expect(unreadables(heard)).toHaveLength(10);
    expect(heard.tookMs).toBeLessThan(60_000);
  });

  test("ends within seconds wherever the meter falls silent, and what was told stays", async () => {
    let ran = 0;
    for (let last = 0; last < FRAMES; last += 1) {
      const { clock, meter } = bench(3, 26);
      const stops = through(meter, (frame, number) => (number < last ? [frame] : []));
      const heard = await hear(driver, stops, clock);
      expect(heard.code, `frame ${last}`).toBe(last === 0 ? "METER_TIMEOUT" : "METER_STALLED");
      expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
      expect(heard.tookMs).toBeLessThan(10_000);
      ran += 1;
    }
    expect(ran).toBe(FRAMES);
  });

  test("tells what came of a record in which the meter stopped", async () => {
    const { clock, meter } = bench(30, 27);
    const heard = await hear(driver, misbehaving(meter, ["stops"], clock, 1), clock);
    expect(heard.code).toBe("METER_STALLED");
    expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
    expect(heard.readings.length).toBeGreaterThan(2);
  });

  test("copes with slowness, noise first, and a bit turned over", async () => {
    const { clock, meter } = bench(30, 28);
    const heard = await hear(driver, misbehaving(meter, ["slow", "garbage", "checksum"], clock, 3), clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
  });
});

describe("a session with a meter that is not as it should be", () => {
  test.each([1, 2])("asks again when the meter declines %i times", async (declines) => {
    const { clock, meter } = bench(4, 31, { declines });
    const heard = await hear(driver, meter, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
  });

  test("ends with METER_REFUSED when the meter always declines", async () => {
    const { clock, meter } = bench(4, 31, { declines: 1_000 });
    const heard = await hear(driver, meter, clock);
    expect([heard.code, heard.events.length]).toEqual(["METER_REFUSED", 0]);
  });

  test("tells impossible dates and values as unreadable and goes on, with no problem at the end", async () => {
    const { clock, meter } = bench(6, 32);
    let records = 0;
    const odd = [
      [5, 6, 255, 255, 255, 255, 105, 0, 0, 0],
      [5, 6, ...little(1_700_000_000, 4), 105, 0, 1, 0],
      [5, 6, ...little(1_700_000_000, 4), 0, 0, 0, 0],
    ];
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (!isRecord(frame)) return [frame];
        records += 1;
        const message = odd[records - 2];
        return [message === undefined ? frame : reframed(frame, message)];
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at === 0 || at > 3));
    expect(unreadables(heard)).toEqual(Array.from({ length: 3 }, () => ({ code: "FRAME_MALFORMED", bytes: 16 })));
  });

  test("takes a record that the memory holds twice for one reading", async () => {
    const { clock, meter } = bench(4, 33);
    let second: number[] = [];
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (!isRecord(frame)) return [frame];
        records += 1;
        if (records === 2) second = [...frame.slice(3, -3)];
        // The third record, however often it is asked for, is the second.
        return [records === 3 || records === 4 ? reframed(frame, second) : frame];
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 2));
  });

  test("tells records as they come, in whatever order the memory has them", async () => {
    const { clock, meter } = bench(5, 34);
    // Asked for record n, the meter gives the last but n.
    const backwards: Answerer = {
      receive: (bytes, send) => {
        const [, , link = 0, prefix = 0, command, low = 0, high] = bytes;
        const isQuestion = command === 0x1f && high === 0 && low < 5;
        meter.receive(isQuestion ? spoken([prefix, 0x1f, 4 - low, 0], link) : bytes, send);
      },
    };
    const heard = await hear(driver, backwards, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual([...meter.memory].reverse());
  });

  test.each([501, 10_000, 65_535])("refuses a count of %i, which the memory can't hold", async (count) => {
    const { clock, meter } = bench(4, 36);
    const heard = await hear(
      driver,
      through(meter, (frame) => [frame[3] === 0x0f ? reframed(frame, [0x0f, ...little(count, 2)]) : frame]),
      clock,
    );
    expect([heard.code, heard.readings.length]).toEqual(["FRAME_MALFORMED", 0]);
    expect(heard.tookMs).toBeLessThan(10_000);
  });

  test("tells a record that the meter refuses as unreadable, the others as readings, and ends with the refusal", async () => {
    const { clock, meter } = bench(4, 37);
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (isRecord(frame)) records += 1;
        return [isRecord(frame) && records >= 2 && records <= 4 ? reframed(frame, [5, 8]) : frame];
      }),
      clock,
    );
    expect(heard.code).toBe("METER_REFUSED");
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 1));
    expect(unreadables(heard)).toEqual([{ code: "METER_REFUSED", bytes: 8 }]);
  });

  test("ends with METER_CHANGED when another name answers after a fault, before any reading of that meter", async () => {
    const { clock, meter } = bench(4, 38);
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (isRecord(frame)) records += 1;
        if (records === 2) return isRecord(frame) ? [] : [frame.length === 17 ? reframed(frame, NAMED) : frame];
        return [frame];
      }),
      clock,
    );
    expect(heard.code).toBe("METER_CHANGED");
    expect(told(heard)).toEqual(meter.memory.slice(0, 1));
  });

  test("reads a meter that never counts its answers, by opening before each request", async () => {
    const { clock, meter } = bench(6, 39);
    const heard = await hear(
      driver,
      through(meter, (frame) => [spoken([...frame.slice(3, -3)], (frame[2] ?? 0) & ~1)]),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
  });
});

/** A name that no virtual meter has. */
const NAMED = [5, 6, ...letters("88XR3T510")];

describe("a session with something else", () => {
  test("ends with METER_TIMEOUT when nothing answers, and has said nothing but both openings by turns", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(driver, { receive: () => undefined }, clock);
    expect([heard.code, heard.events.length]).toEqual(["METER_TIMEOUT", 0]);
    expect(heard.written.map(hex)).toEqual([...OPENINGS, ...OPENINGS, ...OPENINGS]);
    expect(heard.tookMs).toBe(6_000);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array[]]>([
    ["text", () => [Uint8Array.from(letters("OK\r\n"))]],
    ["what it is told", (bytes) => [bytes]],
    ["the start of a frame", () => [Uint8Array.of(2, 0xff, 0)]],
    ["frames of its sister", () => [spoken([3, 6, ...letters("C417KQ2M9"), 0])]],
    ["endless noise", () => Array.from({ length: 600 }, (_, at) => Uint8Array.of(2, at & 0xff, 9, 9, 9, 9, 9, 9))],
    ["endless empty frames", () => Array.from({ length: 500 }, () => spoken([], 4))],
    ["endless answers out of their turn", () => Array.from({ length: 300 }, () => spoken([5, 6, 1, 0, 0, 0], 1))],
  ])("that answers with %s ends within a bound, in full and as a probe", async (_, reply) => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const answer: Answerer = {
        receive: (bytes, send) => {
          for (const chunk of reply(bytes)) send(chunk);
        },
      };
      const heard = await hear(driver, answer, clock, { patience });
      expect(heard.events).toEqual([]);
      expect(["METER_TIMEOUT", "FRAME_MALFORMED", ...(patience === "full" ? ["METER_STALLED"] : [])]).toContain(
        heard.code,
      );
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? driver.probe.withinMs : 15_000);
      expect(heard.written.length).toBeLessThan(30);
    }
  });

  test("that falls into endless noise in mid-session is given up", async () => {
    const { clock, meter } = bench(10, 41);
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (isRecord(frame)) records += 1;
        return records < 4 ? [frame] : Array.from({ length: 1_000 }, () => Uint8Array.of(9, 9, 9, 9, 9));
      }),
      clock,
    );
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(told(heard)).toEqual(meter.memory.slice(0, 3));
  });
});

describe("a probe", () => {
  test("of a silent cable ends with METER_TIMEOUT in its time, and has only knocked", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(driver, { receive: () => undefined }, clock, { patience: "probe" });
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
    expect(heard.written.map(hex)).toEqual(OPENINGS);
  });

  test("of something that answers the first opening late, and nothing else, gives up in its time", async () => {
    const clock = new VirtualClock(START_MS);
    let words = 0;
    const slow: Answerer = {
      receive: (_bytes, send) => {
        words += 1;
        if (words === 1) void clock.sleep(900).then(() => send(spoken([], 0x0c)));
      },
    };
    const heard = await hear(driver, slow, clock, { patience: "probe" });
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
    expect(heard.events).toEqual([]);
  });

  test("that finds its meter reads it whole, however long that takes", async () => {
    const { clock, meter } = bench(200, 42);
    const heard = await hear(driver, meter, clock, { patience: "probe" });
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.tookMs).toBeGreaterThan(driver.probe.withinMs);
  });

  const own = new Set(driver.usb.map(({ vendorId, productId }) => `${vendorId}:${productId}`));
  const neighbours = DRIVERS.flatMap((other) =>
    other.transport === "serial" &&
    other.id !== driver.id &&
    other.usb.some(({ vendorId, productId }) => own.has(`${vendorId}:${productId}`))
      ? [{ id: other.id, other }]
      : [],
  );

  test.each(neighbours)("of $id's meter gives up in time, and changes nothing in it", async ({ other }) => {
    const clock = new VirtualClock(START_MS);
    const stranger = other.simulate({ count: 5, seed: 1, clock, zone: "Europe/London" });
    const before = JSON.stringify(stranger.memory);
    const heard = await hear(driver, stranger, clock, { patience: "probe" });
    expect(["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(heard.code);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
    expect(JSON.stringify(stranger.memory)).toBe(before);
  });

  test("has neighbours to be tried on", () => {
    expect(neighbours.length).toBeGreaterThanOrEqual(1);
  });
});

describe("setting the clock", () => {
  const wall = "2026-11-23T08:15:42";

  /** Sets the clock of what answers. */
  async function set(answerer: Answerer, clock: VirtualClock) {
    const transport = lineTo(answerer);
    const signal = new AbortController().signal;
    const context = { transport, clock, signal, log: silentLog, wallNow: () => wall };
    const shown = await inVirtualTime(clock, () => setClock(context));
    return { shown, written: transport.written.map((bytes) => hex(bytes.slice(3, -3))) };
  }

  test("shows the new time afterwards, read back, and asked who it was first", async () => {
    const { clock, meter } = bench(5, 51, { clockErrorMs: -86_400_000 });
    const before = meter.memory;
    const { shown, written } = await set(meter, clock);
    expect(shown).toBe(wall);
    expect(meter.clock()?.slice(0, 16)).toBe(wall.slice(0, 16));
    expect(meter.memory).toEqual(before);
    // 2026-11-23 08:15:42 is 1795421742 seconds after 1970: 6B03F62E.
    const words = written.filter((word) => word !== "");
    expect(words.map((word) => word.slice(0, 8))).toEqual(["05 0b 02", "05 20 01", "05 20 02"]);
    expect(words[1]).toBe("05 20 01 2e f6 03 6b");
    // A session afterwards sees the meter's new time, and a test bears it.
    const heard = await hear(driver, meter, clock);
    expect(heard.events[1]).toMatchObject({ type: "clock", deviceTime: expect.stringContaining("2026-11-23T08:15") });
  });

  test("says so when the meter declines, and changes nothing", async () => {
    const { clock, meter } = bench(5, 52);
    const declining = through(meter, (frame) => [frame.length === 12 ? reframed(frame, [5, 7]) : frame]);
    await expect(set(declining, clock)).rejects.toMatchObject({ code: "METER_REFUSED" });
  });

  test("gives null when the clock can't be read back", async () => {
    const { clock, meter } = bench(5, 53);
    let clocks = 0;
    const mute = through(meter, (frame) => {
      if (frame.length === 12) clocks += 1;
      return frame.length === 12 && clocks > 1 ? [reframed(frame, [5, 8])] : [frame];
    });
    expect((await set(mute, clock)).shown).toBeNull();
  });

  test("asks again, with the time of then, when the answer is lost", async () => {
    const { clock, meter } = bench(5, 54);
    let lost = false;
    const line = through(meter, (frame) => {
      if (lost || frame.length !== 12) return [frame];
      lost = true;
      return [];
    });
    const { shown, written } = await set(line, clock);
    expect(shown).toBe(wall);
    expect(written.filter((word) => word.startsWith("05 20 01"))).toHaveLength(2);
  });

  test("ends with METER_TIMEOUT when nothing answers, and has said nothing of time", async () => {
    const clock = new VirtualClock(START_MS);
    await expect(set({ receive: () => undefined }, clock)).rejects.toMatchObject({ code: "METER_TIMEOUT" });
  });
});

describe("mistakes of peers that are not repeated", () => {
  test("every answer is acknowledged, with the acknowledge bit and the next numbers (peer: only late ones, without the bit)", async () => {
    const { clock, meter } = bench(2, 61);
    const heard = await hear(driver, meter, clock);
    const links = heard.written.map((bytes) => bytes[2] ?? -1);
    // The opening; nine times a request and its acknowledgement, with the numbers 0 and 1 by turns; the leave.
    expect(links).toEqual([8, 0, 7, 3, 4, 0, 7, 3, 4, 0, 7, 3, 4, 0, 7, 3, 4, 0, 7, 8]);
    expect(heard.written.filter((bytes) => bytes.length === 6)).toHaveLength(1 + 9 + 1);
  });

  test("a disconnect is known by its bit, and an empty frame without any is no answer to it (peer: never known)", async () => {
    const { clock, meter } = bench(2, 62);
    const heard = await hear(
      driver,
      through(meter, (frame, at) => (at === 0 ? [spoken([], 2)] : [frame])),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.written.slice(0, 2).map(hex)).toEqual(OPENINGS);
    const plain = bench(2, 62);
    const other = await hear(
      driver,
      through(plain.meter, (frame, at) => (at === 0 ? [spoken([], 8)] : [frame])),
      plain.clock,
    );
    expect(told(other)).toEqual(plain.meter.memory);
    expect(hex(other.written[1] ?? new Uint8Array())).toContain("05 0b 02");
  });

  test("a clock that can't be read is told as missing, and the readings come all the same (peer: fell over it)", async () => {
    const { clock, meter } = bench(3, 63);
    let twelves = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        // The unit's answer is as long; the clock's is asked for thrice.
        if (frame.length === 12) twelves += 1;
        return [frame.length === 12 && twelves > 1 ? reframed(frame, [5, 8]) : frame];
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.events.filter(({ type }) => type === "clock")).toEqual([{ type: "clock", deviceTime: null }]);
    expect(unreadables(heard)).toEqual([{ code: "METER_REFUSED", bytes: 8 }]);
    expect(told(heard)).toEqual(meter.memory);
  });
});
