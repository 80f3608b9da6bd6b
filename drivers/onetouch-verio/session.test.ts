import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { Problem } from "../../src/domain/problem.js";
import { hex } from "../../src/kit/bytes.js";
import type { BlockSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { below, seededRandom } from "../../src/kit/simulated.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import {
  type BlockAnswerer,
  type BlockOperation,
  diskOf,
  type HeardBlock,
  hearBlock,
} from "../../test/helpers/simulated-block.js";
import { inMemoryWords, inVirtualTime } from "../../test/helpers/simulated-line.js";
import { letters, spoken } from "../shared/lifescan/simulated.js";
import { onetouchVerio as driver } from "./index.js";
import { setClock } from "./set-clock.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Answers of a meter with three readings: to six questions, three records, and two at the end. */
const ANSWERS = 6 + 3 + 2;

interface Bench {
  readonly clock: VirtualClock;
  readonly meter: BlockSimulator;
}

function bench(count: number, seed: number, more: Partial<SimulatorOptions> = {}): Bench {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count, seed, clock, zone: "Europe/London", ...more }) };
}

type Change = (block: Uint8Array, number: number) => Uint8Array | Promise<Uint8Array>;

/** The disk with each answer changed on its way; answers count from 0, and the first block is none. */
function through(meter: BlockAnswerer, change: Change): BlockAnswerer {
  let number = -1;
  return {
    writeBlock: (lba, block) => meter.writeBlock(lba, block),
    readBlock: async (lba) => {
      const block = await meter.readBlock(lba);
      if (lba === 0) return block;
      number += 1;
      return await change(block, number);
    },
  };
}

/** A block that holds those bytes. */
function blockWith(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(512);
  block.set(bytes.subarray(0, 512));
  return block;
}

const never = (): Promise<Uint8Array> => new Promise<Uint8Array>(() => undefined);
/** 24 bytes of frame: sixteen of a record. */
const isRecord = (block: Uint8Array): boolean => block[1] === 24;
const damaged = (block: Uint8Array): Uint8Array => block.map((byte, at) => (at === 9 ? byte ^ 0x20 : byte));

function told({ readings }: HeardBlock): unknown[] {
  return readings.map(inMemoryWords);
}

function unreadables({ events }: HeardBlock): { code: string; bytes: number }[] {
  return events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, bytes: event.unreadable.raw.length }] : [],
  );
}

/** What was written: the block, and the request without the frame around it. */
function asked(operations: readonly BlockOperation[]): string[] {
  return operations.flatMap(({ op, lba, block }) =>
    op === "write" ? [`${lba} ${hex(block.slice(3, (block[1] ?? 0) - 3))}`] : [],
  );
}

