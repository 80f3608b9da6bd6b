import { expect, test } from "vitest";
import type { SourceReading } from "../../src/domain/reading.js";
import { latin1Bytes } from "../../src/kit/bytes.js";
import { LIBRE_COLUMNS } from "../shared/abbott-hid/libre/columns.js";
import { readEvent } from "../shared/abbott-hid/libre/event.js";
import { readHistory } from "../shared/abbott-hid/libre/history.js";

// The samples of both sets are read beside the shared codec. Here: a whole day of one reader, told by hand.

const EVENTS: readonly [text: string, wanted: readonly (readonly unknown[])[]][] = [
  // A scan with rapid-acting insulin, food, and the second custom comment.
  [
    '5021,2,5,5,24,12,31,7,1,2,0,0,163,1,4,0,0,1,0,2,1,0,3,0,0,1,45,0,0,"Sport","Snack","","","","",7,5,5,24,12,31,7,1,13',
    [
      ["glucose", 163, null, "interstitial", "Snack", "scan 163"],
      ["insulin", 6.5, null, null, null, "rapid 13"],
      ["carbs", 45, null, null, null, "food 45"],
    ],
  ],
  // A strip below what strips measure, but not below what a sensor does.
  [
    '5019,2,5,5,24,9,2,40,1,0,0,0,31,0,0,0,0,0,0,0,0,0,3,0,0,0,0,0,0,"Sport","Snack","","","",""',
    [["glucose", 31, null, "capillary", null, "strip 31"]],
  ],
  // A ketone strip with medication ticked.
  [
    '5017,2,5,5,24,8,0,5,1,1,0,0,9,0,0,0,1,0,0,0,0,0,3,0,0,0,0,0,0,"Sport","Snack","","","",""',
    [["ketone", 0.5, null, "capillary", "Medication", "ketone 9"]],
  ],
  // A scan that shows LO, with long-acting insulin.
  [
    '5010,2,5,5,24,6,30,0,1,2,0,1,38,1,1,0,0,0,1,0,0,0,3,36,0,0,0,0,0,"Sport","Snack","","","",""',
    [
      ["glucose", 40, "low", "interstitial", null, "scan LO 38"],
      ["insulin", 18, null, null, null, "long 36"],
    ],
  ],
];

const row = ({ kind, value, outOfRange, specimen, note, asSent }: SourceReading) => [
  kind,
  value,
  outOfRange,
  specimen,
  note,
  asSent,
];

test("strip LO is really 20, sensor LO 40: each kind of measurement has its own bounds", () => {
  let ran = 0;
  for (const [text, wanted] of EVENTS) {
    const told = readEvent(latin1Bytes(`${text}\r\n`), [LIBRE_COLUMNS]);
    expect(told.flatMap((one) => ("reading" in one ? [row(one.reading)] : []))).toEqual(wanted);
    expect(told).toHaveLength(wanted.length);
    ran += 1;
  }
  expect(ran).toBe(4);
});

test("all that one record tells has one time, one number and one place in the order", () => {
  const [text = ""] = EVENTS[0] ?? [];
  const told = readEvent(latin1Bytes(`${text}\r\n`), [LIBRE_COLUMNS]);
  const stamps = told.flatMap((one) => ("reading" in one ? [one.reading] : []));
  expect(stamps.map(({ deviceTime, index, order }) => `${deviceTime} ${index} ${order}`)).toEqual(
    Array.from({ length: 3 }, () => "2024-05-05T12:31:07 5021 5021"),
  );
});

test("a sensor without a value says nothing, whatever else it says is told", () => {
  const history = (value: number, error: number) =>
    readHistory(latin1Bytes(`88,12,5,5,24,12,30,0,1,0,0,0,0,${value},615,${error}\r\n`), [LIBRE_COLUMNS]);
  expect(history(0, 32_768)).toEqual([{ passedOver: "the sensor had no value" }]);
  expect(history(97, 0)).toMatchObject([{ reading: { value: 97, unit: "mg/dL", order: 88, control: false } }]);
});
