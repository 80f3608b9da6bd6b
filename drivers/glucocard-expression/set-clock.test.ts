import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, inVirtualTime, lineTo } from "../../test/helpers/simulated-line.js";
import { setClock } from "./set-clock.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";

function parts(declines = 0) {
  return { count: 3, seed: 3, zone: ZONE, clock: new VirtualClock(START_MS), clockErrorMs: -86_400_000, declines };
}

/** Sets the clock of what answers: what it gave or the code of its problem, and which operations were asked for. */
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
  return { gave, asked: transport.written.map((bytes) => bytes[1]) };
}

test("sets the clock to the minute, after it asked who it is, and gives what it shows", async () => {
  const options = parts();
  const meter = simulate(options);
  const memory = meter.memory;
  expect(meter.clock()).toBe("2024-05-05T08:08:09");
  const { gave, asked } = await set(meter, options.clock);
  expect(asked).toEqual([0x00, 0x0f, 0x16, 0x07]);
  expect(gave).toBe("2024-05-06T08:08:00");
  expect(meter.clock()).toMatch(/^2024-05-06T08:08:0\d$/);
  expect(meter.memory).toEqual(memory);
});

test("an answer that is lost once makes it set the clock again", async () => {
  const options = parts();
  const meter = simulate(options);
  let lost = 0;
  const line: Answerer = {
    receive(bytes, send) {
      if (bytes[1] === 0x16) lost += 1;
      meter.receive(bytes, bytes[1] === 0x16 && lost === 1 ? () => undefined : send);
    },
  };
  const { gave, asked } = await set(line, options.clock);
  expect([gave, asked]).toEqual(["2024-05-06T08:08:00", [0x00, 0x0f, 0x16, 0x16, 0x07]]);
});

test("a meter that does not agree, or keeps its own time, refuses", async () => {
  const options = parts();
  const meter = simulate(options);
  const answers = (first: number): Answerer => ({
    receive(bytes, send) {
      const body = [0x16, first, 0, 0, 0, 0, 0, 0, 0];
      if (bytes[1] === 0x16) send(Uint8Array.of(0xdd, ...body, 0x16 + first));
      else meter.receive(bytes, send);
    },
  });
  expect((await set(answers(0), options.clock)).gave).toBe("METER_REFUSED");
  expect((await set(answers(1), options.clock)).gave).toBe("METER_REFUSED");
  expect(meter.clock()).toMatch(/^2024-05-05/);
});

test("nobody there, nobody set", async () => {
  const { gave, asked } = await set({ receive: () => undefined }, parts().clock);
  expect([gave, new Set(asked)]).toEqual(["METER_TIMEOUT", new Set([0x00])]);
});