/** Every write is one of the words that read, to its own block, and none comes before the label was read. */
function demandReadsOnly({ operations }: Pick<HeardBlock, "operations">): void {
  const words = /^(3 0[34] (e6 02 0[012]|20 02|27 00|31 02 .. .. 00)|4 (03 04|04 04 00))$/;
  expect(asked(operations).filter((word) => !words.test(word))).toEqual([]);
  const [first] = operations;
  if (first !== undefined) expect([first.op, first.lba]).toEqual(["read", 0]);
  expect(operations.filter(({ op, lba }) => op === "write" && lba !== 3 && lba !== 4)).toEqual([]);
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [500, 4],
  ])("tells all of its %i readings as they stand in memory (seed %i)", async (count, seed) => {
    const { clock, meter } = bench(count, seed);
    const heard = await hearBlock(driver, meter, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    const [identity, time, expected] = heard.events;
    expect(identity).toMatchObject({ type: "identity", identity: { serial: meter.serial, displayUnit: "mg/dL" } });
    expect(identity).toMatchObject({ identity: { firmware: "SPF_01.00.02", model: "Select Plus Flex" } });
    expect(time).toMatchObject({ type: "clock", deviceTime: "2024-05-06T08:08:09" });
    expect(expected).toEqual({ type: "expect", count });
    // Two blocks a question; nothing is waited for but them.
    expect(heard.tookMs).toBeLessThanOrEqual(heard.operations.length);
    expect(heard.operations.length).toBeLessThanOrEqual(1 + 2 * (count + 9));
    demandReadsOnly(heard);
  });

  test("gives each reading the meter's lifetime counter, which a new test does not move", async () => {
    const { clock, meter } = bench(20, 5, { newReadingEveryMs: 60_000 });
    const before = await hearBlock(driver, meter, clock);
    expect(before.readings.map(({ index }) => index)).toEqual(Array.from({ length: 20 }, (_, at) => 720 - at));
    clock.advance(200_000);
    const after = await hearBlock(driver, meter, clock);
    expect(after.readings.length).toBeGreaterThan(20);
    const known = new Map(after.readings.map((reading) => [reading.index, reading]));
    for (const { raw: _raw, ...reading } of before.readings) expect(known.get(reading.index)).toMatchObject(reading);
  });

  test("tells LO and HI, meals and control solution as the memory holds them", async () => {
    const { clock, meter } = bench(400, 11);
    const heard = await hearBlock(driver, meter, clock);
    expect(told(heard)).toEqual(meter.memory);
    expect(new Set(heard.readings.map(({ outOfRange }) => outOfRange))).toEqual(new Set([null, "low", "high"]));
    expect(new Set(heard.readings.map(({ meal }) => meal))).toEqual(new Set([null, "before", "after"]));
    expect(heard.readings.filter(({ control }) => control).every(({ specimen }) => specimen === "control")).toBe(true);
    expect(heard.readings.some(({ control }) => control)).toBe(true);
    expect(heard.readings.every(({ value }) => value !== null && value >= 20 && value <= 600)).toBe(true);
  });

  test("says what the display is set to, and keeps mg/dL", async () => {
    const { clock, meter } = bench(3, 6, { unit: "mmol/L" });
    const heard = await hearBlock(driver, meter, clock);
    expect(heard.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
    expect(heard.readings.map(({ unit }) => unit)).toEqual(["mg/dL", "mg/dL", "mg/dL"]);
  });

  test("asks with the prefix 03, and with 04 from then on if only that is answered", async () => {
    for (const prefix of [3, 4]) {
      const { clock, meter } = bench(3, 7);
      const picky: BlockAnswerer = {
        readBlock: (lba) => meter.readBlock(lba),
        writeBlock: (lba, block) => {
          if (block[3] === prefix) meter.writeBlock(lba, block);
        },
      };
      const heard = await hearBlock(driver, picky, clock);
      expect(heard.reason).toBeNull();
      expect(told(heard)).toEqual(meter.memory);
      const prefixes = asked(heard.operations).map((word) => word.slice(2, 4));
      expect(new Set(prefixes.slice(prefix === 3 ? 0 : 1))).toEqual(new Set([`0${prefix}`]));
    }
  });

  test("tells a test that is taken while it reads, and loses none that it moves", async () => {
    const { clock, meter } = bench(100, 8, { newReadingEveryMs: 1_500 });
    let reads = 0;
    const slow: BlockAnswerer = {
      readBlock: async (lba) => {
        reads += 1;
        if (reads < 100) await clock.sleep(20);
        return meter.readBlock(lba);
      },
      writeBlock: (lba, block) => meter.writeBlock(lba, block),
    };
    const heard = await hearBlock(driver, slow, clock);
    expect(heard.reason).toBeNull();
    const memory = meter.memory.map((one) => JSON.stringify(one));
    const all = told(heard).map((one) => JSON.stringify(one));
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((one) => !memory.includes(one))).toEqual([]);
    expect(memory.slice(-100).filter((one) => !all.includes(one))).toEqual([]);
    expect(all.length).toBeGreaterThan(100);
  });

  test("keeps what is sound but not understood as unreadable, and goes on", async () => {
    const { clock, meter } = bench(5, 9);
    const strange = [
      // Another bit in the control byte; an erased date; an empty cell; a record of another length.
      [0, 0, 4, 1, 3, 0x89, 0x4c, 0xcb, 0x2d, 100, 0, 0, 0, 0, 0x0b, 0],
      [0, 0, 0, 2, 3, 0xff, 0xff, 0xff, 0xff, 100, 0, 0, 0, 0, 0x0b, 0],
      [0, 0, 0, 3, 3, 0x89, 0x4c, 0xcb, 0x2d, 0, 0, 0, 0, 0, 0x0b, 0],
    ];
    let record = -1;
    const heard = await hearBlock(
      driver,
      through(meter, (block) => {
        if (!isRecord(block)) return block;
        record += 1;
        const data = record < 4 ? strange[record - 1] : undefined;
        return data === undefined ? block : blockWith(spoken([3, 6, ...data]));
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at === 0 || at > 3));
    expect(unreadables(heard)).toEqual(Array.from({ length: 3 }, () => ({ code: "FRAME_MALFORMED", bytes: 24 })));
  });
});

