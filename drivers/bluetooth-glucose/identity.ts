import type { SourceIdentity } from "../../src/domain/reading.js";
import type { BleTransport } from "../../src/kit/transport.js";
import type { DeviceInformation } from "../shared/gatt/device-information.js";
import { modelOf } from "../shared/roche/models.js";
import type { Row } from "./rows.js";

/** What Roche's meters are called: `meter+` and the digits of the serial number (both sheets). */
const DIGITS_IN_NAME = /^meter\+(\d{4,})$/i;
/** A name that tells one meter from all others: it ends with at least six digits, such as a serial number's. */
const TELLING_NAME = /\d{6,}$/;
/** The address that the hub's transport puts behind a name. */
const ADDRESS = /\(((?:[0-9A-F]{2}:){5}[0-9A-F]{2})\)$/i;
/** One and the same character throughout: nobody has written a number in. */
const EMPTY = /^(.)\1*$/;

/** Who the meter is. */
export function identityOf(
  { manufacturer, model, serial, firmware }: DeviceInformation,
  row: Row,
  transport: Pick<BleTransport, "advertised" | "name">,
): SourceIdentity {
  return {
    manufacturer: manufacturer ?? row.maker,
    // Roche's tell a number; over USB too, and the name that goes with it is the same.
    model: row.hasTwin ? modelOf(model).name : model,
    serial: serialOf(serial, model, row, transport),
    firmware,
    displayUnit: null,
  };
}

/**
 * The serial number. Of Roche: the model's number and the digits of the name, which is what the meter tells over USB; else
 * what the meter says. One that says nothing is known by its name if that ends with a number, and, last, by its Bluetooth
 * address, which stays as it is for as long as hub and meter are paired. Null where not even that is known.
 */
function serialOf(
  told: string | null,
  model: string | null,
  { serialInName }: Row,
  { advertised, name }: Pick<BleTransport, "advertised" | "name">,
): string | null {
  const serial = told === null || EMPTY.test(told) ? null : told;
  if (serialInName && model !== null && /^\d{3}$/.test(model)) {
    const inName = DIGITS_IN_NAME.exec(advertised ?? "")?.[1];
    if (inName !== undefined) return model + inName;
    // Of which form it is has not been seen: whole, as over USB, or without the model's number.
    if (serial !== null && /^\d{8}$/.test(serial)) return model + serial;
  }
  if (serial !== null) return serial;
  if (advertised !== null && TELLING_NAME.test(advertised)) return advertised;
  return ADDRESS.exec(name)?.[1]?.toUpperCase() ?? null;
}
