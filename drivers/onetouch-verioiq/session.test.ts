import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { hex } from "../../src/kit/bytes.js";
import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { misbehaving } from "../../src/kit/misbehave.js";
import { seededRandom } from "../../src/kit/simulated.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { damaged, storm, through, told, unreadables } from "../../test/helpers/lifescan-line.js";
import {
  type Answerer,
  type Heard,
  hear,
  inMemoryWords,
  inVirtualTime,
  lineTo,
} from "../../test/helpers/simulated-line.js";
import { letters, little, spoken } from "../shared/lifescan/simulated.js";
import { onetouchVerioIq as driver } from "./index.js";
import { setClock } from "./set-clock.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Answers of a meter with three readings: to five questions, three records, and two at the end. */
const FRAMES = 5 + 3 + 2;
const NAMES = ["03 0b 01 02", "04 0b 00 02"];

interface Bench {
  readonly clock: VirtualClock;
  readonly meter: MeterSimulator;
}

function bench(count: number, seed: number, more: Partial<SimulatorOptions> = {}): Bench {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count, seed, clock, zone: "Europe/London", ...more }) };
}

/** A record's answer is as long as the name's, but the high byte of its value is no letter. */
const isRecord = (frame: Uint8Array): boolean => frame.length === 18 && (frame[10] ?? 0) < 4;
const isName = (frame: Uint8Array): boolean => frame.length === 18 && !isRecord(frame);

/** What was written, without the frames around it. */
function asked({ written }: Pick<Heard, "written">): string[] {
  return written.map((bytes) => hex(bytes.slice(3, -3)));
}

/** Every write is one of the words that read. */
function demandReadsOnly(heard: Heard): void {
  const words = /^0[34] (0b 0[01] 02|0d 01|09 02 02|20 02|27 00|21 .. ..)$/;
  expect(asked(heard).filter((word) => !words.test(word))).toEqual([]);
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [750, 4],
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
      expect(identity).toMatchObject({ identity: { firmware: "VQ_01.01.00", model: "OneTouch VerioIQ" } });
      expect(time).toMatchObject({ type: "clock", deviceTime: "2024-05-06T08:08:09" });
      expect(expected).toEqual({ type: "expect", count });
      const bytes = came + heard.written.reduce((sum, { length }) => sum + length, 0);
      expect(heard.tookMs).toBeLessThanOrEqual(1.1 * ((bytes * 10_000) / 38_400));
      demandReadsOnly(heard);
    },
  );

  test("tells LO and HI, meals and control solution as the memory holds them", async () => {
    const { clock, meter } = bench(400, 11);
    const heard = await hear(driver, meter, clock);
    expect(told(heard)).toEqual(meter.memory);
    expect(new Set(heard.readings.map(({ outOfRange }) => outOfRange))).toEqual(new Set([null, "low", "high"]));
    expect(new Set(heard.readings.map(({ meal }) => meal))).toEqual(new Set([null, "before", "after"]));
    expect(heard.readings.filter(({ control }) => control).every(({ specimen }) => specimen === "control")).toBe(true);
    expect(heard.readings.some(({ control }) => control)).toBe(true);
  });

  test("says what the display is set to, and keeps mg/dL", async () => {
    const { clock, meter } = bench(3, 5, { unit: "mmol/L" });
    const heard = await hear(driver, meter, clock);
    expect(heard.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
    expect(heard.readings.map(({ unit }) => unit)).toEqual(["mg/dL", "mg/dL", "mg/dL"]);
  });

  test("asks with the prefix 03, and with 04 from then on if only that is answered", async () => {
    for (const prefix of ["03", "04"]) {
      const { clock, meter } = bench(3, 6);
      const picky: Answerer = {
        receive: (bytes, send) => {
          if (hex(bytes.slice(3, 4)) === prefix) meter.receive(bytes, send);
        },
      };
      const heard = await hear(driver, picky, clock);
      expect(heard.reason).toBeNull();
      expect(told(heard)).toEqual(meter.memory);
      const prefixes = asked(heard).map((word) => word.slice(0, 2));
      expect(new Set(prefixes.slice(prefix === "03" ? 0 : 1))).toEqual(new Set([prefix]));
    }
  });

  test("tells a test that is taken while it reads, and loses none that it moves", async () => {
    const { clock, meter } = bench(100, 7, { newReadingEveryMs: 300 });
    const heard = await hear(driver, meter, clock);
    expect(heard.reason).toBeNull();
    const memory = meter.memory.map((one) => JSON.stringify(one));
    const all = told(heard).map((one) => JSON.stringify(one));
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((one) => !memory.includes(one))).toEqual([]);
    expect(memory.slice(-100).filter((one) => !all.includes(one))).toEqual([]);
    expect(all.length).toBeGreaterThan(100);
  });

  test("reads ten thousand records, if a meter has as many", async () => {
    const { clock, meter } = bench(2, 8);
    let record = 0;
    const answers = (bytes: Uint8Array): number[] | null => {
      const [, , , , command, low = 0, high = 0] = bytes;
      if (command === 0x27) return [3, 6, ...little(10_000, 2)];
      if (command !== 0x21) return null;
      record = low + 256 * high;
      return [3, 6, ...little(700_000_000 + 60 * record, 4), 100, 0, 0, 0, 0, 0];
    };
    const large: Answerer = {
      receive: (bytes, send) => {
        const message = answers(bytes);
        if (message === null) meter.receive(bytes, send);
        else send(spoken(message));
      },
    };
    const heard = await hear(driver, large, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(10_000);
    expect(new Set(heard.readings.map(({ deviceTime }) => deviceTime)).size).toBe(10_000);
  });
});

