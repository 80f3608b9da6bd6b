import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hidTo } from "../../test/helpers/simulated-hid.js";
import { inVirtualTime } from "../../test/helpers/simulated-line.js";
import { message, type Script, scriptedMeter } from "./scripted-meter.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";

/** Sets the clock of what answers: what it gave or the code of its problem, and the commands that were written. */
async function set(answerer: HidAnswerer, clock: VirtualClock) {
  const transport = hidTo(answerer);
  const wallNow = (): string => wallAt(ZONE, clock.now()).slice(0, 19);
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
  const gave = await inVirtualTime(clock, async () => {
    try {
      return await setClock(context);
    } catch (error) {
      return asProblem(error).code;
    }
  });
  const commands = transport.written.filter(([length]) => length === 8).map((report) => report[2]);
  return { gave, right: `${wallNow().slice(0, 16)}:00`, commands };
}

async function setScripted(change: Script["change"], clock?: readonly number[]) {
  const script: Script = {
    records: [],
    clock: clock ?? [0xa6, 0x30, 8, 8],
    ...(change === undefined ? {} : { change }),
  };
  return await set(scriptedMeter(script), new VirtualClock(START_MS));
}

test("sets the clock, after it asked who it is, and gives what it shows", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = simulate({ count: 3, seed: 3, zone: ZONE, clock, clockErrorMs: -86_400_000 });
  const memory = meter.memory;
  expect(meter.clock()).toBe("2024-05-05T08:08:00");
  const { gave, right, commands } = await set(meter, clock);
  expect(commands).toEqual([0x22, 0x24, 0x28, 0x27, 0x33, 0x23]);
  expect([meter.clock(), gave]).toEqual([right, right]);
  expect(meter.memory).toEqual(memory);
});

test("a meter that is only entering its communication mode is asked again", async () => {
  const { gave, right, commands } = await setScripted((request, answers, number) =>
    request[1] === 0x33 && number === 4 ? [message(0x54, [0, 0, 0, 0])] : answers,
  );
  expect([gave, commands.slice(4)]).toEqual([right, [0x33, 0x33, 0x23]]);
});

test("an answer that is lost or damaged once makes it set the clock again, and one that never comes ends it", async () => {
  for (const bytes of [[], [1, 2, 3]]) {
    const once = await setScripted((_, answers, number) => (number === 4 ? [bytes] : answers));
    expect([once.gave, once.commands.slice(4)]).toEqual([once.right, [0x33, 0x33, 0x23]]);
  }
  const never = await setScripted((request, answers) => (request[1] === 0x33 ? [] : answers));
  expect([never.gave, never.commands.slice(4)]).toEqual(["METER_STALLED", [0x33, 0x33, 0x33]]);
});

test("a meter that names another time, or keeps its own, refuses", async () => {
  const other = await setScripted((request, answers) =>
    request[1] === 0x33 ? [message(0x33, [0xa6, 0x30, 8, 9])] : answers,
  );
  expect([other.gave, other.commands.slice(4)]).toEqual(["METER_REFUSED", [0x33, 0x33, 0x33]]);
  const own = await setScripted(undefined, [0xa6, 0x30, 11, 8]);
  expect([own.gave, own.commands.slice(4)]).toEqual(["METER_REFUSED", [0x33, 0x23]]);
});

test("a device of which nobody knows that it is such a meter is not set", async () => {
  const strange = scriptedMeter({ records: [], model: [0x28, 0x31, 0, 0] });
  const { gave, commands } = await set(strange, new VirtualClock(START_MS));
  expect([gave, commands]).toEqual(["METER_UNSUPPORTED", [0x22, 0x24]]);
  const nobody = await set({ receive: () => undefined }, new VirtualClock(START_MS));
  expect([nobody.gave, nobody.commands]).toEqual(["METER_TIMEOUT", [0x22, 0x24, 0x22, 0x24]]);
});
