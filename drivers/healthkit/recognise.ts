import { beginsDocument } from "../shared/xml/recognise.js";

/**
 * True if these first bytes of a file begin a HealthKit export: an XML document whose type or root element is
 * `HealthData`. (Its twin in the archive, `export_cda.xml`, is a `ClinicalDocument`.)
 */
export function isHealthData(head: Uint8Array): boolean {
  return beginsDocument(head, "HealthData");
}