describe("a session over a bad line", () => {
  test.each<[string, (frame: Uint8Array) => Uint8Array[]]>([
    ["damaged", (frame) => [damaged(frame)]],
    ["lost", () => []],
    ["doubled", (frame) => [frame, frame]],
    ["noisy", (frame) => [Uint8Array.of(0, 2, 0x30, 0xff), frame, Uint8Array.of(2)]],
    ["cut short, with the rest behind", (frame) => [frame.slice(0, 5), frame.slice(5)]],
  ])(
    "loses nothing, tells nothing twice and nothing else when one answer is %s, whichever it is",
    async (_, change) => {
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
        expect(unreadables(heard)).toEqual([]);
        expect(heard.events[0]).toMatchObject({ identity: { firmware: "VQ_01.01.00", displayUnit: "mg/dL" } });
        // The unit's answer is shaped like the clock's, and must not be taken for it.
        expect(heard.events[1]).toMatchObject({
          type: "clock",
          deviceTime: expect.stringContaining("2024-05-06T08:08:"),
        });
        demandReadsOnly(heard);
        ran += 1;
      }
      expect(ran).toBe(FRAMES);
    },
  );

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
        expect(heard.events[1]).toMatchObject({ deviceTime: expect.stringContaining("2024-05-06T08:08:") });
        ran += 1;
      }
    }
    expect(ran).toBe(3 * FRAMES);
  });

  test("reads all, and nothing untrue, when every answer comes later than it is awaited at first", async () => {
    const { clock, meter } = bench(20, 29);
    const slow: Answerer = {
      receive: (bytes, send) => {
        meter.receive(bytes, (chunk) => {
          void clock.sleep(1_500).then(() => send(chunk));
        });
      },
    };
    const heard = await hear(driver, slow, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.tookMs).toBeLessThan(10 * 60_000);
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
    expect(unreadables(heard)).toEqual([{ code: "FRAME_CHECKSUM", bytes: 18 }]);
  });

  test("gives up a memory of which every record stays damaged, within a bound", async () => {
    const { clock, meter } = bench(750, 25);
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
      const heard = await hear(
        driver,
        through(meter, (frame, number) => (number < last ? [frame] : [])),
        clock,
      );
      expect(heard.code, `frame ${last}`).toBe(last === 0 ? "METER_TIMEOUT" : "METER_STALLED");
      expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
      expect(heard.tookMs).toBeLessThan(10_000);
      ran += 1;
    }
    expect(ran).toBe(FRAMES);
  });

  test("copes with slowness, noise first, and a bit turned over, and with a meter that stops", async () => {
    const { clock, meter } = bench(30, 28);
    const heard = await hear(driver, misbehaving(meter, ["slow", "garbage", "checksum"], clock, 3), clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    const stopped = await hear(driver, misbehaving(meter, ["stops"], clock, 3), clock);
    expect(stopped.code).toBe("METER_STALLED");
    expect(told(stopped)).toEqual(meter.memory.slice(0, stopped.readings.length));
    expect(stopped.readings.length).toBeGreaterThan(2);
  });
});

