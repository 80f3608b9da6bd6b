import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { hex } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, inVirtualTime, lineTo } from "../../test/helpers/simulated-line.js";
import { timeBytes } from "../shared/ieee11073/simulated-device.js";
import { scriptedMeter } from "./scripted-meter.js";
import { setClock } from "./set-clock.js";
import { guideAttributes, simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";
const RIGHT = "2024-05-06T08:08:09";

function parts(declines = 0) {
  return { count: 3, seed: 3, zone: ZONE, clock: new VirtualClock(START_MS), clockErrorMs: -86_400_000, declines };
}

/** Sets the clock of what answers: what it gave or the code of its problem, and what was asked and said. */
async function set(answerer: Answerer, clock: VirtualClock) {
  const transport = lineTo(answerer);
  const wallNow = (): string => wallAt(ZONE, clock.now()).slice(0, 19);
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
  const gave = await inVirtualTime(clock, async () => {
    try {
      return await setClock(context);
    } catch (error) {
      return asProblem(error).code;
    }
  });
  const words = transport.written.map(hex);
  const times = words.filter((word) => word.includes("0c 17 00 0c"));
  const asked = words.filter((word) => word.startsWith("e7") && !word.slice(24).startsWith("02 01")).length;
  return { gave, times, asked, last: words.at(-1)?.slice(0, 5) };
}

test("sets the clock in the sheet's words, after it asked who it is, reads it back and takes leave", async () => {
  const options = parts();
  const meter = simulate(options);
  const memory = meter.memory;
  expect(meter.clock()).toBe("2024-05-05T08:08:09");
  const { gave, times, asked, last } = await set(meter, options.clock);
  expect([gave, meter.clock()]).toEqual([RIGHT, RIGHT]);
  expect(times).toEqual(["e7 00 00 1a 00 18 00 13 01 07 00 12 00 00 0c 17 00 0c 20 24 05 06 08 08 09 00 00 00 00 00"]);
  // Twice who it is before, twice after.
  expect([asked, last]).toEqual([5, "e4 00"]);
  expect(meter.memory).toEqual(memory);
});

test("a meter that declines at first is asked again, and no time is set before it said who it is", async () => {
  const busy = parts(4);
  const first = await set(simulate(busy), busy.clock);
  expect([first.gave, first.times, first.last]).toEqual(["METER_REFUSED", [], "e6 00"]);
  const options = parts(2);
  const second = await set(simulate(options), options.clock);
  expect(second.times).toHaveLength(1);
  // The time that is set is that of the moment, not of the beginning.
  expect(second.gave).toBe(wallAt(ZONE, options.clock.now()).slice(0, 19));
});

test("a second try carries the time of that moment", async () => {
  const clock = new VirtualClock(START_MS + 600);
  let tries = 0;
  const setting = (): boolean => {
    tries += 1;
    return tries > 1;
  };
  const meter = scriptedMeter({ clock, segments: [], shows: RIGHT, setClock: setting });
  const { gave, times } = await set(meter, clock);
  expect(gave).toBe(RIGHT);
  expect(times.map((word) => word.slice(54, 77))).toEqual(["20 24 05 06 08 08 09 00", "20 24 05 06 08 08 10 00"]);
});

test("a meter that declines the new time, keeps its own, or says that it can't be set refuses", async () => {
  const clock = new VirtualClock(START_MS);
  const declining = await set(scriptedMeter({ clock, segments: [] }), clock);
  expect([declining.gave, declining.times.length, declining.last]).toEqual(["METER_REFUSED", 3, "e6 00"]);
  const keeping = await set(
    scriptedMeter({ clock, segments: [], shows: "2024-05-05T00:00:00", setClock: () => true }),
    clock,
  );
  expect([keeping.gave, keeping.times.length]).toEqual(["METER_REFUSED", 1]);
  const fixed = guideAttributes("92517304468", RIGHT).map(
    ([id, value]) => [id, id === 0x0a45 ? value.with(0, 0x80) : value] as const,
  );
  const unsettable = await set(scriptedMeter({ clock, segments: [], attributes: fixed, setClock: () => true }), clock);
  expect([unsettable.gave, unsettable.times]).toEqual(["METER_REFUSED", []]);
});

test("a meter that shows no time afterwards gives null, and another meter is noticed", async () => {
  const clock = new VirtualClock(START_MS);
  const bare = guideAttributes("92517304468", RIGHT).filter(([id]) => id !== 0x0987);
  const blind = await set(scriptedMeter({ clock, segments: [], attributes: bare, setClock: () => true }), clock);
  expect([blind.gave, blind.times.length, blind.last]).toEqual([null, 1, "e4 00"]);
  const attributes = [...guideAttributes("92517304468", RIGHT)];
  const swapped = scriptedMeter({
    clock,
    segments: [],
    attributes,
    setClock: () => {
      attributes.splice(0, attributes.length, ...guideAttributes("92500000001", RIGHT));
      return true;
    },
  });
  expect((await set(swapped, clock)).gave).toBe("METER_CHANGED");
});

test("silence ends as it does for a session", async () => {
  const clock = new VirtualClock(START_MS);
  const { gave, times } = await set({ receive: () => undefined }, clock);
  expect([gave, times]).toEqual(["METER_NOT_READY", []]);
  expect(hex(Uint8Array.from(timeBytes(RIGHT)))).toBe("20 24 05 06 08 08 09 00");
});
