import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Clock } from "../../../src/domain/clock.js";
import type { MeterStatus } from "../../../src/domain/status.js";
import type { SimulatedReading } from "../../../src/kit/driver.js";
import { cutByAmount, cutInMidRead } from "./cut.js";
import { type HandledMeter, readByHub } from "./read-by-hub.js";
import { wordsOf } from "./stored.js";

const COUNT = 16;

/** What a hub does with a meter that is put before it; all of it takes no time. */
interface Habits {
  /** How many readings it keeps of those that it was told; default all. */
  readonly keeps?: number;
  /** Spoils what it stores, from the so-manieth time on that the meter is plugged in. */
  readonly spoil?: readonly [from: number, (stored: readonly string[]) => readonly string[]];
  /** From that time on it knows of no session that broke off. */
  readonly forgetsSessions?: 1 | 2;
  /** It says that it reads only when all has come. */
  readonly dumps?: boolean;
  /** The meter says nothing before it is switched on for the so-manieth time; default at once. */
  readonly switchedOn?: number;
  /** It goes on trying to connect to a meter that is gone. */
  readonly lingers?: boolean;
}

const MEMORY = Array.from({ length: COUNT }, (_, index): SimulatedReading => {
  const day = String(index + 1).padStart(2, "0");
  return {
    ...{ deviceTime: `2026-01-${day}T08:00:00`, kind: "glucose", value: 100 + index, unit: "mg/dL" },
    ...{ outOfRange: null, control: false, meal: null },
  };
});

/** A meter that sends a reading a piece, and a hub that has it at once. */
function scene({ keeps = COUNT, spoil, forgetsSessions, switchedOn = 0, dumps = false, lingers = false }: Habits = {}) {
  let plugs = 0;
  let plugged = false;
  let told = 0;
  let switches = 0;
  let talk = async (): Promise<void> => undefined;
  let stored = new Set<string>();
  let brokenOff = 0;
  const steps: string[] = [];
  let time = 0;
  const clock: Clock = {
    now: () => time,
    async sleep(ms) {
      time += ms;
      // All that goes on has come to rest by then.
      await turn();
    },
  };
  const meter: HandledMeter = {
    ...{ driver: "d", serial: "s", toldAtEnd: false },
    plug(gate) {
      plugs += 1;
      plugged = true;
      told = 0;
      const mine = plugs;
      talk = async () => {
        // The first piece shows that the hub reads.
        await gate(1);
        await turn();
        const had: SimulatedReading[] = [];
        for (const reading of MEMORY) {
          await gate(50);
          if (mine !== plugs || !plugged) return;
          had.push(reading);
          if (dumps && had.length < COUNT) continue;
          for (const one of had.splice(0)) {
            told += 1;
            if (told <= keeps) stored = stored.add(wordsOf(one));
          }
        }
      };
      switches = 0;
      if (switchedOn === 0) void talk();
      return MEMORY;
    },
    switchOn() {
      switches += 1;
      if (switches === switchedOn) void talk();
    },
    unplug() {
      if (plugged && told < COUNT && !dumps) brokenOff += 1;
      if (forgetsSessions !== undefined && plugs >= forgetsSessions) brokenOff = 0;
      plugged = false;
    },
  };
  const status = (): MeterStatus => ({
    ...{ port: plugged || lingers ? "/dev/ttyACM0" : null, driver: "d", manufacturer: null, model: null, serial: "s" },
    ...{ lastRead: null, clockErrorMs: null, detail: "", virtual: false },
    state: !plugged
      ? lingers
        ? "failed"
        : "away"
      : told === 0 && (dumps || switches < switchedOn)
        ? "waiting"
        : told < COUNT
          ? "reading"
          : "done",
    progress: { read: told, expected: null, new: told },
  });
  const side = {
    hub: { meters: async () => [status()] },
    stored: {
      readings: () => {
        const sorted = [...stored].sort();
        return spoil !== undefined && plugs >= spoil[0] ? spoil[1](sorted) : sorted;
      },
      brokenOff: () => brokenOff,
    },
    clock,
    right: (step: string, node?: string) => void steps.push(`${step} ${node ?? ""}`.trim()),
  };
  return { meter, side, steps, plugs: () => plugs };
}

const another = wordsOf({ ...(MEMORY[0] as SimulatedReading), value: 301 });