describe("the disk's label", () => {
  test.each<[string, (block: Uint8Array) => Uint8Array]>([
    ["another volume's label", (block) => block.map((byte, at) => (at === 0x2b ? 0x4d : byte))],
    ["another kind of file system", (block) => block.map((byte, at) => (at === 0x39 ? 0x33 : byte))],
    ["nothing in its first block", () => new Uint8Array(512)],
    ["the label in another place", (block) => Uint8Array.from([0, ...block.slice(0, 511)])],
    ["a block that was cut", (block) => block.slice(0, 0x3a)],
  ])("keeps a disk with %s from being written to, by a session and by setting the clock", async (_, change) => {
    for (const patience of ["full", "probe"] as const) {
      const { clock, meter } = bench(3, 12);
      const disk: BlockAnswerer = {
        readBlock: (lba) => (lba === 0 ? change(meter.readBlock(0)) : meter.readBlock(lba)),
        writeBlock: () => undefined,
      };
      const heard = await hearBlock(driver, disk, clock, { patience });
      expect(heard.code).toBe(patience === "probe" ? "FRAME_MALFORMED" : "METER_UNSUPPORTED");
      expect(heard.operations.map(({ op, lba }) => `${op} ${lba}`)).toEqual(
        Array.from({ length: patience === "probe" ? 1 : 3 }, () => "read 0"),
      );
    }
    const { clock, meter } = bench(3, 12);
    const transport = diskOf({ readBlock: () => change(meter.readBlock(0)), writeBlock: () => undefined }, clock);
    const context = { transport, clock, signal: new AbortController().signal, log: silentLog };
    const set = inVirtualTime(clock, () => setClock({ ...context, wallNow: () => "2026-11-23T08:15:42" }));
    await expect(set).rejects.toMatchObject({ code: "METER_UNSUPPORTED" });
    expect(transport.operations.filter(({ op }) => op === "write")).toEqual([]);
  });

  test("is read again if it arrives damaged, and the session goes on", async () => {
    const { clock, meter } = bench(3, 13);
    let reads = 0;
    const disk: BlockAnswerer = {
      readBlock: (lba) => {
        const block = meter.readBlock(lba);
        if (lba !== 0) return block;
        reads += 1;
        return reads < 3 ? block.map((byte, at) => (at === 0x30 ? byte ^ 1 : byte)) : block;
      },
      writeBlock: (lba, block) => meter.writeBlock(lba, block),
    };
    const heard = await hearBlock(driver, disk, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.operations.slice(0, 4).map(({ op, lba }) => `${op} ${lba}`)).toEqual([
      "read 0",
      "read 0",
      "read 0",
      "write 3",
    ]);
  });

  test("what any session writes are requests to blocks 3 and 4: a disk that is written elsewhere ends it", async () => {
    const { clock, meter } = bench(50, 14);
    const written: string[] = [];
    const guarded: BlockAnswerer = {
      readBlock: (lba) => meter.readBlock(lba),
      writeBlock: (lba, block) => {
        if (lba !== 3 && lba !== 4) throw new Error(`block ${lba} was overwritten`);
        written.push(hex(block.slice(0, 2)));
        meter.writeBlock(lba, block);
      },
    };
    const heard = await hearBlock(driver, guarded, clock);
    expect(heard.reason).toBeNull();
    expect(written.length).toBe(asked(heard.operations).length);
    expect(written.length).toBeGreaterThan(55);
    expect(() => meter.writeBlock(2, new Uint8Array(512))).toThrow("overwritten");
    expect(() => meter.writeBlock(6, new Uint8Array(512))).toThrow("overwritten");
  });
});