describe("a session with a meter that is not as it should be", () => {
  test.each([1, 2, 3])("asks again when the meter declines %i times", async (declines) => {
    const { clock, meter } = bench(4, 31, { declines });
    const heard = await hear(driver, meter, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
  });

  test("ends with METER_REFUSED when the meter always declines", async () => {
    const { clock, meter } = bench(4, 31, { declines: 1_000 });
    const heard = await hear(driver, meter, clock);
    expect([heard.code, heard.events.length]).toEqual(["METER_REFUSED", 0]);
    expect(asked(heard)).toEqual([...NAMES, ...NAMES, ...NAMES]);
  });

  test("tells impossible dates, values and control marks as unreadable and goes on, with no problem at the end", async () => {
    const { clock, meter } = bench(6, 32);
    let records = 0;
    const odd = [
      [3, 6, 255, 255, 255, 255, 105, 0, 0, 0, 0, 0],
      [3, 6, ...little(700_000_000, 4), 105, 0, 2, 0, 0, 0],
      [3, 6, ...little(700_000_000, 4), 0, 0, 0, 0, 0, 0],
    ];
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (!isRecord(frame)) return [frame];
        records += 1;
        const message = odd[records - 2];
        return [message === undefined ? frame : spoken(message)];
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at === 0 || at > 3));
    expect(unreadables(heard)).toEqual(Array.from({ length: 3 }, () => ({ code: "FRAME_MALFORMED", bytes: 18 })));
  });

  test("takes a record that the memory holds twice for one reading", async () => {
    const { clock, meter } = bench(4, 33);
    let second: Uint8Array | null = null;
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (!isRecord(frame)) return [frame];
        records += 1;
        if (records === 2) second = frame;
        // The third record, however often it is asked for, is the second.
        return [records === 3 || records === 4 ? (second ?? frame) : frame];
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
        const [, , , prefix = 0, command, low = 0] = bytes;
        meter.receive(command === 0x21 ? spoken([prefix, 0x21, 4 - low, 0]) : bytes, send);
      },
    };
    const heard = await hear(driver, backwards, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual([...meter.memory].reverse());
  });

  test("gives up a count that the memory does not keep, within a bound", async () => {
    const { clock, meter } = bench(4, 36);
    const heard = await hear(
      driver,
      through(meter, (frame) => [frame.length === 10 ? spoken([3, 6, 255, 255]) : frame]),
      clock,
    );
    expect(heard.code).toBe("METER_REFUSED");
    expect(told(heard)).toEqual(meter.memory);
    expect(unreadables(heard)).toHaveLength(10);
    expect(heard.tookMs).toBeLessThan(60_000);
  });

  test("ends with METER_CHANGED when another name answers after a fault, before any reading of that meter", async () => {
    const { clock, meter } = bench(4, 38);
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (isRecord(frame)) records += 1;
        if (records < 2) return [frame];
        if (isName(frame)) return [spoken([3, 6, ...letters("88XR3T510"), 0])];
        return records === 2 ? [] : [frame];
      }),
      clock,
    );
    expect(heard.code).toBe("METER_CHANGED");
    expect(told(heard)).toEqual(meter.memory.slice(0, 1));
  });
});

