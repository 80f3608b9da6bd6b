import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { latin1 } from "../../../src/kit/bytes.js";
import type { HidDriver, HidSimulator, SimulatorOptions } from "../../../src/kit/driver.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { hearHid, hidTo } from "../../../test/helpers/simulated-hid.js";
import { type Heard, inMemoryWords } from "../../../test/helpers/simulated-line.js";
import { freestyleInsulinx } from "../../freestyle-insulinx/index.js";
import { freestyleLibre } from "../../freestyle-libre/index.js";
import { precisionNeo } from "../../precision-neo/index.js";
import { reportOf, rigged } from "./scripted-reader.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Whatever a meter does, its session is over in this time. */
const PATIENCE_MS = 10 * 60_000;
const DRIVERS = [
  { id: "precision-neo", driver: precisionNeo, capacity: 1_000, logs: 1 },
  { id: "freestyle-insulinx", driver: freestyleInsulinx, capacity: 1_000, logs: 1 },
  { id: "freestyle-libre", driver: freestyleLibre, capacity: 10_000, logs: 2 },
] as const;
const LOG_WORDS: readonly string[] = ["$result?", "$arresult?", "$history?"];

type Change = Parameters<typeof rigged>[1];

async function read(driver: HidDriver, change: Change = (report) => [report], more: Partial<SimulatorOptions> = {}) {
  const clock = new VirtualClock(START_MS);
  const meter = driver.simulate({ count: 30, seed: 4, clock, zone: "Europe/London", ...more });
  const heard = await hearHid(driver, rigged(meter, change), clock);
  return { meter, heard };
}

/** Holds whatever went wrong: nothing untrue, nothing twice, over in time, and a named end. */
function demandTrue({ meter, heard }: { meter: HidSimulator; heard: Heard }): void {
  const left = meter.memory.map((one) => JSON.stringify(one));
  for (const told of heard.readings.map((one) => JSON.stringify(inMemoryWords(one)))) {
    expect(left).toContain(told);
    left.splice(left.indexOf(told), 1);
  }
  const [identity] = heard.events;
  if (identity?.type === "identity") {
    expect(identity.identity.serial).toBe(meter.serial);
    expect(["1.07 Mar 03 2016", "1.44 Sep 12 2012", "2.3.0", null]).toContain(identity.identity.firmware);
  }
  expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  expect(heard.reason === null || (isProblem(heard.reason) && heard.code !== "INTERNAL")).toBe(true);
}

const told = (heard: Heard) => heard.readings.map(inMemoryWords);
const questionsOf = (heard: Heard): string[] =>
  heard.written.map((report) => latin1(report.slice(3, 3 + (report[2] ?? 0))));