describe("a session over bad blocks", () => {
  test.each<[string, Change]>([
    ["damaged in its content", damaged],
    ["damaged in its checksum", (block) => block.map((byte, at) => (at === (block[1] ?? 0) - 1 ? byte ^ 1 : byte))],
    ["damaged in its end mark", (block) => block.map((byte, at) => (at === (block[1] ?? 0) - 3 ? byte ^ 1 : byte))],
    ["one byte longer than it says", (block) => block.map((byte, at) => (at === 1 ? byte - 1 : byte))],
    ["longer than a block by its second byte of length", (block) => block.map((byte, at) => (at === 2 ? 0x80 : byte))],
    ["all zeros", () => new Uint8Array(512)],
    ["cut short", (block) => block.slice(0, 7)],
    ["no block at all", () => new Uint8Array()],
    ["never there", never],
  ])("loses nothing and tells nothing else when one answer is %s, whichever it is", async (_, change) => {
    let ran = 0;
    for (let faulty = 0; faulty < ANSWERS; faulty += 1) {
      const { clock, meter } = bench(3, 22);
      const heard = await hearBlock(
        driver,
        through(meter, (block, number) => (number === faulty ? change(block, number) : block)),
        clock,
      );
      expect(heard.reason, `answer ${faulty}`).toBeNull();
      expect(told(heard), `answer ${faulty}`).toEqual(meter.memory);
      expect(unreadables(heard)).toEqual([]);
      expect(heard.events[0]).toMatchObject({ identity: { firmware: "SPF_01.00.02", model: "Select Plus Flex" } });
      demandReadsOnly(heard);
      ran += 1;
    }
    expect(ran).toBe(ANSWERS);
  });

  test("takes an answer that was there before for no other question's, whichever comes twice", async () => {
    let ran = 0;
    for (let faulty = 1; faulty < ANSWERS; faulty += 1) {
      const { clock, meter } = bench(3, 23);
      let before = new Uint8Array(512);
      const heard = await hearBlock(
        driver,
        through(meter, (block, number) => {
          const given = number === faulty ? before : block;
          before = Uint8Array.from(block);
          return given;
        }),
        clock,
      );
      expect(heard.reason, `answer ${faulty}`).toBeNull();
      expect(told(heard), `answer ${faulty}`).toEqual(meter.memory);
      // The name for the model and the model for the software are seen through; what is not told is null.
      const [identity] = heard.events;
      if (identity?.type !== "identity") throw new Error("no identity");
      expect(identity.identity.serial).toBe(meter.serial);
      expect([null, "Select Plus Flex"]).toContain(identity.identity.model);
      expect([null, "SPF_01.00.02"]).toContain(identity.identity.firmware);
      expect(heard.events[1]).toMatchObject({
        type: "clock",
        deviceTime: expect.stringContaining("2024-05-06T08:08:"),
      });
      ran += 1;
    }
    expect(ran).toBe(ANSWERS - 1);
  });

  test("a record number one off is another record: it is told once, and the one that was missed is not lost unseen", async () => {
    const { clock, meter } = bench(4, 24);
    let shifted = 0;
    const off: BlockAnswerer = {
      readBlock: (lba) => meter.readBlock(lba),
      writeBlock: (lba, block) => {
        // Once, the meter takes record 2 for record 1.
        const isTwo = block[4] === 0x31 && block[6] === 2;
        if (!isTwo || shifted > 0) return meter.writeBlock(lba, block);
        shifted += 1;
        const prefix = block[3] ?? 3;
        return meter.writeBlock(lba, blockWith(spoken([prefix, 0x31, 2, 1, 0, 0])));
      },
    };
    const heard = await hearBlock(driver, off, clock);
    expect(shifted).toBe(1);
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
  });

  test("in a storm of faults tells nothing untrue and nothing twice, and loses nothing without saying so", async () => {
    const outcomes = { whole: 0, broken: 0 };
    for (let seed = 1; seed <= 100; seed += 1) {
      const { clock, meter } = bench(12, seed);
      const random = seededRandom(seed);
      let before = new Uint8Array(512);
      const storm = through(meter, (block) => {
        const lot = random();
        const stale = before;
        before = Uint8Array.from(block);
        if (lot < 0.02) return new Uint8Array(512);
        if (lot < 0.06) return block.map((byte, at) => (at === below(random, 24) ? byte ^ 0x10 : byte));
        if (lot < 0.08) return stale;
        return lot < 0.1 ? never() : block;
      });
      const heard = await hearBlock(driver, storm, clock);
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
    expect(outcomes.whole).toBeGreaterThan(60);
    expect(outcomes.whole + outcomes.broken).toBe(100);
  });

  test("tells a record that stays damaged as unreadable, all others as readings, and ends with the damage", async () => {
    const { clock, meter } = bench(5, 25);
    let records = 0;
    const heard = await hearBlock(
      driver,
      through(meter, (block) => {
        if (isRecord(block)) records += 1;
        return isRecord(block) && records >= 3 && records <= 5 ? damaged(block) : block;
      }),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(told(heard)).toEqual(meter.memory.filter((_, at) => at !== 2));
    expect(unreadables(heard)).toHaveLength(1);
    expect(unreadables(heard)[0]).toMatchObject({ code: "FRAME_CHECKSUM" });
  });

  test("gives up a memory of which every record stays damaged, within a bound", async () => {
    const { clock, meter } = bench(500, 26);
    const heard = await hearBlock(
      driver,
      through(meter, (block) => (isRecord(block) ? damaged(block) : block)),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings).toEqual([]);
    expect(unreadables(heard)).toHaveLength(10);
    expect(heard.tookMs).toBeLessThan(60_000);
  });

  test.each<[string, Change, number]>([
    ["only zeros", () => new Uint8Array(512), 2_000],
    ["no block any more", never, 60_000],
  ])("ends within a bound wherever there is %s, and what was told stays", async (_, change, boundMs) => {
    let ran = 0;
    for (let last = 0; last < ANSWERS; last += 1) {
      const { clock, meter } = bench(3, 27);
      const heard = await hearBlock(
        driver,
        through(meter, (block, number) => (number < last ? block : change(block, number))),
        clock,
      );
      expect(heard.code, `answer ${last}`).toBe(last === 0 ? "METER_TIMEOUT" : "METER_STALLED");
      expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
      expect(heard.tookMs).toBeLessThan(boundMs);
      ran += 1;
    }
    expect(ran).toBe(ANSWERS);
  });

  test("ends with TRANSPORT_GONE at once at whichever block the cable is pulled, and what was told stays", async () => {
    const whole = bench(3, 28);
    const { operations } = await hearBlock(driver, whole.meter, whole.clock);
    let ran = 0;
    for (let last = 0; last < operations.length; last += 1) {
      const { clock, meter } = bench(3, 28);
      let left = last;
      const pull = <T>(act: () => T): T => {
        left -= 1;
        if (left < 0) throw new Problem("TRANSPORT_GONE");
        return act();
      };
      const heard = await hearBlock(
        driver,
        {
          readBlock: (lba) => pull(() => meter.readBlock(lba)),
          writeBlock: (lba, block) => pull(() => meter.writeBlock(lba, block)),
        },
        clock,
      );
      expect(heard.code, `block ${last}`).toBe("TRANSPORT_GONE");
      expect(told(heard)).toEqual(meter.memory.slice(0, heard.readings.length));
      ran += 1;
    }
    expect(ran).toBe(1 + 2 * ANSWERS);
  });

  test("ends with the reason when a person stops it, at whichever event", async () => {
    for (const type of ["identity", "clock", "expect", "readings"] as const) {
      const { clock, meter } = bench(20, 29);
      const heard = await hearBlock(driver, meter, clock, { stop: (event) => event.type === type });
      expect(heard.code).toBe("TRANSPORT_CANCELED");
      expect(heard.events.at(-1)?.type).toBe(type);
    }
  });
});

describe("a meter that declines", () => {
  test("is asked again, and read", async () => {
    for (const declines of [1, 2, 5]) {
      const { clock, meter } = bench(4, 31, { declines });
      const heard = await hearBlock(driver, meter, clock);
      expect(heard.reason).toBeNull();
      expect(told(heard)).toEqual(meter.memory);
    }
  });

  test("to tell its name ends the session with METER_REFUSED", async () => {
    const { clock, meter } = bench(4, 32, { declines: 1_000 });
    const heard = await hearBlock(driver, meter, clock);
    expect([heard.code, heard.events.length]).toEqual(["METER_REFUSED", 0]);
  });

  test("to tell unit, model, software or clock is read all the same, and what it does not tell is null", async () => {
    const { clock, meter } = bench(4, 33);
    const shy: BlockAnswerer = {
      readBlock: (lba) => meter.readBlock(lba),
      writeBlock: (lba, block) => {
        const kept = /^.. (04|e6 02 0[12]|20 02)/.test(hex(block.slice(3, 7)));
        meter.writeBlock(lba, kept ? blockWith(spoken([block[3] ?? 3, 0x7f])) : block);
      },
    };
    const heard = await hearBlock(driver, shy, clock);
    expect(heard.reason).toBeNull();
    expect(heard.events[0]).toMatchObject({
      identity: { serial: meter.serial, model: null, firmware: null, displayUnit: null },
    });
    expect(heard.events.find(({ type }) => type === "clock")).toEqual({ type: "clock", deviceTime: null });
    expect(told(heard)).toEqual(meter.memory);
  });

  test("ends with METER_CHANGED when another name answers after a fault, before any reading of that meter", async () => {
    const { clock, meter } = bench(4, 34);
    let records = 0;
    let asking = "";
    const other: BlockAnswerer = {
      writeBlock: (lba, block) => {
        asking = hex(block.slice(4, 7));
        meter.writeBlock(lba, block);
      },
      readBlock: (lba) => {
        const block = meter.readBlock(lba);
        if (isRecord(block)) records += 1;
        if (records < 2) return block;
        if (asking === "e6 02 00") {
          return blockWith(spoken([3, 6, ...letters("88XR3T51").flatMap((letter) => [letter, 0]), 0, 0]));
        }
        return records === 2 ? new Uint8Array(512) : block;
      },
    };
    const heard = await hearBlock(driver, other, clock);
    expect(heard.code).toBe("METER_CHANGED");
    expect(told(heard)).toEqual(meter.memory.slice(0, 1));
  });
});

describe("a session with something else", () => {
  const labelled = (answer: (lba: number, written: Uint8Array) => Uint8Array | Promise<Uint8Array>): BlockAnswerer => {
    const { meter } = bench(0, 40);
    let written = new Uint8Array(512);
    return {
      readBlock: (lba) => (lba === 0 ? meter.readBlock(0) : answer(lba, written)),
      writeBlock: (_, block) => {
        written = Uint8Array.from(block);
      },
    };
  };

  test.each<[string, () => Uint8Array | Promise<Uint8Array>, readonly string[]]>([
    ["zeros", () => new Uint8Array(512), ["METER_TIMEOUT"]],
    ["nothing", never, ["METER_TIMEOUT"]],
    ["text", () => blockWith(Uint8Array.from(letters("Dear diary"))), ["FRAME_MALFORMED"]],
    ["frames of its sister", () => blockWith(spoken([5, 6, ...letters("C417KQ2M9")], 2)), ["FRAME_CHECKSUM"]],
    [
      "a record whatever it is asked",
      () => blockWith(spoken([3, 6, ...letters("ABCDEFGHIJKLMNOP")])),
      ["FRAME_MALFORMED"],
    ],
    ["noise that begins like a frame", () => new Uint8Array(512).fill(2), ["FRAME_MALFORMED", "FRAME_CHECKSUM"]],
  ])("a disk that holds %s ends it within a bound, in full and as a probe", async (_, answer, codes) => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hearBlock(driver, labelled(answer), clock, { patience });
      expect(heard.events).toEqual([]);
      expect(patience === "full" ? codes : ["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(heard.code);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? driver.probe.withinMs : 10_000);
      expect(heard.written.length).toBeLessThan(10);
    }
  });

  test("a disk that gives back what was written to it is no meter", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hearBlock(
      driver,
      labelled((_, written) => written),
      clock,
    );
    expect([heard.code, heard.events.length]).toEqual(["FRAME_MALFORMED", 0]);
  });

  test("a disk whose first block never comes ends it with METER_TIMEOUT, and nothing was written", async () => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hearBlock(driver, { readBlock: never, writeBlock: () => undefined }, clock, { patience });
      expect([heard.code, heard.written.length]).toEqual(["METER_TIMEOUT", 0]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? driver.probe.withinMs : 3_100);
    }
  });

  test("a refusal of the transport to write is told as it is", async () => {
    const { clock, meter } = bench(3, 41);
    const refusing: BlockAnswerer = {
      readBlock: (lba) => meter.readBlock(lba),
      writeBlock: () => {
        throw new Problem("METER_UNSUPPORTED", "nothing was written");
      },
    };
    expect((await hearBlock(driver, refusing, clock)).code).toBe("METER_UNSUPPORTED");
  });
});

