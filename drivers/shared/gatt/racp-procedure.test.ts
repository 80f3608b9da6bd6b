import { expect, test } from "vitest";
import { asProblem } from "../../../src/domain/problem.js";
import { hex } from "../../../src/kit/bytes.js";
import type { GattAnswer } from "../../../src/kit/driver.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { bleTo } from "../../../test/helpers/simulated-ble.js";
import { inVirtualTime } from "../../../test/helpers/simulated-line.js";
import { GLUCOSE } from "./names.js";
import { Notices } from "./notices.js";
import { RACP_QUIET_MS, RacpProcedure } from "./racp-procedure.js";
import { type Saying, scriptedMeter } from "./scripted-meter.js";

type Answers = (write: string, times: number) => GattAnswer<readonly Saying[]>;

/** Counts, then reports all, and says what came of both. */
async function run(answer: Answers, what: "count" | "report" | "both" | "abort" = "both") {
  const clock = new VirtualClock(0);
  const link = bleTo(scriptedMeter({ gatt: { "1808": ["2a18", "2a52"] }, answer }), clock, { operationMs: 0 });
  const signal = new AbortController().signal;
  const notices = new Notices({ transport: link, clock, signal });
  const procedure = new RacpProcedure({ transport: link, clock, signal, notices, point: GLUCOSE.recordAccess });
  const came: string[] = [];
  const gave = await inVirtualTime(clock, async () => {
    try {
      await link.subscribe(GLUCOSE.measurement);
      await link.subscribe(GLUCOSE.recordAccess);
      if (what === "abort") return await procedure.abort();
      const count = what === "report" ? null : await procedure.count("all");
      if (what === "count") return count;
      const report = procedure.report("all");
      let step = await report.next();
      for (; step.done !== true; step = await report.next()) came.push(hex(step.value.bytes));
      return what === "both" ? [count, step.value] : step.value;
    } catch (error) {
      const { code, context } = asProblem(error);
      return { problem: code, ...context };
    }
  });
  return {
    gave,
    came,
    written: link.written.map(hex),
    tookMs: clock.now(),
    strangers: procedure.takeStrangers().map(hex),
  };
}

test("counts, takes what comes, and ends with the meter's word", async () => {
  const heard = await run((write) =>
    write === "04 01"
      ? [["2a52", "05 00 02 00"]]
      : [
          ["2a18", "aa"],
          ["2a18", "bb"],
          ["2a52", "06 00 01 01"],
        ],
  );
  expect(heard).toEqual({
    gave: [2, "done"],
    came: ["aa", "bb"],
    written: ["04 01", "01 01"],
    tookMs: 0,
    strangers: [],
  });
});

test("no records is no error, for a count and for a report", async () => {
  const heard = await run((write) => [["2a52", write === "04 01" ? "06 00 04 06" : "06 00 01 06"]]);
  expect(heard.gave).toEqual([0, "none"]);
});

test.each([
  ["06 00 01 02", "RACP_REFUSED", 2],
  ["06 00 01 09", "RACP_REFUSED", 9],
  ["06 00 01 08", "RACP_ABORTED", 8],
  ["06 00 01 00", "RACP_REFUSED", 0],
])("after [%s] the report ends with %s, and what came before was given", async (end, problem, code) => {
  const answer: Answers = () => [
    ["2a18", "aa"],
    ["2a52", end],
  ];
  const heard = await run(answer, "report");
  expect(heard.gave).toEqual({ problem, op: 1, code });
  expect(heard.came).toEqual(["aa"]);
});

test("a meter that says nothing any more has stalled, half a minute after its last word", async () => {
  const heard = await run(() => [["2a18", "aa"]], "report");
  expect(heard.gave).toEqual({ problem: "METER_STALLED" });
  expect([heard.came, heard.tookMs]).toEqual([["aa"], RACP_QUIET_MS]);
});

test("a late answer to another request is passed over, and what comes early is not lost", async () => {
  const heard = await run((write) =>
    write === "04 01"
      ? [
          ["2a18", "aa"],
          ["2a52", "06 00 01 01"],
          ["2a52", "05 00 01 00"],
        ]
      : [
          ["2a52", "05 00 07 00"],
          ["2a18", "bb"],
          ["2a52", "06 00 04 06"],
          ["2a18", "cc"],
          ["2a52", "06 00 01 01"],
        ],
  );
  expect([heard.gave, heard.came]).toEqual([
    [1, "done"],
    ["aa", "bb", "cc"],
  ]);
});

test("an answer that is none is kept to be told, and another one awaited; without one it is what went wrong", async () => {
  const mended = await run(
    () => [
      ["2a52", "05 00"],
      ["2a52", "05 00 03 00"],
    ],
    "count",
  );
  expect([mended.gave, mended.strangers]).toEqual([3, ["05 00"]]);
  const left = await run(() => [["2a52", "06 00 04"]], "count");
  expect(left.gave).toMatchObject({ problem: "FRAME_TRUNCATED", answer: "06 00 04" });
});

test.each([0x80, 0xfe])(
  "a transfer that still runs (error %i) is stopped, and the request written once more",
  async (att) => {
    const heard = await run((write, times) => {
      if (write === "03 00")
        return [
          ["2a18", "aa"],
          ["2a52", "06 00 03 01"],
        ];
      if (write === "01 01") return [["2a52", "06 00 01 01"]];
      return times === 1 ? { att } : [["2a52", "05 00 09 00"]];
    });
    expect([heard.gave, heard.written]).toEqual([
      [9, "done"],
      ["04 01", "03 00", "04 01", "01 01"],
    ]);
    // What it sent before it stopped is not lost.
    expect(heard.came).toEqual(["aa"]);
  },
);

test("any other refusal of the write ends it", async () => {
  const heard = await run(() => ({ att: 0x81 }), "count");
  expect([heard.gave, heard.written]).toEqual([{ problem: "GATT_REFUSED", att: 0x81 }, ["04 01"]]);
});

test("an abort says whether the meter stopped, within a bound", async () => {
  expect((await run(() => [["2a52", "06 00 03 01"]], "abort")).gave).toBe(true);
  expect((await run(() => [["2a52", "06 00 03 07"]], "abort")).gave).toBe(false);
  const silent = await run(() => [], "abort");
  expect([silent.gave, silent.tookMs]).toEqual([false, 5_000]);
});