describe.each(DRIVERS)("$id", ({ driver, capacity, logs }) => {
  test.each([0, 1, 50, capacity])("tells all of a memory of %i as it is, in its order", async (count) => {
    const { meter, heard } = await read(driver, undefined, { count });
    expect(heard.reason).toBeNull();
    expect(meter.memory).toHaveLength(count);
    expect(told(heard)).toEqual(meter.memory);
    expect(heard.events.slice(0, 3).map(({ type }) => type)).toEqual(["identity", "clock", "expect"]);
    expect(heard.events[0]).toMatchObject({ identity: { manufacturer: "Abbott", serial: meter.serial } });
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:00" });
    expect(heard.events[2]).toEqual({ type: "expect", count });
  });

  test("says which unit its display has, and tells glucose in mg/dL all the same", async () => {
    for (const unit of ["mg/dL", "mmol/L"] as const) {
      const { heard } = await read(driver, undefined, { unit, count: 60 });
      expect(heard.events[0]).toMatchObject({ identity: { displayUnit: unit } });
      const glucose = heard.readings.filter(({ kind }) => kind === "glucose");
      expect(glucose.length).toBeGreaterThan(20);
      expect(new Set(glucose.map((one) => one.unit))).toEqual(new Set(["mg/dL"]));
    }
  });

  test("asks only questions, and wakes the meter first", async () => {
    const words = new Set<string>();
    const faults: Change[] = [
      (report) => [report],
      () => [],
      (report) => [report, report],
      (report) => [report.fill(7, 9)],
    ];
    for (const fault of faults) {
      const { heard } = await read(driver, fault);
      expect(heard.written[0]?.slice(0, 3)).toEqual(Uint8Array.of(0, 1, 0));
      expect(heard.written.every((report) => report.length === 65 && report[0] === 0)).toBe(true);
      for (const word of questionsOf(heard)) words.add(word);
    }
    expect([...words].filter((word) => word !== "" && !/^\$[a-z]+\?$/.test(word))).toEqual([]);
    expect(words.size).toBeGreaterThanOrEqual(7);
  });

  test("stays true when any one report comes damaged, and loses nothing", { timeout: 60_000 }, async () => {
    const { heard: sound } = await read(driver, undefined, { count: 8 });
    const total = await countReports(driver, 8);
    let ran = 0;
    for (let number = 0; number < total; number += 1) {
      // Type, length, the first and last bytes of the content, and the padding.
      for (const [place, bit] of [
        [0, 0x01],
        [0, 0x40],
        [1, 0x01],
        [1, 0x20],
        [1, 0x80],
        [2, 0x04],
        [40, 0x10],
        [63, 0x08],
      ] as const) {
        let seen = -1;
        const outcome = await read(
          driver,
          (report) => {
            seen += 1;
            if (seen !== number) return [report];
            return [report.map((byte, at) => (at === place ? byte ^ bit : byte))];
          },
          { count: 8 },
        );
        demandTrue(outcome);
        expect(outcome.heard.reason, `report ${number}, byte ${place}`).toBeNull();
        expect(told(outcome.heard)).toEqual(told(sound));
        ran += 1;
      }
    }
    expect(ran).toBe(total * 8);
    expect(total).toBeGreaterThanOrEqual(12);
  });

  test("stays true when any one report is lost, comes twice or is cut short, and loses nothing", {
    timeout: 60_000,
  }, async () => {
    const total = await countReports(driver, 8);
    let ran = 0;
    for (let number = 0; number < total; number += 1) {
      const faults: ((report: Uint8Array) => readonly Uint8Array[])[] = [
        () => [],
        (report) => [report, report],
        (report) => [report.slice(0, 20)],
      ];
      for (const fault of faults) {
        let seen = -1;
        const outcome = await read(
          driver,
          (report) => {
            seen += 1;
            return seen === number ? fault(report) : [report];
          },
          { count: 8 },
        );
        demandTrue(outcome);
        expect(outcome.heard.reason, `report ${number}`).toBeNull();
        expect(told(outcome.heard)).toEqual(outcome.meter.memory);
        ran += 1;
      }
    }
    expect(ran).toBe(total * 3);
  });

  test("stays true when the meter pauses before any one report", { timeout: 60_000 }, async () => {
    const total = await countReports(driver, 8);
    const whole: number[] = [];
    let ran = 0;
    for (let number = 0; number < total; number += 1) {
      for (const ms of [700, 5_000, 20_000]) {
        const clock = new VirtualClock(START_MS);
        const meter = driver.simulate({ count: 8, seed: 4, clock, zone: "Europe/London" });
        let seen = -1;
        let line: Promise<void> = Promise.resolve();
        const pausing = {
          receive: (report: Uint8Array, send: (report: Uint8Array) => void) =>
            meter.receive(report, (one) => {
              seen += 1;
              const pause = seen === number ? ms : 0;
              // In their order: nothing overtakes on a wire.
              line = line.then(() => clock.sleep(pause)).then(() => send(one));
            }),
        };
        const heard = await hearHid(driver, pausing, clock);
        demandTrue({ meter, heard });
        if (heard.reason === null) {
          expect(told(heard)).toEqual(meter.memory);
          whole.push(ms);
        }
        ran += 1;
      }
    }
    expect(ran).toBe(total * 3);
    expect(whole.filter((ms) => ms === 700)).toHaveLength(total);
    expect(whole.filter((ms) => ms === 5_000).length).toBeGreaterThan(total / 2);
  });

  test("takes an answer that comes again behind the next question for no answer to that", async () => {
    for (const word of ["$sn?", "$serlnum?", "$swver?", "$uom?", "$gunits?", "$date?", "$time?"]) {
      const kept: Uint8Array[] = [];
      let behind = false;
      const outcome = await read(driver, (report, question) => {
        if (question === word && report[0] === 0x60) kept.push(report);
        if (question === word || kept.length === 0 || behind) return [report];
        behind = true;
        return [...kept, report];
      });
      demandTrue(outcome);
      expect(outcome.heard.reason, word).toBeNull();
      expect(outcome.heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:00" });
      expect(outcome.heard.events[0]).toMatchObject({ identity: { displayUnit: "mg/dL" } });
      expect(told(outcome.heard)).toEqual(outcome.meter.memory);
    }
  });

  test("gives up with a name when the meter stops answering, wherever that is, and tells nothing unproven", async () => {
    const total = await countReports(driver, 8);
    const codes: (string | null)[] = [];
    for (let number = 0; number < total; number += 1) {
      let seen = 0;
      const outcome = await read(
        driver,
        (report) => {
          seen += 1;
          return seen <= number ? [report] : [];
        },
        { count: 8 },
      );
      demandTrue(outcome);
      expect(outcome.heard.readings).toEqual([]);
      expect(outcome.heard.tookMs).toBeLessThan(120_000);
      codes.push(outcome.heard.code);
    }
    expect(codes[0]).toBe("METER_TIMEOUT");
    expect(codes.slice(1).every((code) => code === "METER_STALLED")).toBe(true);
    expect(codes).toHaveLength(total);
  });

  test("ends at once when it is unplugged, after any report", async () => {
    const total = await countReports(driver, 8);
    const codes: (string | null)[] = [];
    for (let number = 0; number < total; number += 1) {
      const clock = new VirtualClock(START_MS);
      const meter = driver.simulate({ count: 8, seed: 4, clock, zone: "Europe/London" });
      let seen = 0;
      const bench = hidTo(
        rigged(meter, (report) => {
          seen += 1;
          if (seen === number + 1) bench.unplug();
          return [report];
        }),
      );
      const heard = await hearHid(driver, meter, clock, { transport: bench });
      expect(heard.readings).toEqual([]);
      codes.push(heard.code);
    }
    expect(codes).toEqual(Array.from({ length: total }, () => "TRANSPORT_GONE"));
  });

  test("asks a meter again that declines twice, and gives up one that always does", async () => {
    const twice = await read(driver, undefined, { declines: 2 });
    expect(twice.heard.reason).toBeNull();
    expect(told(twice.heard)).toEqual(twice.meter.memory);
    const always = await read(driver, undefined, { declines: 1_000 });
    expect([always.heard.code, always.heard.events]).toEqual(["METER_REFUSED", []]);
  });

  test("keeps a log that stays damaged as unreadable, and tells nothing of it", async () => {
    for (const fault of ["sum", "count"] as const) {
      const outcome = await read(driver, (report, question) => {
        if (!LOG_WORDS.includes(question) || report[0] !== 0x60) return [report];
        const text = latin1(report.slice(2, 2 + (report[1] ?? 0)));
        const at = fault === "sum" ? text.indexOf("CKSM:") - 3 : text.indexOf("\r\n");
        if (at < 1) return [report];
        // One up, one down: the sum of all stays, that of the records does not.
        return [report.map((byte, place) => (place === 2 + at - 1 ? byte ^ 1 : byte))];
      });
      demandTrue(outcome);
      expect(outcome.heard.code).toBe("FRAME_CHECKSUM");
      expect(outcome.heard.readings).toEqual([]);
      expect(outcome.heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(1);
      expect(questionsOf(outcome.heard).filter((word) => LOG_WORDS.includes(word))).toHaveLength(3);
    }
  });

  test("tells no time where the clock was lost or can't be read, and the readings all the same", async () => {
    for (const answer of ["255,255,255", "8,255", "2,30,24"]) {
      const outcome = await read(driver, (report, question) => {
        const isDate = question === "$date?";
        if ((question !== "$time?" && !isDate) || report[0] !== 0x60) return [report];
        if (isDate !== (answer.split(",").length === 3)) return [report];
        return [answerOf(`${answer}\r\n`)];
      });
      expect(outcome.heard.reason).toBeNull();
      const clocks = outcome.heard.events.filter(({ type }) => type === "clock");
      expect(clocks).toEqual([{ type: "clock", deviceTime: null }]);
      const strange = outcome.heard.events.filter(({ type }) => type === "unreadable");
      expect(strange).toHaveLength(answer === "2,30,24" ? 1 : 0);
      expect(told(outcome.heard)).toEqual(outcome.meter.memory);
    }
  });

  test("asks for the time again when midnight falls between date and time", async () => {
    let dates = 0;
    let times = 0;
    const outcome = await read(driver, (report, question) => {
      if (report[0] !== 0x60) return [report];
      if (question === "$date?") {
        dates += 1;
        return [answerOf(dates === 1 ? "5,6,24\r\n" : "5,7,24\r\n")];
      }
      if (question !== "$time?") return [report];
      times += 1;
      return [answerOf(times === 1 ? "23,59\r\n" : "0,0\r\n")];
    });
    expect(outcome.heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-07T00:00:00" });
    expect([dates, times]).toEqual([2, 2]);
  });

  test("ends when another meter answers after a fault", async () => {
    const clock = new VirtualClock(START_MS);
    const [one, other] = [3, 5].map((seed) => driver.simulate({ count: 5, seed, clock, zone: "Europe/London" }));
    if (one === undefined || other === undefined) throw new Error("no meters");
    let swapped = false;
    const heard = await hearHid(
      driver,
      {
        receive(report, send) {
          if (LOG_WORDS.includes(latin1(report.slice(3, 3 + (report[2] ?? 0)))) && !swapped) {
            swapped = true;
            other.receive(Uint8Array.of(0, 1, 0), () => undefined);
            return;
          }
          (swapped ? other : one).receive(report, send);
        },
      },
      clock,
    );
    expect([heard.code, heard.readings]).toEqual(["METER_CHANGED", []]);
  });

  test("tries the other type of report where the first is not understood", async () => {
    for (const refusal of [[reportOf(0x30, "\x85")], []]) {
      const clock = new VirtualClock(START_MS);
      const meter = driver.simulate({ count: 5, seed: 4, clock, zone: "Europe/London" });
      const heard = await hearHid(
        driver,
        {
          receive(report, send) {
            if (report[1] !== 0x60) meter.receive(report, send);
            else for (const one of refusal) send(one);
          },
        },
        clock,
      );
      expect(heard.reason).toBeNull();
      expect(told(heard)).toEqual(meter.memory);
      expect(heard.written.filter((report) => report[1] === 0x60)).toHaveLength(1);
    }
  });

  test("leaves an encrypted reader alone, and a meter without a serial number", async () => {
    for (const code of ["\x15", "\x14"]) {
      const clock = new VirtualClock(START_MS);
      const heard = await hearHid(driver, { receive: (_, send) => send(reportOf(0x33, code)) }, clock);
      expect([heard.code, heard.events]).toEqual(["METER_UNSUPPORTED", []]);
    }
    for (const none of ["\r\n", "00000000 (No SerialNum)\r\n"]) {
      const { heard } = await read(driver, (report, question) =>
        /^\$s(erl)?n/.test(question) && report[0] === 0x60 ? [answerOf(none)] : [report],
      );
      expect([heard.code, heard.events]).toEqual(["METER_UNSUPPORTED", []]);
    }
  });

  test("drops what an earlier conversation left behind", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = driver.simulate({ count: 5, seed: 4, clock, zone: "Europe/London" });
    const heard = await hearHid(
      driver,
      {
        start: (send) => {
          for (const text of ["ZZZZ999-Z9999\r\n", "9.99\r\n"]) send(answerOf(text));
          send(reportOf(0x22, "\x03"));
        },
        receive: (report, send) => meter.receive(report, send),
      },
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.events[0]).toMatchObject({ identity: { serial: meter.serial } });
    expect(told(heard)).toEqual(meter.memory);
  });

  test(`asks for ${logs} log(s) once each where nothing goes wrong`, async () => {
    const { heard } = await read(driver);
    expect(questionsOf(heard).filter((word) => LOG_WORDS.includes(word))).toHaveLength(logs);
  });
});

/** How many reports a meter of that many readings sends in a sound session. */
async function countReports(driver: HidDriver, count: number): Promise<number> {
  let reports = 0;
  await read(
    driver,
    (report) => {
      reports += 1;
      return [report];
    },
    { count },
  );
  return reports;
}

/** A whole answer in one report, summed up here apart from the codec. */
function answerOf(message: string): Uint8Array {
  const sum = [...message].reduce((all, character) => all + character.charCodeAt(0), 0);
  return reportOf(0x60, `${message}CKSM:${sum.toString(16).toUpperCase().padStart(8, "0")}\r\nCMD OK\r\n`);
}
