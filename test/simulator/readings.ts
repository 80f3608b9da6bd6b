import { derivedId } from "../../src/domain/identity.js";
import { EMPTY_FIELDS, type RecordFields } from "../../src/domain/record.js";
import type { NewRecord } from "../../src/store/records.js";
import type { Content } from "./content.js";

/** Who writes in the cloud. */
export type Person = "doctor";

const FIRST_MS = Date.UTC(2026, 0, 1, 8);
/** How far the second hub's estimate of the meter's clock is from the first one's. */
const OTHER_ESTIMATE_MS = -240_000;
/** What a broken record's value is. */
export const BROKEN_VALUE = -1;

/** The reading of that number as that hub takes it in: two hubs estimate its time each on their own. */
export function readingOf(index: number, hub: number): NewRecord {
  const deviceTime = new Date(FIRST_MS + index * 60_000).toISOString().slice(0, 19);
  const fields: RecordFields = {
    ...EMPTY_FIELDS,
    time: new Date(FIRST_MS + index * 60_000 + (hub === 0 ? 0 : OTHER_ESTIMATE_MS)).toISOString(),
    deviceTime,
    timeQuality: hub === 0 ? "device" : "corrected",
    utcOffset: hub === 0 ? null : 0,
    source: "meter",
    value: 80 + index,
    unit: "mg/dL",
    manufacturer: "Acme",
    model: "Simulated",
    serial: "SIM0001",
  };
  return { id: derivedId("simulator", "reading", index), kind: "glucose", fields, raw: Buffer.from(`raw ${index}`) };
}

/** A record that a person typed in the cloud. */
export function typedInCloud(number: number): { readonly id: string; readonly fields: RecordFields } {
  const fields: RecordFields = {
    ...EMPTY_FIELDS,
    time: instantOf(number),
    timeQuality: "exact",
    source: "manual",
    value: 100,
    unit: "mg/dL",
    note: `c${number}`,
  };
  return { id: derivedId("simulator", "cloud", number), fields };
}

/** An instant that nobody else writes. */
export function instantOf(number: number, part = 0): string {
  return new Date(Date.UTC(2026, 1, 1) + number * 1_000 + part).toISOString();
}

/** True for content that no hub can take for a record. */
export function isBrokenContent(content: Content): boolean {
  return content.fields["value"] === BROKEN_VALUE;
}
