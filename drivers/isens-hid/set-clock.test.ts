import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { hex, latin1 } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hidTo } from "../../test/helpers/simulated-hid.js";
import { inVirtualTime } from "../../test/helpers/simulated-line.js";
import { simulateBehindCp2110 } from "../shared/cp2110/simulated.js";
import { simulateFlash } from "../shared/isens/simulated-flash.js";
import { isensHid } from "./index.js";
import { CABLE } from "./link.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";

function parts(clockErrorMs = -86_400_000) {
  return { count: 3, seed: 3, zone: ZONE, clock: new VirtualClock(START_MS), clockErrorMs };
}

/** Sets the clock of what answers: what it gave or the code of its problem, and what was written, as text. */
async function set(answerer: HidAnswerer, clock: VirtualClock) {
  const transport = hidTo(answerer);
  const wallNow = (): string => wallAt(ZONE, clock.now()).slice(0, 19);
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
  const gave = await inVirtualTime(clock, async () => {
    try {
      return await isensHid.setClock?.(context);
    } catch (error) {
      return asProblem(error).code;
    }
  });
  const commands = transport.written.slice(2).map((bytes) => latin1(bytes).slice(7, 11));
  return { gave, right: wallNow(), commands: commands.filter((word) => word !== ""), first: transport.written[0] };
}

test("sets the clock through the cable, after it asked who it is, and gives what it shows", async () => {
  const options = parts();
  const meter = simulate(options);
  expect(meter.clock()).toBe("2024-05-05T08:08:09");
  const { gave, right, commands, first } = await set(meter, options.clock);
  expect(commands).toEqual(["RSNB", "WTIM", "RTIM"]);
  expect([meter.clock(), gave]).toEqual([right, right]);
  expect(hex(first ?? new Uint8Array())).toBe("50 00 00 25 80 00 00 03 00");
});

test("a meter of protocol 1 has no word for it, and where nobody is, nobody is set", async () => {
  const options = parts();
  const flash = simulateBehindCp2110(simulateFlash(options), { baudRate: 9_600, usb: CABLE });
  expect(await set(flash, options.clock)).toMatchObject({ gave: "METER_UNSUPPORTED", commands: [] });
  expect((await set({ receive: () => undefined }, options.clock)).gave).toBe("METER_TIMEOUT");
});
