import type { SourceReading } from "../../src/domain/reading.js";
import { readAmount, unitOf } from "../shared/roche/amount.js";
import { reportReading } from "../shared/roche/reading.js";
import { Unfit } from "../shared/roche/unfit.js";
import { wallOf } from "../shared/roche/wall.js";
import { demandAttribute, type Element } from "./elements.js";

/** What the report says of the meter, in the attributes of `DEVICE` (sheet a). */
export interface ReportedDevice {
  readonly serial: string;
  readonly model: string | null;
  /** As printed; empty where it is not. */
  readonly glucoseUnit: string;
  /** As printed; empty where it is not. */
  readonly carbsUnit: string;
  /** What its clock showed when it was read out, wall time; null if that is not printed. */
  readonly clock: string | null;
}

/** How dates and times are printed (sheet a). Seconds are not established, and taken where they stand. */
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^\d\d:\d\d(?::\d\d)?$/;
/** What stands for a value that there is none of (sheet a). */
const NONE = "---";
/** Attributes of a test that are understood; what another one says goes into the note. */
const KNOWN: ReadonlySet<string> = new Set(["Val", "Dt", "Tm", "Ctrl", "Carb"]);
/** At most four digits, and two decimals: with three it could be a thousand. */
const GRAMS = /^\d{1,4}(?:[.,]\d{1,2})?$/;

/** Reads the device. Throws IMPORT_MALFORMED if it has no serial number: whose the readings are hangs on it. */
export function readDevice(element: Element): ReportedDevice {
  const said = (name: string): string => element.attributes.get(name) ?? "";
  const serial = demandAttribute(element, "SN");
  let clock: string | null = null;
  try {
    clock = readWall(element);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
  }
  return {
    serial,
    model: said("Name") === "" ? null : said("Name"),
    glucoseUnit: said("BGUnit"),
    carbsUnit: said("CarbUnit"),
    clock,
  };
}

/** The unit that the meter shows, where it is one that is known. */
export function displayUnit({ glucoseUnit }: ReportedDevice): "mg/dL" | "mmol/L" | null {
  return unitOf(glucoseUnit);
}

/**
 * Reads one `BG`: a test, a meal's carbohydrate, or both. `nameOf` gives each reading its name. Throws Unfit for one that
 * is no reading or not sure to be one.
 */
export function readTest(
  element: Element,
  device: ReportedDevice,
  nameOf: (called: string) => string,
): readonly SourceReading[] {
  if (element.damage !== null) throw new Unfit(element.damage);
  const said = (name: string): string => element.attributes.get(name) ?? "";
  const deviceTime = readWall(element);
  const control = isControl(element);
  const carbs = said("Carb") === NONE ? "" : said("Carb");
  const measured = said("Val") !== "" && said("Val") !== NONE;
  if (!measured && carbs === "") throw new Unfit("it has no value");
  const grams = device.carbsUnit.toLowerCase() === "g" && GRAMS.test(carbs) && !control;
  const called = (what: string): string => nameOf(`${deviceTime} ${what}${control ? " control" : ""}`);
  const notes = [
    ...(carbs === "" || grams ? [] : [`Carbohydrate ${carbs} ${device.carbsUnit}`.trim()]),
    ...[...element.attributes].flatMap(([name, value]) => (KNOWN.has(name) ? [] : [`${name} ${value}`.trim()])),
  ];
  const note = notes.length === 0 ? null : notes.join("; ");
  const rest = { deviceTime, raw: element.raw };
  const readings: SourceReading[] = [];
  if (measured) {
    const amount = readAmount(said("Val"), device.glucoseUnit);
    const sourceKey = called(amount.asSent);
    readings.push(reportReading({ ...rest, ...amount, kind: "glucose", control, note, sourceKey }));
  }
  if (grams) {
    const asSent = `${carbs} ${device.carbsUnit}`;
    const value = Number(carbs.replace(",", "."));
    const sourceKey = called(`carbohydrate ${asSent}`);
    const ownNote = measured ? null : note;
    readings.push(reportReading({ ...rest, kind: "carbs", value, unit: "g", asSent, note: ownNote, sourceKey }));
  } else if (!measured) {
    // Not in grams: what somebody wrote down, and no quantity that could be added to others.
    const asSent = `${carbs} ${device.carbsUnit}`.trim();
    const sourceKey = called(`carbohydrate ${asSent}`);
    readings.push(reportReading({ ...rest, kind: "note", value: null, unit: null, asSent, note, sourceKey }));
  }
  return readings;
}

/** The mark is there or not (sheet a). One that is there and says nothing, or no, is neither: nobody's reading then. */
function isControl({ attributes }: Element): boolean {
  const mark = attributes.get("Ctrl");
  if (mark === undefined) return false;
  if (/^(?:|0|n|no|false)$/i.test(mark)) throw new Unfit(`its control mark is ${JSON.stringify(mark)}`);
  return true;
}

function readWall({ attributes }: Element): string {
  const [date = "", time = ""] = [attributes.get("Dt"), attributes.get("Tm")];
  const [, year, month, day] = DATE.exec(date) ?? [];
  if (year === undefined || !TIME.test(time))
    throw new Unfit(`${JSON.stringify(`${date} ${time}`)} is no date and time`);
  return wallOf(year, month, day, time);
}