describe("setting the clock", () => {
  const wall = "2026-11-23T08:15:42";

  async function set(answerer: BlockAnswerer, clock: VirtualClock, wallNow = (): string => wall) {
    const transport = diskOf(answerer, clock);
    const signal = new AbortController().signal;
    const shown = await inVirtualTime(clock, () => setClock({ transport, clock, signal, log: silentLog, wallNow }));
    return { shown, operations: transport.operations };
  }

  test("shows the new time afterwards, read back, looked at the label first and asked who it was", async () => {
    const { clock, meter } = bench(5, 51, { clockErrorMs: 3_600_000 });
    const before = meter.memory;
    const { shown, operations } = await set(meter, clock);
    expect(shown).toBe(wall);
    expect(meter.clock()?.slice(0, 16)).toBe(wall.slice(0, 16));
    expect(meter.memory).toEqual(before);
    expect(operations.slice(0, 2).map(({ op, lba }) => `${op} ${lba}`)).toEqual(["read 0", "write 3"]);
    // 2026-11-23 08:15:42 is 848736942 seconds after 2000: 3296B2AE.
    expect(asked(operations)).toEqual(["3 03 e6 02 00", "3 03 20 01 ae b2 96 32", "3 03 20 02"]);
  });

  test("says so when the meter declines, and for a year that its calendar does not hold", async () => {
    const { clock, meter } = bench(5, 52);
    const declining = through(meter, (block) => (block[1] === 8 ? blockWith(spoken([3, 7])) : block));
    await expect(set(declining, clock)).rejects.toMatchObject({ code: "METER_REFUSED" });
    const plain = bench(5, 52);
    const early = set(plain.meter, plain.clock, () => "1999-12-31T23:59:59");
    await expect(early).rejects.toMatchObject({ code: "METER_REFUSED" });
  });

  test("gives null when the clock can't be read back", async () => {
    const { clock, meter } = bench(5, 53);
    const mute = through(meter, (block) => (block[1] === 12 ? blockWith(spoken([3, 8])) : block));
    expect((await set(mute, clock)).shown).toBeNull();
  });
});

