import { Problem } from "../../../src/domain/problem.js";
import type { SourceIdentity } from "../../../src/domain/reading.js";
import type { Frame } from "./frame.js";
import { type AstmHeader, readHeader } from "./header.js";
import { wallOfStamp } from "./wall.js";

/** Place of the serial number among the components of the product field, counted from 0 (both sheets). */
export const SERIAL_COMPONENT = 2;

/** What a Contour says before its results. */
export interface Opening {
  readonly header: AstmHeader;
  readonly identity: SourceIdentity;
}

/**
 * Reads a header and who it names; `modelOf` gives the marketing name of a product, null for another maker's. Throws
 * FRAME_MALFORMED if it is no header, METER_UNSUPPORTED for another maker's product.
 */
export function readContourOpening(frame: Frame, modelOf: (product: string) => string | null): Opening {
  const header = readHeader(frame.text);
  const model = modelOf(header.product);
  if (model === null) {
    throw new Problem("METER_UNSUPPORTED", `The meter calls itself ${header.product}: it is no Contour.`);
  }
  return {
    header,
    identity: {
      // One name for all, although older ones call themselves Bayer: the same meter must not become two.
      manufacturer: "Ascensia",
      model,
      serial: header.components[SERIAL_COMPONENT] || null,
      firmware: header.versions.join(" ") || null,
      displayUnit: header.displayUnit,
    },
  };
}

/**
 * The marketing name of a product such as `Bayer7150` or `Contour7600`; the product's own name for a number that is not
 * in the table, since records of the family say themselves what they are. Null for another maker's product.
 */
export function contourModel(product: string, names: ReadonlyMap<string, string>): string | null {
  const number = /^(?:Bayer|Contour)(\d{4})$/.exec(product)?.[1];
  return number === undefined ? null : (names.get(number) ?? product);
}

/** What the meter's clock showed when it sent its header. Throws FRAME_MALFORMED if that is no time. */
export function readClock({ clock }: AstmHeader): string {
  return wallOfStamp(clock ?? "");
}

/** True for a header that names the meter of that serial number: it alone may lend its results to this meter. */
export function isSameMeter(text: string, serial: string | null): boolean {
  return serial !== null && readHeader(text).components[SERIAL_COMPONENT] === serial;
}
