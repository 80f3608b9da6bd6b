import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hidTo } from "../../test/helpers/simulated-hid.js";
import { inVirtualTime } from "../../test/helpers/simulated-line.js";
import { embracePro } from "./index.js";
import { framed, scriptedMeter } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";

/** Sets the clock of what answers; what it gave, or the code of what it threw. */
async function set(answerer: HidAnswerer, clock: VirtualClock): Promise<unknown> {
  const transport = hidTo(answerer);
  const wallNow = (): string => wallAt(ZONE, clock.now());
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
  return await inVirtualTime(clock, async () => {
    try {
      return await embracePro.setClock?.(context);
    } catch (error) {
      return asProblem(error).code;
    }
  });
}

describe("setting the clock", () => {
  test("sets it to the second; it can't be asked for its time, so none is given", async () => {
    for (const seed of [2, 3]) {
      const clock = new VirtualClock(START_MS);
      const simulator = embracePro.simulate({ count: 5, seed, clock, zone: ZONE, clockErrorMs: 86_400_000 * 40 });
      const before = simulator.memory;
      expect(simulator.clock()?.slice(0, 10)).toBe("2024-06-15");
      expect(await set(simulator, clock)).toBeNull();
      const behindMs = Date.parse(`${wallAt(ZONE, clock.now())}Z`) - Date.parse(`${simulator.clock()}Z`);
      expect(Math.abs(behindMs)).toBeLessThanOrEqual(1_000);
      expect(simulator.memory).toEqual(before);
    }
  });

  test("asks who it is first, and sends year, month, day, hour, minute and second", async () => {
    const own = scriptedMeter();
    expect(await set(own, new VirtualClock(START_MS))).toBeNull();
    expect(own.asked.map((packet) => packet[3])).toEqual([9, 4]);
    expect(own.asked[1]?.slice(4, 9)).toEqual([24, 5, 6, 8, 8]);
  });

  test("is refused where the meter repeats another time, after three tries", async () => {
    const own = scriptedMeter((answer, command) => [command === 4 ? framed(4, [24, 5, 7, 8, 8]) : answer]);
    expect(await set(own, new VirtualClock(START_MS))).toBe("METER_REFUSED");
    expect(own.asked.filter((packet) => packet[3] === 4)).toHaveLength(3);
  });

  test("survives an answer that is lost, damaged or empty, and sends the time of that moment again", async () => {
    const faults: readonly ((answer: Uint8Array) => readonly Uint8Array[])[] = [
      () => [],
      (answer) => [answer.map((byte, at) => (at === 6 ? byte ^ 1 : byte))],
      () => [Uint8Array.of(0)],
    ];
    for (const fault of faults) {
      let faulted = 0;
      const own = scriptedMeter((answer, command) => {
        if (command !== 4 || faulted > 0) return [answer];
        faulted += 1;
        return fault(answer);
      });
      expect(await set(own, new VirtualClock(START_MS))).toBeNull();
      expect(own.asked.filter((packet) => packet[3] === 4)).toHaveLength(2);
    }
    expect(faults).toHaveLength(3);
  });

  test("is not tried where nothing answers, and ends where the meter falls silent", async () => {
    expect(await set({ receive: () => undefined }, new VirtualClock(START_MS))).toBe("METER_TIMEOUT");
    const clock = new VirtualClock(START_MS);
    expect(
      await set(
        scriptedMeter((answer, command) => (command === 4 ? [] : [answer])),
        clock,
      ),
    ).toBe("METER_STALLED");
    expect(clock.now() - START_MS).toBeLessThan(20_000);
  });
});
