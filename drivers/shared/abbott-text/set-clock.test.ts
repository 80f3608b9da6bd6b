import { describe, expect, test } from "vitest";
import { silentLog } from "../../../src/domain/clock.js";
import { asProblem } from "../../../src/domain/problem.js";
import { wallAt, wallMs } from "../../../src/domain/zone.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { MeterSimulator, SerialDriver } from "../../../src/kit/driver.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { type Answerer, hear, inVirtualTime, lineTo } from "../../../test/helpers/simulated-line.js";
import { freestyleLite } from "../../freestyle-lite/index.js";
import { precisionXtra } from "../../precision-xtra/index.js";

const ZONE = "Europe/London";
const BOTH: { id: string; driver: SerialDriver; dumpWord: string }[] = [
  { id: "freestyle-lite", driver: freestyleLite, dumpWord: "$mem\r\n" },
  { id: "precision-xtra", driver: precisionXtra, dumpWord: "$xmem\r\n" },
];

function bench(driver: SerialDriver, startsAt = "2024-05-06T07:08:42Z") {
  const clock = new VirtualClock(Date.parse(startsAt));
  const meter = driver.simulate({ count: 5, seed: 3, clock, zone: ZONE, clockErrorMs: -7_500_000 });
  return { clock, meter };
}

async function set(driver: SerialDriver, answerer: Answerer, clock: VirtualClock) {
  const transport = lineTo(answerer);
  const signal = new AbortController().signal;
  const wallNow = (): string => wallAt(ZONE, clock.now());
  const outcome = await inVirtualTime(clock, async (): Promise<{ shown: string | null; code: string | null }> => {
    try {
      const shown = (await driver.setClock?.({ transport, clock, signal, log: silentLog, wallNow })) ?? null;
      return { shown, code: null };
    } catch (error) {
      return { shown: null, code: asProblem(error).code };
    }
  });
  const said = transport.written.map(latin1).filter((word) => word.startsWith("$tim"));
  return { ...outcome, said };
}

/** The meter, but that word goes to `hear` instead. */
function but(meter: MeterSimulator, word: RegExp, instead: Answerer["receive"]): Answerer {
  return { receive: (bytes, send) => (word.test(latin1(bytes)) ? instead : meter.receive)(bytes, send) };
}

describe.each(BOTH)("setting the clock of $id", ({ driver, dumpWord }) => {
  test("tells it the nearest minute, and gives what it shows afterwards", async () => {
    const { clock, meter } = bench(driver);
    const { shown, code, said } = await set(driver, meter, clock);
    expect([code, said]).toEqual([null, ["$tim,05,06,24,08,09\r\n"]]);
    expect(shown).toMatch(/^2024-05-06T08:09:0/);
    expect(Math.abs(wallMs(meter.clock() ?? "") - wallMs(wallAt(ZONE, clock.now())))).toBeLessThanOrEqual(30_000);
    expect(wallMs(meter.clock() ?? "") - wallMs(shown ?? "")).toBeLessThan(1_000);
  });

  test("leaves every reading as it was, and the next ones have the new time", async () => {
    const clock = new VirtualClock(Date.parse("2024-05-06T07:08:42Z"));
    const meter = driver.simulate({
      count: 5,
      seed: 3,
      clock,
      zone: ZONE,
      clockErrorMs: -7_500_000,
      newReadingEveryMs: 600_000,
    });
    const before = meter.memory;
    await set(driver, meter, clock);
    expect(meter.memory).toEqual(before);
    clock.advance(1_000_000);
    expect(meter.memory.length).toBeGreaterThan(before.length);
    expect(meter.memory.slice(-before.length)).toEqual(before);
    expect(meter.memory[0]?.deviceTime.startsWith("2024-05-06T08:")).toBe(true);
    const heard = await hear(driver, meter, clock);
    expect(heard.events[1]).toMatchObject({ deviceTime: expect.stringMatching(/^2024-05-06T08:2/) });
  });

  test("rounds over the end of a year, and refuses a year that the word can't carry", async () => {
    const { clock, meter } = bench(driver, "2024-12-31T23:59:40Z");
    const { said, shown } = await set(driver, meter, clock);
    expect(said).toEqual(["$tim,01,01,25,00,00\r\n"]);
    expect(shown).toMatch(/^2025-01-01T00:00:0/);
    const late = bench(driver, "2100-01-01T10:00:00Z");
    expect(await set(driver, late.meter, late.clock)).toEqual({ shown: null, code: "METER_REFUSED", said: [] });
  });

  test("is refused by a meter that declines, and by one that shows another time afterwards", async () => {
    const declining = bench(driver);
    const no = but(declining.meter, /^\$tim/, (_, send) => send(latin1Bytes("CMD Fail!\r\n")));
    expect((await set(driver, no, declining.clock)).code).toBe("METER_REFUSED");
    for (const reply of ["CMD OK\r\n", ""]) {
      const idle = bench(driver);
      const shrug = but(idle.meter, /^\$tim/, (_, send) => {
        if (reply !== "") send(latin1Bytes(reply));
      });
      expect((await set(driver, shrug, idle.clock)).code).toBe("METER_REFUSED");
    }
  });

  test("is believed without an answer where the clock shows the new time", async () => {
    const { clock, meter } = bench(driver);
    const mute = but(meter, /^\$tim/, (bytes) => meter.receive(bytes, () => undefined));
    const { shown, code } = await set(driver, mute, clock);
    expect([shown?.slice(0, 16), code]).toEqual(["2024-05-06T08:09", null]);
  });

  test("gives null where the clock can't be read back, and says nothing to a meter that does not tell its name", async () => {
    const { clock, meter } = bench(driver);
    let asked = 0;
    const falling = but(meter, /^\$x?mem/, (bytes, send) => {
      asked += 1;
      if (asked === 1) meter.receive(bytes, send);
    });
    expect(await set(driver, falling, clock)).toMatchObject({ shown: null, code: null, said: [expect.any(String)] });
    const silent = bench(driver);
    const nothing = await set(driver, { receive: () => undefined }, silent.clock);
    expect(nothing).toEqual({ shown: null, code: "METER_TIMEOUT", said: [] });
  });

  test("ends when another meter answers afterwards", async () => {
    const { clock, meter } = bench(driver);
    const other = driver.simulate({ count: 5, seed: 4, clock, zone: ZONE });
    let asked = 0;
    const swapped: Answerer = {
      receive(bytes, send) {
        if (latin1(bytes) === dumpWord) asked += 1;
        (asked > 1 ? other : meter).receive(bytes, send);
      },
    };
    expect((await set(driver, swapped, clock)).code).toBe("METER_CHANGED");
  });
});
