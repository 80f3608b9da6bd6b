import { expect, test } from "vitest";
import { latin1 } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearHid } from "../../test/helpers/simulated-hid.js";
import { rigged, scriptedReader } from "../shared/abbott-hid/scripted-reader.js";
import { freestyleLibre } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const TEXTS = '"Sport","Snack","","","",""';
const SCRIPT = {
  "$sn?": "JGGV315-T2207\r\n",
  "$swver?": "2.3.0\r\n",
  "$uom?": "0\r\n",
  "$date?": "5,6,24\r\n",
  "$time?": "8,8\r\n",
  "$arresult?": [
    `5030,2,5,6,24,7,55,12,1,2,0,0,142,1,3,0,0,0,0,0,0,0,3,0,0,0,0,0,0,${TEXTS}`,
    "5029,5,5,5,24,20,0,0,1,5,5,24,18,58,30,0,0,0,0,0",
    `5020,2,5,5,24,12,31,7,1,0,0,0,97,0,0,0,0,0,0,0,0,0,3,0,0,0,0,0,0,${TEXTS}`,
  ],
  "$history?": ["5028,12,5,5,24,18,45,0,1,0,0,0,0,120,615,0", "5022,12,5,5,24,18,30,0,1,0,0,0,0,0,600,32768"],
} as const;

async function hearScript(script: Readonly<Record<string, string | readonly string[]>>) {
  return await hearHid(freestyleLibre, scriptedReader(script), new VirtualClock(START_MS));
}

test("what the person did comes first, then the sensor's own values; clock changes before both", async () => {
  const heard = await hearScript(SCRIPT);
  expect(heard.reason).toBeNull();
  expect(heard.events.map(({ type }) => type)).toEqual(["identity", "clock", "clockChanges", "expect", "readings"]);
  expect(heard.events[0]).toEqual({
    type: "identity",
    identity: {
      manufacturer: "Abbott",
      model: "FreeStyle Libre",
      serial: "JGGV315-T2207",
      firmware: "2.3.0",
      displayUnit: "mmol/L",
    },
    source: "cgm",
    sourceName: null,
  });
  expect(heard.events[2]).toEqual({
    type: "clockChanges",
    changes: [{ order: 5029, from: "2024-05-05T18:58:30", to: "2024-05-05T20:00:00" }],
  });
  // The value that the sensor did not have is passed over.
  expect(heard.events[3]).toEqual({ type: "expect", count: 3 });
  expect(heard.readings.map(({ order, value, unit, specimen }) => [order, value, unit, specimen])).toEqual([
    [5030, 142, "mg/dL", "interstitial"],
    [5020, 97, "mg/dL", "capillary"],
    [5028, 120, "mg/dL", "interstitial"],
  ]);
});

test("a log of the sensor that stays damaged costs none of what the person did", async () => {
  const clock = new VirtualClock(START_MS);
  const heard = await hearHid(
    freestyleLibre,
    rigged(scriptedReader(SCRIPT), (report, question) =>
      question === "$history?" && latin1(report).includes("5028,12")
        ? [report.map((byte, at) => (at === 12 ? byte ^ 1 : byte))]
        : [report],
    ),
    clock,
  );
  expect(heard.code).toBe("FRAME_CHECKSUM");
  expect(heard.readings.map(({ order }) => order)).toEqual([5030, 5020]);
  expect(heard.events.map(({ type }) => type)).toEqual([
    "identity",
    "clock",
    "clockChanges",
    "expect",
    "readings",
    "unreadable",
  ]);
});

test("without the log that has the clock changes nothing is told: times would be wrong", async () => {
  const { "$arresult?": _declined, ...rest } = SCRIPT;
  const heard = await hearScript(rest);
  expect([heard.code, heard.readings]).toEqual(["METER_REFUSED", []]);
});

test("a record of an unknown length is kept with its bytes, in its place, and the rest goes on", async () => {
  const strange = "5031,2,5,6,24,7,56,0,1,2,0,0,142,1";
  const heard = await hearScript({
    ...SCRIPT,
    "$arresult?": [...SCRIPT["$arresult?"].slice(0, 1), strange, ...SCRIPT["$arresult?"].slice(1)],
  });
  expect(heard.reason).toBeNull();
  expect(heard.events.slice(3).map(({ type }) => type)).toEqual(["expect", "readings", "unreadable", "readings"]);
  expect(heard.events[3]).toEqual({ type: "expect", count: 4 });
  const kept = heard.events.flatMap((event) => (event.type === "unreadable" ? [latin1(event.unreadable.raw)] : []));
  expect(kept).toEqual([`${strange}\r\n`]);
});

test("an empty reader is told as empty", async () => {
  const heard = await hearScript({ ...SCRIPT, "$arresult?": [], "$history?": [] });
  expect([heard.reason, heard.readings]).toEqual([null, []]);
  expect(heard.events.at(-1)).toEqual({ type: "expect", count: 0 });
});

test("only the Libre's own USB identifiers are claimed: the Libre 2 speaks encrypted", () => {
  expect(freestyleLibre.usb.map(({ vendorId, productId, ambiguous }) => [vendorId, productId, ambiguous])).toEqual([
    ["1a61", "3650", false],
  ]);
});
