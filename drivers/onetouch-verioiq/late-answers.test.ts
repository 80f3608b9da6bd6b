import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/kit/simulated.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { through, told, unreadables } from "../../test/helpers/lifescan-line.js";
import { type Answerer, hear } from "../../test/helpers/simulated-line.js";
import { onetouchVerioIq as driver } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const COUNT = 12;
/** Answers before the first record's: name, unit, software, clock, count. */
const BEFORE = 5;

/** Answers as the meter would, in order, each so many milliseconds later than it would, or never; they count from 0. */
function late(meter: Answerer, clock: VirtualClock, delayMs: (number: number) => number | null): Answerer {
  let behind: Promise<void> = Promise.resolve();
  let number = 0;
  return {
    receive(bytes, send) {
      const frames = through(meter, (frame) => {
        const delay = delayMs(number);
        number += 1;
        if (delay === null) return [];
        const due = clock.now() + delay;
        behind = behind.then(() => clock.sleep(Math.max(0, due - clock.now()))).then(() => send(frame));
        return [];
      });
      frames.receive(bytes, () => undefined);
    },
  };
}

function bench(seed: number) {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count: COUNT, seed, clock, zone: "Europe/London" }) };
}

describe("answers that come later than they are awaited", () => {
  test.each([1_100, 1_500, 1_900, 2_500])(
    "are read whole where each takes %i ms from the first record on",
    async (ms) => {
      const { clock, meter } = bench(ms);
      const heard = await hear(
        driver,
        late(meter, clock, (number) => (number < BEFORE ? 0 : ms)),
        clock,
      );
      expect(heard.reason).toBeNull();
      expect(unreadables(heard)).toEqual([]);
      expect(told(heard)).toEqual(meter.memory);
    },
  );

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    "are read whole where any of them may take up to 2.4 s (seed %i)",
    async (seed) => {
      const { clock, meter } = bench(seed);
      const random = seededRandom(seed);
      const delay = (number: number): number => (number < BEFORE || random() < 0.5 ? 0 : Math.round(2_400 * random()));
      const heard = await hear(driver, late(meter, clock, delay), clock);
      expect(heard.reason).toBeNull();
      expect(unreadables(heard)).toEqual([]);
      expect(told(heard)).toEqual(meter.memory);
    },
  );

  test.each([
    ["after 6 s", 6_000],
    ["never", null],
  ])("end as a meter that fell silent where they come %s, and nothing is invented", async (_when, ms) => {
    const { clock, meter } = bench(5);
    const heard = await hear(
      driver,
      late(meter, clock, (number) => (number < BEFORE + 3 ? 0 : ms)),
      clock,
    );
    expect(heard.code).toBe("METER_STALLED");
    const memory = meter.memory.map((reading) => JSON.stringify(reading));
    expect(told(heard).length).toBeGreaterThanOrEqual(3);
    for (const reading of told(heard)) expect(memory).toContain(JSON.stringify(reading));
    expect(heard.tookMs).toBeLessThan(60_000);
  });
});
