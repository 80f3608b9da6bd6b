import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SourceIdentity } from "../../src/domain/reading.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { Dialogue } from "./dialogue.js";
import { HEADER_BYTES, PAGE_TYPES } from "./page.js";
import { firmware, page, pageRange, ping, unit } from "./questions.js";
import { attributes } from "./xml.js";

/**
 * Asks who the receiver is. Throws METER_UNSUPPORTED if it does not tell its serial number: readings that could be
 * anybody's are not taken. Else throws what the dialogue throws.
 */
export async function identify(dialogue: Dialogue, context: SessionContext): Promise<SourceIdentity> {
  await dialogue.ask(ping);
  const described = attributes(await dialogue.ask(firmware), "FirmwareHeader");
  if (described === null) {
    throw new Problem("FRAME_MALFORMED", "Something answers, but does not describe itself as a Dexcom receiver would.");
  }
  return {
    manufacturer: "Dexcom",
    model: described.get("ProductName") ?? described.get("ProductId") ?? null,
    serial: await readSerial(dialogue),
    firmware: described.get("SoftwareNumber") ?? null,
    displayUnit: await readUnit(dialogue, context),
  };
}

/** The serial number stands on the last page of manufacturing data: the receiver may have been reworked (sheet a). */
async function readSerial(dialogue: Dialogue): Promise<string> {
  const range = await dialogue.ask(pageRange(PAGE_TYPES.manufacturing));
  if (range !== "empty") {
    const last = await dialogue.ask(page(PAGE_TYPES.manufacturing, range.last));
    const serial = attributes(latin1(last.subarray(HEADER_BYTES)), "ManufacturingParameters")?.get("SerialNumber");
    if (serial !== undefined && /^[ -~]*[0-9A-Za-z][ -~]*$/.test(serial)) return serial;
  }
  throw new Problem("METER_UNSUPPORTED", "A Dexcom receiver answers, but does not tell its serial number.");
}

/** Values are in mg/dL whatever the display shows, so the session can do without this answer. */
async function readUnit(dialogue: Dialogue, { log }: SessionContext): Promise<"mg/dL" | "mmol/L" | null> {
  try {
    return (await dialogue.ask(unit)).unit;
  } catch (error) {
    if (!isProblem(error, "METER_REFUSED", "METER_STALLED", "FRAME_CHECKSUM", "FRAME_MALFORMED")) throw error;
    log.warn({ code: error.code }, "the receiver does not tell its unit");
    return null;
  }
}