describe("mistakes of peers that are not repeated", () => {
  test("one bad sector hangs the upload: a block that never comes is asked for again, and the rest is read", async () => {
    const { clock, meter } = bench(4, 61);
    const heard = await hearBlock(
      driver,
      through(meter, (block, number) => (number === 7 ? never() : block)),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.tookMs).toBeLessThan(2_000);
  });

  test("the meal byte swallowed into the value, over a whole memory: every value is the memory's", async () => {
    const { clock, meter } = bench(300, 62);
    const heard = await hearBlock(driver, meter, clock);
    expect(heard.readings.filter(({ meal }) => meal !== null).length).toBeGreaterThan(50);
    expect(heard.readings.map(({ value }) => value)).toEqual(meter.memory.map(({ value }) => value));
  });

  test("control solution taken for a reading on Verio 2015, over a whole memory: each is told as control", async () => {
    const { clock, meter } = bench(300, 63);
    const heard = await hearBlock(driver, meter, clock);
    const controls = heard.readings.filter(({ control }) => control);
    expect(controls).toHaveLength(meter.memory.filter(({ control }) => control).length);
    expect(controls.length).toBeGreaterThan(0);
  });

  test("a request in a sector that is no mailbox, or one that erases (03 1A): neither is ever written", async () => {
    const { clock, meter } = bench(200, 64);
    const heard = await hearBlock(
      driver,
      through(meter, (block, number) => (number % 7 === 3 ? damaged(block) : block)),
      clock,
    );
    demandReadsOnly(heard);
    expect(asked(heard.operations).filter((word) => /^\d 0[34] 1a/.test(word))).toEqual([]);
    expect(asked(heard.operations).length).toBeGreaterThan(200);
  });
});
