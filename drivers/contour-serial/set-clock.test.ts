import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import type { SerialDriver, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords, inVirtualTime, lineTo } from "../../test/helpers/simulated-line.js";
import { relionPrime } from "../relion-prime/index.js";
import { contourSerial } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:41Z");
const ZONE = "Europe/London";

interface Set {
  readonly shown: string | null;
  readonly code: string | null;
  readonly written: string;
}

/** Sets the clock of what answers to the time in its zone. */
async function set(driver: SerialDriver, answerer: Answerer, clock: VirtualClock): Promise<Set> {
  const transport = lineTo(answerer);
  const wallNow = (): string => wallAt(ZONE, clock.now());
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
  let [shown, code]: [string | null, string | null] = [null, null];
  await inVirtualTime(clock, async () => {
    try {
      shown = (await driver.setClock?.(context)) ?? null;
    } catch (error) {
      code = asProblem(error).code;
    }
  });
  return { shown, code, written: latin1(concat(transport.written)) };
}

describe.each([
  { id: contourSerial.id, driver: contourSerial },
  { id: relionPrime.id, driver: relionPrime },
])("$id, its clock set", ({ driver }) => {
  const meter = (clock: VirtualClock, more: Partial<SimulatorOptions> = {}) =>
    driver.simulate({ count: 5, seed: 2, clock, zone: ZONE, clockErrorMs: 86_400_000 * 40 + 7_200_000, ...more });

  test("shows the time to the minute, which is read back", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const before = simulator.memory;
    expect(simulator.clock()).toBe("2024-06-15T10:08:00");
    const { shown, code, written } = await set(driver, simulator, clock);
    expect(code).toBeNull();
    expect(shown).toBe("2024-05-06T08:08:00");
    expect(simulator.clock()).toBe("2024-05-06T08:08:00");
    expect(written).toContain("W|D|240506|\rW|T|0808|\r");
    expect(simulator.memory).toEqual(before);
    const heard = await hear(driver, simulator, clock);
    expect(heard.events.find(({ type }) => type === "clock")).toEqual({ type: "clock", deviceTime: shown });
    expect(heard.readings.map(inMemoryWords)).toEqual(before);
  });

  test("over midnight has the date of the new day with the time of the new day", async () => {
    for (let second = 50; second < 60; second += 1) {
      const clock = new VirtualClock(Date.parse(`2024-05-06T22:59:${second}.900Z`));
      const { shown, code } = await set(driver, meter(clock), clock);
      const now = wallAt(ZONE, clock.now());
      expect(code).toBeNull();
      // It shows the minute that was, or the one that is: never a day too much or too few.
      const behindMs = Date.parse(`${now}Z`) - Date.parse(`${shown}Z`);
      expect(behindMs, `${shown} at ${now}`).toBeGreaterThanOrEqual(0);
      expect(behindMs, `${shown} at ${now}`).toBeLessThan(120_000);
    }
  });

  test("survives an ACK that was lost", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    let lost = 0;
    let written = "";
    const deaf: Answerer = {
      start: (send) => simulator.start?.(send),
      receive(bytes, send) {
        written += latin1(bytes);
        const loses = lost === 0 && written.endsWith("W|D|240506|\r");
        if (loses) lost += 1;
        simulator.receive(bytes, loses ? () => undefined : send);
      },
    };
    const { shown, code } = await set(driver, deaf, clock);
    expect(lost).toBe(1);
    expect(code).toBeNull();
    expect(shown).toBe("2024-05-06T08:08:00");
  });

  test("is refused by a meter that declines the date, and nothing is set", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    let written = "";
    const unwilling: Answerer = {
      start: (send) => simulator.start?.(send),
      receive(bytes, send) {
        written += latin1(bytes);
        if (/W\|D\|\d+\|\r$/.test(written)) send(Uint8Array.of(21));
        else simulator.receive(bytes, send);
      },
    };
    const { shown, code } = await set(driver, unwilling, clock);
    expect(code).toBe("METER_REFUSED");
    expect(shown).toBeNull();
    expect(simulator.clock()?.slice(0, 10)).toBe("2024-06-15");
  });

  test("is not tried where nothing answers, or another meter does", async () => {
    const clock = new VirtualClock(START_MS);
    const silent = await set(driver, { receive: () => undefined }, clock);
    expect(silent.code).toBe("METER_TIMEOUT");
    expect(silent.written).not.toContain("W");
    const other = driver === contourSerial ? relionPrime : contourSerial;
    const simulator = other.simulate({ count: 5, seed: 2, clock, zone: ZONE, clockErrorMs: 7_200_000 });
    const foreign = await set(driver, simulator, clock);
    expect(foreign.code).toBe("METER_UNSUPPORTED");
    expect(foreign.written).not.toContain("W");
  });

  test("ends within a bound whenever the meter falls silent", async () => {
    let ran = 0;
    for (let heardBytes = 0; heardBytes < 60; heardBytes += 1) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock);
      let heard = 0;
      const dying: Answerer = {
        start: (send) => simulator.start?.(send),
        receive(bytes, send) {
          heard += bytes.length;
          if (heard <= heardBytes) simulator.receive(bytes, send);
        },
      };
      const { code, shown } = await set(driver, dying, clock);
      if (shown === null) expect(code).toMatch(/^METER_(?:STALLED|TIMEOUT|REFUSED)$|^FRAME_/);
      expect(clock.now() - START_MS).toBeLessThan(10 * 60_000);
      ran += 1;
    }
    expect(ran).toBe(60);
  });
});