describe("reading a meter as a person would", () => {
  test("pulls it out in mid-read, reads all of it, and once more", async () => {
    const { meter, side, steps } = scene();
    expect(await readByHub(meter, side)).toBe(COUNT);
    expect(steps).toEqual(["cut in mid-read: 3 of 16 kept", "whole: 16 /dev/ttyACM0", "again: 16 /dev/ttyACM0"]);
  });

  test("switches on again, as often as it takes, a meter that speaks only then", async () => {
    const { meter, side, steps } = scene({ switchedOn: 3 });
    expect(await readByHub(meter, side)).toBe(COUNT);
    expect(steps).toHaveLength(3);
  });

  test("measures what a meter sends that the hub knows only when all has come, and pulls that out in the middle", async () => {
    const { meter, side, steps, plugs } = scene({ dumps: true });
    expect(await readByHub(meter, side)).toBe(COUNT);
    expect(steps).toEqual(["cut in mid-dump", "whole: 16 /dev/ttyACM0", "again: 16 /dev/ttyACM0"]);
    expect(plugs()).toBe(4);
  });

  test("does not wait until a hub that tries to have it back misses a meter on the air, and waits for all others", async () => {
    const onAir = scene({ lingers: true });
    expect(await readByHub({ ...onAir.meter, missedLate: true }, onAir.side)).toBe(COUNT);
    expect(onAir.steps).toHaveLength(3);
    const onCable = scene({ lingers: true });
    await expect(readByHub(onCable.meter, onCable.side)).rejects.toThrow(/^away after pulling it out in mid-read: not/);
  });

  test.each<[string, Habits, RegExp]>([
    ["loses a reading", { keeps: 15 }, /the meter holds 16, the store 15; missing 1/],
    ["stores one twice", { spoil: [2, (all) => [...all, ...all.slice(0, 1)]] }, /not in the meter 1/],
    ["stores one again the second time", { spoil: [3, (all) => [...all, ...all.slice(0, 1)]] }, /not in the meter 1/],
    ["changes a value", { spoil: [2, (all) => [...all.slice(1), another]] }, /missing 1.*not in the meter 1/],
    ["invents one when the cable is pulled out", { spoil: [1, (all) => [...all, another]] }, /the store has what the/],
    ["takes a session that was cut short for whole", { forgetsSessions: 1 }, /cut short counts as whole/],
    ["forgets the session that broke off", { forgetsSessions: 2 }, /a session that broke off is gone/],
  ])("fails where the hub %s", async (_what, habits, why) => {
    const { meter, side } = scene(habits);
    await expect(readByHub(meter, side)).rejects.toThrow(why);
  });
});

describe("the moment of pulling the cable out", () => {
  const meter = (state: MeterStatus["state"], read: number): MeterStatus => ({
    ...{ port: "/dev/ttyUSB0", driver: "d", manufacturer: null, model: null, serial: "s", lastRead: null },
    ...{ clockErrorMs: null, detail: "", virtual: false, state, progress: { read, expected: null, new: read } },
  });

  test("is not before the hub reads: until then nothing is held back, and the hub is asked now and then", async () => {
    let asked = 0;
    let time = 0;
    const status = async (): Promise<MeterStatus> => {
      asked += 1;
      await turn();
      return meter("waiting", 0);
    };
    const cut = cutInMidRead(status, expect.fail, false, { now: () => time });
    for (let piece = 0; piece < 100; piece += 1, time += 10) {
      let held = true;
      void cut.gate(20).then(() => {
        held = false;
      });
      await Promise.resolve();
      expect(held).toBe(false);
      await turn();
    }
    expect(asked).toBe(10);
    expect(cut.done()).toBe(false);
    expect(cut.sum()).toBe(2_000);
  });

  test.each([
    ["the third reading", 1, false, 3],
    ["the thirtieth piece, if no reading was told", 0, false, 31],
    ["the fourth piece, where readings are told only at the end", 0, true, 5],
  ])("is at %s, after a piece that showed that the hub reads", async (_when, readingsAPiece, toldAtEnd, pieces) => {
    let piece = 0;
    const pulled: number[] = [];
    const status = async (): Promise<MeterStatus> => meter("reading", piece * readingsAPiece);
    const cut = cutInMidRead(status, () => pulled.push(piece), toldAtEnd, { now: () => 0 });
    for (piece = 1; piece <= 50; piece += 1) {
      await cut.gate(20);
      await turn();
    }
    expect(pulled).toEqual([pieces]);
    expect(cut.done()).toBe(true);
  });

  test("by amount is at a third of what was sent before", async () => {
    const pulled: number[] = [];
    const cut = cutByAmount(1_000, () => pulled.push(cut.sum()));
    for (let piece = 0; piece < 100; piece += 1) await cut.gate(10);
    expect(pulled).toEqual([350]);
  });
});
