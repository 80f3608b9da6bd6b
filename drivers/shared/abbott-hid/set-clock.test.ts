import { describe, expect, test } from "vitest";
import { silentLog } from "../../../src/domain/clock.js";
import { asProblem } from "../../../src/domain/problem.js";
import { wallAt, wallMs } from "../../../src/domain/zone.js";
import { latin1 } from "../../../src/kit/bytes.js";
import type { HidDriver } from "../../../src/kit/driver.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../../test/helpers/simulated-hid.js";
import { inVirtualTime } from "../../../test/helpers/simulated-line.js";
import { freestyleInsulinx } from "../../freestyle-insulinx/index.js";
import { freestyleLibre } from "../../freestyle-libre/index.js";
import { precisionNeo } from "../../precision-neo/index.js";
import { accepted, reportOf, rigged } from "./scripted-reader.js";

const ZONE = "Europe/London";
const DRIVERS = [precisionNeo, freestyleInsulinx, freestyleLibre].map((driver) => ({ id: driver.id, driver }));

function bench(driver: HidDriver, startsAt = "2024-05-06T07:08:42Z", clockErrorMs = -7_500_000) {
  const clock = new VirtualClock(Date.parse(startsAt));
  return { clock, meter: driver.simulate({ count: 5, seed: 3, clock, zone: ZONE, clockErrorMs }) };
}

async function set(driver: HidDriver, answerer: HidAnswerer, clock: VirtualClock) {
  const transport = hidTo(answerer);
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
  const words = transport.written.map((report) => latin1(report.slice(3, 3 + (report[2] ?? 0))));
  return { ...outcome, said: words.filter((word) => word.includes(",")), words };
}

describe.each(DRIVERS)("setting the clock of $id", ({ driver }) => {
  test("asks who it is, tells it the nearest minute, and gives what it shows afterwards", async () => {
    const { clock, meter } = bench(driver);
    const { shown, code, said, words } = await set(driver, meter, clock);
    expect([code, said, shown]).toEqual([null, ["$date,5,6,24", "$time,8,9"], "2024-05-06T08:09:00"]);
    expect(words.findIndex((word) => /^\$s(erl)?n/.test(word))).toBeLessThan(words.indexOf("$date,5,6,24"));
    expect(Math.abs(wallMs(meter.clock() ?? "") - wallMs(wallAt(ZONE, clock.now())))).toBeLessThanOrEqual(31_000);
  });

  test("leaves every reading as it was", async () => {
    const { clock, meter } = bench(driver);
    const before = meter.memory;
    await set(driver, meter, clock);
    expect(meter.memory).toEqual(before);
    const heard = await hearHid(driver, meter, clock);
    expect(heard.readings).toHaveLength(5);
    expect(heard.events[1]).toMatchObject({ deviceTime: expect.stringMatching(/^2024-05-06T08:0[89]:00$/) });
  });

  test("is done again when midnight falls between the two words", async () => {
    const { clock, meter } = bench(driver, "2024-12-31T23:59:20Z");
    const seen: string[] = [];
    const { shown, code, said } = await set(
      driver,
      rigged(meter, (report, question) => {
        if (question.startsWith("$date,") && seen.length === 0) {
          seen.push(question);
          clock.shift(45_000);
        }
        return [report];
      }),
      clock,
    );
    expect(code).toBeNull();
    expect(said).toEqual(["$date,12,31,24", "$time,0,0", "$date,1,1,25", "$time,0,0"]);
    expect(shown).toBe("2025-01-01T00:00:00");
  });

  test("is refused by a meter that declines, by one that shows another time, and for a year that it can't have", async () => {
    for (const reply of ["CKSM:00000000\r\nCMD Fail!\r\n", accepted("")]) {
      const idle = bench(driver);
      const shrug: HidAnswerer = {
        receive(report, send) {
          if (latin1(report).includes(",")) send(reportOf(0x60, reply));
          else idle.meter.receive(report, send);
        },
      };
      expect((await set(driver, shrug, idle.clock)).code).toBe("METER_REFUSED");
    }
    const late = bench(driver, "2100-01-01T10:00:00Z");
    expect(await set(driver, late.meter, late.clock)).toMatchObject({ code: "METER_REFUSED", said: [] });
  });

  test("gives null where the clock can't be read back, and sets nothing of a meter that does not say who it is", async () => {
    const { clock, meter } = bench(driver);
    const mute = rigged(meter, (report, question) => (/^\$(date|time)\?/.test(question) ? [] : [report]));
    expect(await set(driver, mute, clock)).toMatchObject({ shown: null, code: null });
    const falling = bench(driver);
    let told = false;
    const gone = rigged(falling.meter, (report, question) => {
      told ||= question.startsWith("$time,");
      return told && !question.startsWith("$time,") ? [] : [report];
    });
    expect(await set(driver, gone, falling.clock)).toMatchObject({ shown: null, code: null });
    const silent = bench(driver);
    const nothing = await set(driver, { receive: () => undefined }, silent.clock);
    expect(nothing).toMatchObject({ shown: null, code: "METER_TIMEOUT", said: [] });
  });
});
