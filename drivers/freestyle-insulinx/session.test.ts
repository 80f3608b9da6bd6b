import { expect, test } from "vitest";
import { latin1 } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearHid } from "../../test/helpers/simulated-hid.js";
import { scriptedReader } from "../shared/abbott-hid/scripted-reader.js";
import { freestyleInsulinx } from "./index.js";

const SCRIPT = {
  "$serlnum?": "LBGH315-T2207\r\n",
  "$swver?": "1.44 Sep 12 2012\r\n",
  "$gunits?": "0\r\n",
  "$date?": "5,6,24\r\n",
  "$time?": "8,8\r\n",
} as const;

async function hearScript(script: Readonly<Record<string, string | readonly string[]>>) {
  const clock = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
  return await hearHid(freestyleInsulinx, scriptedReader(script), clock);
}

test("other kinds than glucose are kept with their bytes, and the rest goes on", async () => {
  const heard = await hearScript({
    ...SCRIPT,
    "$result?": [
      "0,9,5,5,24,8,5,0,0,0,0,0,0,105,0,0",
      "1,8,5,5,24,8,4,0,0,0,0,0,0,6,0,0",
      "0,7,5,5,24,7,0,0,0,0,0,0,0,LO,0,0",
    ],
  });
  expect(heard.reason).toBeNull();
  expect(heard.events[0]).toMatchObject({
    identity: { manufacturer: "Abbott", model: "FreeStyle InsuLinx", displayUnit: "mmol/L" },
  });
  expect(heard.events.slice(2).map(({ type }) => type)).toEqual(["expect", "readings", "unreadable", "readings"]);
  expect(heard.readings.map(({ value, outOfRange }) => [value, outOfRange])).toEqual([
    [105, null],
    [20, "low"],
  ]);
  const kept = heard.events.flatMap((event) => (event.type === "unreadable" ? [latin1(event.unreadable.raw)] : []));
  expect(kept).toEqual(["1,8,5,5,24,8,4,0,0,0,0,0,0,6,0,0\r\n"]);
});

test("a unit that is neither 0 nor 1 is left open, and values are mg/dL all the same", async () => {
  const heard = await hearScript({
    ...SCRIPT,
    "$gunits?": "2\r\n",
    "$result?": ["0,9,5,5,24,8,5,0,0,0,0,0,0,105,0,0"],
  });
  expect(heard.events[0]).toMatchObject({ identity: { displayUnit: null } });
  expect(heard.readings[0]).toMatchObject({ value: 105, unit: "mg/dL" });
});

test("a meter without a log word is told as one that declines", async () => {
  const heard = await hearScript(SCRIPT);
  expect([heard.code, heard.readings]).toEqual(["METER_REFUSED", []]);
});

test("only the InsuLinx's own USB identifiers are claimed", () => {
  expect(freestyleInsulinx.usb.map(({ vendorId, productId, ambiguous }) => [vendorId, productId, ambiguous])).toEqual([
    ["1a61", "3460", false],
  ]);
});
