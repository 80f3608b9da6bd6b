import { describe, expect, test } from "vitest";
import { latin1 } from "../../../src/kit/bytes.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { hearHid, hidTo } from "../../../test/helpers/simulated-hid.js";
import { type Heard, inMemoryWords } from "../../../test/helpers/simulated-line.js";
import { freestyleInsulinx } from "../../freestyle-insulinx/index.js";
import { freestyleLibre } from "../../freestyle-libre/index.js";
import { precisionNeo } from "../../precision-neo/index.js";
import { accepted, reportOf } from "./scripted-reader.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const DRIVERS = [precisionNeo, freestyleInsulinx, freestyleLibre].map((driver) => ({ id: driver.id, driver }));

const answerOf = (message: string): Uint8Array => reportOf(0x60, accepted(message));
const questionsOf = (heard: Heard): string[] =>
  heard.written.map((report) => latin1(report.slice(3, 3 + (report[2] ?? 0))));

describe.each(DRIVERS)("a stranger in place of $id", ({ driver }) => {
  const strangers = [
    ["silence", () => undefined, "METER_TIMEOUT"],
    ["keep-alives", (send: (report: Uint8Array) => void) => send(reportOf(0x22, "\x03")), "FRAME_MALFORMED"],
    ["short reports", (send: (report: Uint8Array) => void) => send(Uint8Array.of(1, 2, 3)), "FRAME_MALFORMED"],
    [
      "another protocol's reports",
      (send: (report: Uint8Array) => void) => send(reportOf(0x41, "hello")),
      "FRAME_MALFORMED",
    ],
  ] as const;

  test.each(strangers)("that answers with %s is given up in time, as a probe too", async (_, answer, code) => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hearHid(driver, { receive: (_report, send) => answer(send) }, clock, { patience });
      expect([heard.code, heard.events]).toEqual([code, []]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? driver.probe.withinMs : 10_000);
      // Nothing but INIT was said.
      expect(questionsOf(heard).every((word) => word === "")).toBe(true);
    }
  });

  test("that wakes up and is no meter of ours is given up in time, as a probe too", async () => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hearHid(
        driver,
        { receive: (report, send) => send(report[1] === 1 ? reportOf(0x71, "\x01") : answerOf("8,5\r\n")) },
        clock,
        { patience },
      );
      expect([heard.code, heard.events]).toEqual(["FRAME_MALFORMED", []]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? driver.probe.withinMs : 20_000);
    }
  });

  test.each([
    ["text", reportOf(0x60, "x".repeat(62))],
    ["keep-alives", reportOf(0x22, "\x03")],
    ["noise", reportOf(0x7f, "\x00")],
  ])(
    "that chatters on and on with %s ends as malformed, and fills no memory",
    { timeout: 60_000 },
    async (_, report) => {
      for (const wakes of [false, true]) {
        let woken = false;
        const clock = new VirtualClock(START_MS);
        const inner = hidTo({ receive: () => undefined });
        const transport = {
          ...inner,
          async read(signal?: AbortSignal) {
            signal?.throwIfAborted();
            if (!wakes || woken) return Uint8Array.from(report);
            if (inner.written.length === 0) return await inner.read(signal);
            woken = true;
            return reportOf(0x71, "\x01");
          },
        };
        const heard = await hearHid(driver, { receive: () => undefined }, clock, { transport });
        expect([heard.code, heard.events]).toEqual(["FRAME_MALFORMED", []]);
      }
    },
  );

  test("a found meter is read with patience even as a probe", async () => {
    const clock = new VirtualClock(START_MS);
    const meter = driver.simulate({ count: 20, seed: 4, clock, zone: "Europe/London" });
    let late: Promise<void> = Promise.resolve();
    const slow = {
      receive: (report: Uint8Array, send: (report: Uint8Array) => void) =>
        meter.receive(report, (one) => {
          late = late.then(() => clock.sleep(320)).then(() => send(one));
        }),
    };
    const heard = await hearHid(driver, slow, clock, { patience: "probe" });
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.tookMs).toBeGreaterThan(driver.probe.withinMs);
  });
});