describe("a session with something else", () => {
  test("ends with METER_TIMEOUT when nothing answers, and has asked for its name in both ways by turns", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(driver, { receive: () => undefined }, clock);
    expect([heard.code, heard.events.length]).toEqual(["METER_TIMEOUT", 0]);
    expect(asked(heard)).toEqual([...NAMES, ...NAMES, ...NAMES]);
    expect(heard.tookMs).toBe(6_000);
  });

  test("as a probe ends with METER_TIMEOUT in its time when nothing answers", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(driver, { receive: () => undefined }, clock, { patience: "probe" });
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
    expect(asked(heard)).toEqual(NAMES);
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array[]]>([
    ["text", () => [Uint8Array.from(letters("OK\r\n"))]],
    ["what it is told", (bytes) => [bytes]],
    ["the start of a frame", () => [Uint8Array.of(2, 0xff, 0)]],
    ["frames of its sister", () => [spoken([5, 6, ...letters("C417KQ2M9")], 2)]],
    ["a record whatever it is asked", () => [spoken([3, 6, 65, 66, 67, 49, 98, 0, 0, 0, 0, 0])]],
    ["endless noise", () => Array.from({ length: 600 }, (_, at) => Uint8Array.of(2, at & 0xff, 9, 9, 9, 9, 9, 9))],
    ["endless frames", () => Array.from({ length: 500 }, () => spoken([3, 6, 1, 0]))],
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
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? driver.probe.withinMs : 10_000);
      expect(heard.written.length).toBeLessThan(10);
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

describe("setting the clock", () => {
  const wall = "2026-11-23T08:15:42";

  /** Sets the clock of what answers. */
  async function set(answerer: Answerer, clock: VirtualClock, wallNow = (): string => wall) {
    const transport = lineTo(answerer);
    const signal = new AbortController().signal;
    const shown = await inVirtualTime(clock, () => setClock({ transport, clock, signal, log: silentLog, wallNow }));
    return { shown, words: asked(transport) };
  }

  test("shows the new time afterwards, read back, and asked who it was first", async () => {
    const { clock, meter } = bench(5, 51, { clockErrorMs: 3_600_000 });
    const before = meter.memory;
    const { shown, words } = await set(meter, clock);
    expect(shown).toBe(wall);
    expect(meter.clock()?.slice(0, 16)).toBe(wall.slice(0, 16));
    expect(meter.memory).toEqual(before);
    // 2026-11-23 08:15:42 is 848736942 seconds after 2000: 3296B2AE.
    expect(words).toEqual(["03 0b 01 02", "03 20 01 ae b2 96 32", "03 20 02"]);
    const heard = await hear(driver, meter, clock);
    expect(heard.events[1]).toMatchObject({ type: "clock", deviceTime: expect.stringContaining("2026-11-23T08:15") });
  });

  test("tests taken before keep their time, tests taken afterwards bear the new one", async () => {
    const { clock, meter } = bench(2, 55, { clockErrorMs: 86_400_000, newReadingEveryMs: 60_000 });
    const before = meter.memory;
    await set(meter, clock);
    clock.advance(70_000);
    const heard = await hear(driver, meter, clock);
    expect(heard.readings.map(inMemoryWords).slice(-2)).toEqual(before);
    expect(heard.readings[0]?.deviceTime).toContain("2026-11-23T08:1");
    expect(heard.readings).toHaveLength(3);
  });

  test("says so when the meter declines, and for a year that its calendar does not hold", async () => {
    const { clock, meter } = bench(5, 52);
    const declining = through(meter, (frame) => [frame.length === 8 ? spoken([3, 7]) : frame]);
    await expect(set(declining, clock)).rejects.toMatchObject({ code: "METER_REFUSED" });
    const plain = bench(5, 52);
    const early = set(plain.meter, plain.clock, () => "1999-12-31T23:59:59");
    await expect(early).rejects.toMatchObject({ code: "METER_REFUSED" });
  });

  test("gives null when the clock can't be read back", async () => {
    const { clock, meter } = bench(5, 53);
    const mute = through(meter, (frame) => [frame.length === 12 ? spoken([3, 8]) : frame]);
    expect((await set(mute, clock)).shown).toBeNull();
  });

  test("ends with METER_TIMEOUT when nothing answers, and has said nothing of time", async () => {
    const clock = new VirtualClock(START_MS);
    await expect(set({ receive: () => undefined }, clock)).rejects.toMatchObject({ code: "METER_TIMEOUT" });
  });
});

describe("mistakes of peers that are not repeated", () => {
  test("a record that the meter does not have is told as unreadable and the others are read (peer: not provided for)", async () => {
    const { clock, meter } = bench(4, 61);
    let records = 0;
    const heard = await hear(
      driver,
      through(meter, (frame) => {
        if (isRecord(frame)) records += 1;
        return [isRecord(frame) && records >= 2 && records <= 4 ? spoken([3, 8]) : frame];
      }),
      clock,
    );
    expect(heard.code).toBe("METER_REFUSED");
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 1));
    expect(unreadables(heard)).toEqual([{ code: "METER_REFUSED", bytes: 8 }]);
  });

  test("one lost answer does not end the session (peer: no retry)", async () => {
    const { clock, meter } = bench(4, 62);
    const heard = await hear(
      driver,
      through(meter, (frame, number) => (number === 6 ? [] : [frame])),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
  });

  test("control solution is told as such, not passed over (peer: skipped)", async () => {
    const { clock, meter } = bench(200, 63);
    const heard = await hear(driver, meter, clock);
    const controls = heard.readings.filter(({ control }) => control);
    expect(controls).toHaveLength(meter.memory.filter(({ control }) => control).length);
    expect(controls.length).toBeGreaterThan(0);
  });

  test("a value beyond the display is never told as a number (peer: left as it is)", async () => {
    const { clock, meter } = bench(300, 64);
    const heard = await hear(driver, meter, clock);
    expect(heard.readings.some(({ asSent }) => Number(asSent) > 600)).toBe(true);
    expect(heard.readings.every(({ value }) => value !== null && value >= 20 && value <= 600)).toBe(true);
  });
});
