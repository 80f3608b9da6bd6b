import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { SerialDriver } from "../../../src/kit/driver.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords } from "../../../test/helpers/simulated-line.js";
import { freestyleLite } from "../../freestyle-lite/index.js";
import { precisionXtra } from "../../precision-xtra/index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Whatever a meter does, its session is over in this time. */
const PATIENCE_MS = 10 * 60_000;

const BOTH: { id: string; driver: SerialDriver; dumpWord: string }[] = [
  { id: "freestyle-lite", driver: freestyleLite, dumpWord: "$mem\r\n" },
  { id: "precision-xtra", driver: precisionXtra, dumpWord: "$xmem\r\n" },
];

function bench(driver: SerialDriver, count: number) {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count, seed: 7, clock, zone: "Europe/London" }) };
}

/** Answers every line from the hub with that text at once. */
const saying = (text: string): Answerer => ({
  receive: (_, send) => {
    if (text !== "") send(latin1Bytes(text));
  },
});

describe.each(BOTH)("$id and what is none", ({ driver, dumpWord }) => {
  test.each([
    ["nothing", "", "METER_TIMEOUT"],
    ["zeros", "\0", "METER_TIMEOUT"],
    ["noise", "\xff\x80~", "FRAME_MALFORMED"],
    ["lines of another kind", "OK 009A\r\n", "FRAME_MALFORMED"],
    ["a word of its own", "\r\nERR\r\n", "FRAME_MALFORMED"],
  ])("ends within half a minute with something that answers with %s", async (_, text, code) => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(driver, saying(text), clock);
    expect([heard.code, heard.events]).toEqual([code, []]);
    expect(heard.tookMs).toBeLessThanOrEqual(20_000);
  });

  test("gives up on endless chatter, fast or slow, before and after it looked like a memory", async () => {
    const begin = "\r\nDGPK817-R2094\r\n1.07\r\nMay  06 2024 08:08:41\r\n999\r\n";
    for (const [first, pauseMs] of [
      ["", 0],
      ["", 900],
      [begin, 0],
      [begin, 2_900],
    ] as const) {
      const clock = new VirtualClock(START_MS);
      let talking = false;
      const heard = await hear(
        driver,
        {
          receive(bytes, send) {
            if (latin1(bytes) !== dumpWord) return;
            if (first !== "") send(latin1Bytes(first));
            if (talking) return;
            talking = true;
            void (async () => {
              for (;;) {
                await clock.sleep(pauseMs);
                send(latin1Bytes(pauseMs === 0 ? "x".repeat(200) : "x"));
              }
            })();
          },
        },
        clock,
      );
      expect(isProblem(heard.reason, "FRAME_MALFORMED", "FRAME_TRUNCATED")).toBe(true);
      expect(heard.readings).toEqual([]);
      expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
    }
  });

  test("tells all, and ends, where the chatter begins behind a whole memory", async () => {
    const one = bench(driver, 5);
    const heard = await hear(
      driver,
      {
        receive(bytes, send) {
          if (latin1(bytes) !== dumpWord) return;
          one.meter.receive(bytes, send);
          void (async () => {
            await one.clock.sleep(1_000);
            for (;;) {
              await one.clock.sleep(100);
              send(latin1Bytes("x"));
            }
          })();
        },
      },
      one.clock,
    );
    expect(heard.readings).toHaveLength(5);
    expect(heard.tookMs).toBeLessThan(PATIENCE_MS);
  });

  describe("where others may be meant", () => {
    const probe = { patience: "probe" } as const;

    test("gives up on silence within its time", async () => {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(driver, saying(""), clock, probe);
      expect([heard.code, heard.events]).toEqual(["METER_TIMEOUT", []]);
      expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs);
    });

    test.each(["\xff\x80~", "OK 009A\r\n", "\r\nERR\r\n", "\r\n\r\n", "\x06", "CMD Fail!\r\n"])(
      "gives up on %j within its time",
      async (text) => {
        const clock = new VirtualClock(START_MS);
        const heard = await hear(driver, saying(text), clock, probe);
        expect([heard.code, heard.events]).toEqual(["FRAME_MALFORMED", []]);
        expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs + 600);
      },
    );

    test("gives up on chatter within its time", async () => {
      const clock = new VirtualClock(START_MS);
      const chatter: Answerer = {
        start: (send) => {
          void (async () => {
            for (;;) {
              await clock.sleep(150);
              send(latin1Bytes("E|1|2\r\n"));
            }
          })();
        },
        receive: () => undefined,
      };
      const heard = await hear(driver, chatter, clock, probe);
      expect([heard.code, heard.events]).toEqual(["FRAME_MALFORMED", []]);
      expect(heard.tookMs).toBeLessThanOrEqual(driver.probe.withinMs + 200);
    });

    test("goes on to the end of a full memory once its meter has answered", async () => {
      const one = bench(driver, 999);
      const heard = await hear(driver, one.meter, one.clock, probe);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(one.meter.memory);
      expect(heard.tookMs).toBeGreaterThan(driver.probe.withinMs);
    });

    test("is answered although another driver's question was left in the meter's line", async () => {
      const one = bench(driver, 5);
      one.meter.receive(latin1Bytes("\x11\rDM@"), () => undefined);
      const heard = await hear(driver, one.meter, one.clock, probe);
      expect(heard.reason).toBeNull();
      expect(heard.readings).toHaveLength(5);
    });
  });
});
