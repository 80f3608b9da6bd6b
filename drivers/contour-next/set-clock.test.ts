import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { concat, latin1 } from "../../src/kit/bytes.js";
import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { inVirtualTime } from "../../test/helpers/simulated-line.js";
import { contourNext } from "./index.js";
import { reportsOf } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:41Z");
const ZONE = "Europe/London";
/** Seeds of a Next USB, a Next One (which must never hear EOT), and a Next Link 2.4 (whose clock is the pump's). */
const [NEXT_USB, NEXT_ONE, NEXT_LINK] = [3, 4, 5];

interface Set {
  readonly shown: string | null;
  readonly code: string | null;
  readonly message: string;
  /** What the hub said, out of its reports. */
  readonly said: string;
}

function meter(clock: VirtualClock, more: Partial<SimulatorOptions> = {}): HidSimulator {
  const options = { count: 5, seed: NEXT_USB, clock, zone: ZONE, clockErrorMs: 86_400_000 * 40 + 7_200_000 };
  return contourNext.simulate({ ...options, ...more });
}

/** Sets the clock of what answers to the time in its zone. */
async function set(answerer: HidAnswerer, clock: VirtualClock): Promise<Set> {
  const transport = hidTo(answerer);
  const wallNow = (): string => wallAt(ZONE, clock.now());
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
  let [shown, code, message]: [string | null, string | null, string] = [null, null, ""];
  await inVirtualTime(clock, async () => {
    try {
      shown = (await contourNext.setClock?.(context)) ?? null;
    } catch (error) {
      [code, message] = [asProblem(error).code, asProblem(error).message];
    }
  });
  const said = latin1(concat(transport.written.map((report) => report.slice(5, 5 + (report[4] ?? 0)))));
  return { shown, code, message, said };
}

/** The meter, with what it says to a report that holds this text replaced. */
function answering(own: HidSimulator, text: RegExp, reply: Uint8Array | null): HidAnswerer {
  let heard = "";
  return {
    reportBytes: 64,
    receive(report, send) {
      heard += latin1(report.slice(5, 5 + (report[4] ?? 0)));
      if (!text.test(heard)) own.receive(report, send);
      else if (reply !== null) for (const one of reportsOf(reply)) send(one);
    },
  };
}

describe("setting the clock", () => {
  test("shows the time to the minute, which is read back, and keeps the memory", async () => {
    for (const seed of [NEXT_USB, NEXT_ONE]) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock, { seed });
      const before = simulator.memory;
      expect(simulator.clock()).toBe("2024-06-15T10:08:00");
      const { shown, code, said } = await set(simulator, clock);
      expect(code).toBeNull();
      expect(shown).toBe("2024-05-06T08:08:00");
      expect(simulator.clock()).toBe("2024-05-06T08:08:00");
      expect(said).toContain("W|D|240506|\rW|T|0808|\r");
      // A Next One must not hear EOT; a Next USB is told to stop by it.
      expect(said.includes("\u0004")).toBe(seed === NEXT_USB);
      expect(simulator.memory).toEqual(before);
    }
  });

  test("leaves a meter that can be read again", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    expect((await set(simulator, clock)).code).toBeNull();
    const heard = await hearHid(contourNext, simulator, clock);
    expect(heard.reason).toBeNull();
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:00" });
    expect(heard.readings).toHaveLength(5);
  });

  test("pump-owned clock: a Next Link that declines the date is told to belong to the pump, and nothing is set", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { seed: NEXT_LINK });
    const { shown, code, message } = await set(simulator, clock);
    expect(code).toBe("METER_REFUSED");
    expect(message).toMatch(/pump/);
    expect(shown).toBeNull();
    expect(simulator.clock()?.slice(0, 10)).toBe("2024-06-15");
  });

  test("of another meter that declines the date is refused without a word about pumps", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const { code, message } = await set(answering(simulator, /W\|D\|\d+\|\r$/, Uint8Array.of(21)), clock);
    expect(code).toBe("METER_REFUSED");
    expect(message).not.toMatch(/pump/);
    expect(simulator.clock()?.slice(0, 10)).toBe("2024-06-15");
  });

  test("of a meter that does not tell its clock in command mode gives no time, and does not fail", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const { shown, code } = await set(answering(simulator, /R\|$/, Uint8Array.of(21)), clock);
    expect(code).toBeNull();
    expect(shown).toBeNull();
    expect(simulator.clock()).toBe("2024-05-06T08:08:00");
  });

  test("that the meter agrees to and does not keep is refused", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    let heard = "";
    const forgetful: HidAnswerer = {
      reportBytes: 64,
      receive(report, send) {
        const word = latin1(report.slice(5, 5 + (report[4] ?? 0)));
        heard += word;
        // Says yes to each word of setting, and hears none of them.
        if (/^(?:W\||\d+\|\r)$/.test(word) || /W\|[DT]\|$/.test(heard)) {
          for (const one of reportsOf(Uint8Array.of(6))) send(one);
        } else simulator.receive(report, send);
      },
    };
    const { code } = await set(forgetful, clock);
    expect(code).toBe("METER_REFUSED");
    expect(simulator.clock()?.slice(0, 10)).toBe("2024-06-15");
  });

  test("over midnight has the date of the new day with the time of the new day", async () => {
    for (let second = 50; second < 60; second += 1) {
      const clock = new VirtualClock(Date.parse(`2024-05-06T22:59:${second}.900Z`));
      const { shown, code } = await set(meter(clock), clock);
      const now = wallAt(ZONE, clock.now());
      expect(code).toBeNull();
      const behindMs = Date.parse(`${now}Z`) - Date.parse(`${shown}Z`);
      expect(behindMs, `${shown} at ${now}`).toBeGreaterThanOrEqual(0);
      expect(behindMs, `${shown} at ${now}`).toBeLessThan(120_000);
    }
  });

  test("is not tried where nothing answers", async () => {
    const clock = new VirtualClock(START_MS);
    const silent = await set({ receive: () => undefined }, clock);
    expect(silent.code).toBe("METER_TIMEOUT");
    expect(silent.said).not.toContain("W");
  });

  test("ends within a bound whenever the meter falls silent", async () => {
    let [ran, refused] = [0, 0];
    for (let reports = 0; reports < 40; reports += 1) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock);
      let heard = 0;
      const dying: HidAnswerer = {
        reportBytes: 64,
        receive(report, send) {
          heard += 1;
          if (heard <= reports) simulator.receive(report, send);
        },
      };
      const { code } = await set(dying, clock);
      if (code !== null) {
        expect(code).toMatch(/^METER_(?:STALLED|TIMEOUT|REFUSED)$|^FRAME_/);
        refused += 1;
      }
      expect(clock.now() - START_MS).toBeLessThan(10 * 60_000);
      ran += 1;
    }
    expect(ran).toBe(40);
    expect(refused).toBeGreaterThan(15);
  });
});
