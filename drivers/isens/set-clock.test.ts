import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { wallAt } from "../../src/domain/zone.js";
import { latin1 } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, inVirtualTime, lineTo } from "../../test/helpers/simulated-line.js";
import { frameBytes } from "../shared/isens/frame.js";
import { setClock } from "../shared/isens/set-clock.js";
import { simulate } from "../shared/isens/simulated.js";
import { simulateFlash } from "../shared/isens/simulated-flash.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const ZONE = "Europe/London";

function parts(clockErrorMs = -86_400_000) {
  return { count: 3, seed: 3, zone: ZONE, clock: new VirtualClock(START_MS), clockErrorMs };
}

/** Sets the clock of what answers: what it gave or the code of its problem, and what was written, as text. */
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
  const words = transport.written.map((bytes) => latin1(bytes).slice(6, 10));
  return { gave, right: wallNow(), commands: words.filter((word) => word !== "") };
}

test("sets the clock, after it asked who it is, and gives what it shows", async () => {
  const options = parts();
  const meter = simulate(options);
  const memory = meter.memory;
  expect(meter.clock()).toBe("2024-05-05T08:08:09");
  const { gave, right, commands } = await set(meter, options.clock);
  expect(commands).toEqual(["RSNB", "WTIM", "RTIM"]);
  expect(meter.clock()).toBe(right);
  expect(gave).toBe(right);
  expect(meter.memory).toEqual(memory);
});

test("a meter that declines at first is asked again; no time is set before it said who it is", async () => {
  const options = parts();
  const meter = simulate({ ...options, declines: 4 });
  const first = await set(meter, options.clock);
  expect([first.gave, first.commands]).toEqual(["METER_REFUSED", ["RSNB", "RSNB", "RSNB"]]);
  const second = await set(meter, options.clock);
  expect([second.gave, second.commands]).toEqual([second.right, ["RSNB", "RSNB", "WTIM", "RTIM"]]);
});

test("a meter that declines the new time, echoes another one, or keeps its own refuses", async () => {
  let ran = 0;
  const echoes: readonly ((data: Uint8Array) => Uint8Array)[] = [
    () => frameBytes("CMND"),
    () => frameBytes("WTIM", Uint8Array.of(24, 1, 1, 0, 0, 0)),
    (data) => frameBytes("WTIM", data),
  ];
  for (const echo of echoes) {
    const options = parts();
    const meter = simulate(options);
    const line: Answerer = {
      receive(bytes, send) {
        if (latin1(bytes).slice(6, 10) === "WTIM") send(echo(bytes.slice(10, 16)));
        else meter.receive(bytes, send);
      },
    };
    expect((await set(line, options.clock)).gave).toBe("METER_REFUSED");
    ran += 1;
  }
  expect(ran).toBe(3);
});

test("an echo that is lost once makes it set the clock again, and one that never comes ends it", async () => {
  const options = parts();
  const meter = simulate(options);
  let lost = 0;
  const line = (limit: number): Answerer => ({
    receive(bytes, send) {
      const isNew = latin1(bytes).slice(6, 10) === "WTIM";
      if (isNew) lost += 1;
      meter.receive(bytes, isNew && lost <= limit ? () => undefined : send);
    },
  });
  const once = await set(line(1), options.clock);
  expect([once.gave, once.commands]).toEqual([once.right, ["RSNB", "WTIM", "WTIM", "RTIM"]]);
  lost = 0;
  expect((await set(line(1_000), options.clock)).gave).toBe("METER_STALLED");
  expect(lost).toBe(3);
});

test("a meter of protocol 1 has no word for it, and nothing is written but the greeting", async () => {
  const options = parts();
  const { gave, commands } = await set(simulateFlash(options), options.clock);
  expect([gave, commands]).toEqual(["METER_UNSUPPORTED", []]);
});

test("nobody there, nobody set", async () => {
  const options = parts();
  expect((await set({ receive: () => undefined }, options.clock)).gave).toBe("METER_TIMEOUT");
});
