import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { hex } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type BleAnswerer, bleTo } from "../../test/helpers/simulated-ble.js";
import { inVirtualTime } from "../../test/helpers/simulated-line.js";
import { scriptedMeter } from "../shared/gatt/scripted-meter.js";
import { setClock } from "./set-clock.js";
import type { Make } from "./simulated-make.js";
import { simulatedMeter } from "./simulated-meter.js";
import { DUAL, GUIDE, PLAIN } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:00Z");
const ZONE = "Europe/London";
const GLUCOSE = ["2a18", "2a52"];
const ISENS = { "2a29": Buffer.from("i-SENS").toString("hex") };

function meterOf(make: Make) {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: simulatedMeter({ count: 3, seed: 3, zone: ZONE, clock, clockErrorMs: -86_400_000 }, make) };
}

/** Sets the clock: what was given or the code of the problem, and what was written. */
async function set(answerer: BleAnswerer, clock: VirtualClock) {
  const transport = bleTo(answerer, clock);
  const wallNow = (): string => wallAt(ZONE, clock.now());
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
  const gave = await inVirtualTime(clock, async () => {
    try {
      return await setClock(context);
    } catch (error) {
      return asProblem(error).code;
    }
  });
  return {
    gave,
    written: transport.written.map(hex),
    reads: transport.operations.filter(({ op }) => op === "read").length,
  };
}

test.each([
  ["a Guide that lets it", GUIDE, /^e8 07 05 06 08 08 0[0-9]$/, 1],
  ["a meter with a Current Time Service", PLAIN, /^e8 07 05 06 08 08 0[0-9] 01 00 01$/, 1],
  ["a CareSens", DUAL, /^c0 03 01 00 (?:e8 07 05 06 08 08 0[0-9]|00 00 00 00 00 00 00)$/, 2],
] as const)(
  "%s is set in its own words, after it was asked who it is, and read back",
  async (_name, make, form, writes) => {
    const { clock, meter } = meterOf(make);
    const memory = meter.memory;
    expect(meter.clock()).toBe("2024-05-05T08:08:00");
    const { gave, written, reads } = await set(meter, clock);
    expect(gave).toMatch(/^2024-05-06T08:08:0[0-9]$/);
    expect(written).toHaveLength(writes);
    expect(written.filter((words) => !form.test(words))).toEqual([]);
    expect(reads).toBe(make === DUAL ? 4 : 5);
    // Tests that were taken before keep their times.
    expect(meter.memory).toEqual(memory);
  },
);

test("a meter whose clock can only be read is not written to", async () => {
  const { clock, meter } = meterOf(GUIDE);
  const characteristics = meter.characteristics.map((one) =>
    one.characteristic === "2a08" ? { ...one, uses: ["read" as const] } : one,
  );
  expect(await set({ ...meter, characteristics }, clock)).toMatchObject({ gave: "METER_REFUSED", written: [] });
  const bare = scriptedMeter({ gatt: { "1808": GLUCOSE }, answer: () => [] });
  expect(await set(bare, new VirtualClock(START_MS))).toMatchObject({ gave: "METER_REFUSED", written: [] });
});

test("a meter that declines, or takes the time and shows another, has refused", async () => {
  const gatt = { "1808": [...GLUCOSE, "2a08"] };
  const declines = scriptedMeter({ gatt, values: { "2a08": "e8 07 05 05 08 08 00" }, answer: () => ({ att: 0x80 }) });
  expect((await set(declines, new VirtualClock(START_MS))).gave).toBe("METER_REFUSED");
  const deaf = scriptedMeter({ gatt, values: { "2a08": "e8 07 05 05 08 08 00" }, answer: () => [] });
  expect((await set(deaf, new VirtualClock(START_MS))).gave).toBe("METER_REFUSED");
});

test("a CareSens that took no notice is told once more, and a confirmation is not taken for its clock", async () => {
  const gatt = { "180a": ["2a29"], "1808": GLUCOSE, fff0: ["fff1"] };
  let sets = 0;
  const slow = scriptedMeter({
    gatt,
    values: ISENS,
    answer(write) {
      const asks = write.endsWith("00 00 00 00 00 00 00");
      if (!asks) sets += 1;
      // It confirms with what it was told, and goes by its own clock until it is told again.
      if (!asks) return [["fff1", write]];
      return [["fff1", sets < 2 ? "c0 03 01 00 e8 07 05 05 08 08 00" : "c0 03 01 00 e8 07 05 06 08 08 01"]];
    },
  });
  const { gave, written } = await set(slow, new VirtualClock(START_MS));
  expect([gave, sets, written.length]).toEqual(["2024-05-06T08:08:01", 2, 4]);
});

test("a clock that can't be read back is told as unknown", async () => {
  const mute = scriptedMeter({
    gatt: { "180a": ["2a29"], "1808": GLUCOSE, fff0: ["fff1"] },
    values: ISENS,
    answer: () => [],
  });
  const { gave, written } = await set(mute, new VirtualClock(START_MS));
  expect([gave, written.length]).toEqual([null, 2]);
});
