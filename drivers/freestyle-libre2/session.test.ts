import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { inMemoryWords, inVirtualTime } from "../../test/helpers/simulated-line.js";
import { freestyleLibre2 } from "./index.js";
import { setClock } from "./session.js";
import { SIMULATED_KEYS } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const keys = SIMULATED_KEYS;
const simulated = (clock: VirtualClock, count = 20) =>
  freestyleLibre2.simulate({ count, seed: 4, clock, zone: "Europe/London" });

describe("the whole conversation, encrypted", () => {
  test.each([0, 1, 50])("a memory of %i is told whole", async (count) => {
    const clock = new VirtualClock(START_MS);
    const meter = simulated(clock, count);
    const heard = await hearHid(freestyleLibre2, meter, clock, { keys });
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    expect(heard.events[0]).toMatchObject({ identity: { serial: meter.serial, firmware: "1.0.12" }, source: "cgm" });
  });

  test("nothing of a question stands in the clear, and no two conversations look alike", async () => {
    const clock = new VirtualClock(START_MS);
    const told = await Promise.all([0, 1].map(() => hearHid(freestyleLibre2, simulated(clock), clock, { keys })));
    const [one = "", other = ""] = told.map(({ written }) =>
      written.map((report) => Buffer.from(report).toString("latin1")).join(),
    );
    expect(one).not.toMatch(/\$(arresult|history|swver)/);
    expect(one.length).toBe(other.length);
    expect(one).not.toBe(other);
  });
});

test.each([
  ["no key file", undefined],
  ["a key file without one of them", new Map([...keys].slice(1))],
  ["a key that is too short", new Map([...keys].map(([name, key]) => [name, key.slice(1)]))],
])("with %s it is said that one is needed, and nothing is sent", async (_, given) => {
  const clock = new VirtualClock(START_MS);
  const heard = await hearHid(freestyleLibre2, simulated(clock), clock, given === undefined ? {} : { keys: given });
  expect([heard.code, heard.events, heard.written]).toEqual(["METER_UNSUPPORTED", [], []]);
  expect(String(heard.reason)).toMatch(/key file .*README\.md/);
});

test("other keys than the reader's are told as declined, and named as what may be wrong", async () => {
  const wrong = new Map([...keys].map(([name, key]) => [name, key.map((byte) => byte ^ 1)]));
  const clock = new VirtualClock(START_MS);
  const heard = await hearHid(freestyleLibre2, simulated(clock), clock, { keys: wrong });
  expect([heard.code, heard.events]).toEqual(["METER_REFUSED", []]);
  expect(String(heard.reason)).toContain("key file");
});

test("the clock is set and read back through the encryption", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = freestyleLibre2.simulate({ count: 3, seed: 4, clock, zone: "Europe/London", clockErrorMs: 3_600_000 });
  const shown = await inVirtualTime(clock, () =>
    setClock({
      transport: hidTo(meter),
      clock,
      signal: new AbortController().signal,
      log: silentLog,
      keys,
      wallNow: () => "2024-05-06T08:08:20",
    }),
  );
  expect(shown).toBe("2024-05-06T08:08:00");
  expect(meter.clock()).toMatch(/^2024-05-06T08:08:/);
});

describe.each(["full", "probe"] as const)("with patience %s", (patience) => {
  test.each([
    ["silence", [], "METER_TIMEOUT"],
    ["keep-alives", [0x22, 1, 5], "METER_STALLED"],
    ["that encryption is not set up", [0x33, 1, 0x15], "FRAME_MALFORMED"],
    ["another protocol", [0x41, 2, 1, 1], "FRAME_MALFORMED"],
    ["a serial number and no more", [0x06, 14, ...Buffer.from("JGGV315-T2207\0")], "FRAME_MALFORMED"],
  ])("a device that answers with %s is given up in time", async (_, bytes, code) => {
    const report = Uint8Array.from({ length: 64 }, (__, at) => bytes[at] ?? 0);
    const clock = new VirtualClock(START_MS);
    const answerer = { receive: (_r: Uint8Array, send: (one: Uint8Array) => void) => bytes.length > 0 && send(report) };
    const heard = await hearHid(freestyleLibre2, { receive: (r, send) => void answerer.receive(r, send) }, clock, {
      keys,
      patience,
    });
    expect([heard.code, heard.events]).toEqual([code, []]);
    expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? freestyleLibre2.probe.withinMs : 10_000);
  });
});
