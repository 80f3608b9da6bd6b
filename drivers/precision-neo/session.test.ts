import { expect, test } from "vitest";
import { latin1 } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid } from "../../test/helpers/simulated-hid.js";
import { inMemoryWords } from "../../test/helpers/simulated-line.js";
import { accepted, reportOf, rigged, scriptedReader } from "../shared/abbott-hid/scripted-reader.js";
import { precisionNeo } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const SCRIPT = {
  "$serlnum?": "LAGH315-T2207\r\n",
  "$swver?": "1.07 Mar 03 2016\r\n",
  "$gunits?": "1\r\n",
  "$date?": "5,6,24\r\n",
  "$time?": "8,8\r\n",
} as const;

async function hearScript(records: readonly string[]) {
  const clock = new VirtualClock(START_MS);
  return await hearHid(precisionNeo, scriptedReader({ ...SCRIPT, "$result?": records }), clock);
}

test("clock changes are told before the readings, oldest first, and readings have their place among them", async () => {
  const heard = await hearScript([
    "7,5,3,31,24,3,40,1,118,0,1,0,0,0,0,0,0,0,0",
    "6,4,3,31,24,3,2,1,3,31,24,2,2",
    "7,3,3,31,24,1,55,1,121,0,1,0,0,0,0,0,0,0,0",
    "6,2,1,2,24,9,0,1,1,1,7,0,0",
    "9,1,1,1,7,0,0,0,6,1,0",
  ]);
  expect(heard.reason).toBeNull();
  expect(heard.events.map(({ type }) => type)).toEqual(["identity", "clock", "clockChanges", "expect", "readings"]);
  expect(heard.events[2]).toEqual({
    type: "clockChanges",
    changes: [
      { order: 2, from: "2007-01-01T00:00:00", to: "2024-01-02T09:00:00" },
      { order: 4, from: "2024-03-31T02:02:00", to: "2024-03-31T03:02:00" },
    ],
  });
  expect(heard.events[3]).toEqual({ type: "expect", count: 3 });
  expect(heard.readings.map(({ order, deviceTime }) => [order, deviceTime])).toEqual([
    [5, "2024-03-31T03:40:00"],
    [3, "2024-03-31T01:55:00"],
    [1, null],
  ]);
});

test("the empty meter that crashes another program is told as empty", async () => {
  const heard = await hearScript([]);
  expect([heard.reason, heard.readings]).toEqual([null, []]);
  expect(heard.events.at(-1)).toEqual({ type: "expect", count: 0 });
});

test("a kind of record that nobody has seen is kept with its bytes, and the rest goes on", async () => {
  const heard = await hearScript([
    "7,3,5,5,24,8,5,1,105,0,1,0,0,0,0,0,0,0,0",
    "11,2,5,5,24,8,0,1,12,0",
    "7,1,5,4,24,8,5,1,98,0,0,0,0,0,0,0,0,0,0",
  ]);
  expect(heard.reason).toBeNull();
  expect(heard.events.slice(2).map(({ type }) => type)).toEqual(["expect", "readings", "unreadable", "readings"]);
  expect(heard.events[2]).toEqual({ type: "expect", count: 3 });
  const [kept] = heard.events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : []));
  expect(kept).toMatchObject({ code: "FRAME_MALFORMED", detail: expect.stringContaining("11") });
  expect(latin1(kept?.raw ?? new Uint8Array())).toBe("11,2,5,5,24,8,0,1,12,0\r\n");
  expect(heard.readings.map(({ control }) => control)).toEqual([false, true]);
});

test("stale bytes beyond the length of a report are no part of any answer", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = precisionNeo.simulate({ count: 25, seed: 9, clock, zone: "Europe/London" });
  const stale = new TextEncoder().encode("\r\nCKSM:00000017\r\nCMD OK\r\n7,61,9,14,23,16,20,1,127,0,1,0");
  const heard = await hearHid(
    precisionNeo,
    rigged(meter, (report) => {
      const length = report[1] ?? 0;
      const dirty = Uint8Array.from(report);
      dirty.set(stale.subarray(0, 62 - length), 2 + length);
      return [dirty];
    }),
    clock,
  );
  expect(heard.reason).toBeNull();
  expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
});

test("a stale answer in place of that to INIT does not make the session fail", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = precisionNeo.simulate({ count: 3, seed: 9, clock, zone: "Europe/London" });
  let woken = 0;
  const late: HidAnswerer = {
    receive(report, send) {
      // What the session before had asked for comes now, after the line was found quiet.
      if (report[1] === 0x01) {
        woken += 1;
        if (woken === 1) send(reportOf(0x60, accepted("\r\n")));
      }
      meter.receive(report, send);
    },
  };
  const heard = await hearHid(precisionNeo, late, clock);
  expect([heard.reason, woken]).toEqual([null, 1]);
  expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
});

test("a meter that does not tell its version or unit is read all the same", async () => {
  const clock = new VirtualClock(START_MS);
  const { "$swver?": _version, "$gunits?": _unit, ...rest } = SCRIPT;
  const heard = await hearHid(precisionNeo, scriptedReader({ ...rest, "$result?": [] }), clock);
  expect(heard.reason).toBeNull();
  expect(heard.events[0]).toMatchObject({ identity: { firmware: null, displayUnit: null, serial: "LAGH315-T2207" } });
});

test("once somebody has set its clock, the simulated meter logs that, and the hub is told", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = precisionNeo.simulate({ count: 3, seed: 9, clock, zone: "Europe/London" });
  meter.receive(Uint8Array.of(0, 1, 0), () => undefined);
  const word = new TextEncoder().encode("$time,6,0");
  meter.receive(Uint8Array.of(0, 0x60, word.length, ...word), () => undefined);
  const heard = await hearHid(precisionNeo, meter, clock);
  expect(heard.events[2]).toEqual({
    type: "clockChanges",
    changes: [{ order: 4, from: "2024-05-06T08:08:00", to: "2024-05-06T06:00:00" }],
  });
  expect(heard.readings.map(({ order }) => order)).toEqual([3, 2, 1]);
});

test("only the Precision Neo's own USB identifiers are claimed", () => {
  expect(precisionNeo.usb.map(({ vendorId, productId, ambiguous }) => [vendorId, productId, ambiguous])).toEqual([
    ["1a61", "3850", false],
  ]);
});
