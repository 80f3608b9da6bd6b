import { isProblem } from "../../../src/domain/problem.js";
import type { BleTransport, GattName } from "../../../src/kit/transport.js";
import { DEVICE_INFORMATION, findCharacteristic } from "./names.js";

/** What a meter says about itself in its Device Information Service; null where it does not say. */
export interface DeviceInformation {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly firmware: string | null;
}

/** Answers by which a characteristic can never be read: not permitted, not supported, no such attribute (table 3.4). */
const NEVER_READ: ReadonlySet<unknown> = new Set([0x02, 0x06, 0x0a]);
/** What chips' makers put into these characteristics for the meter's maker to replace, who does not always (sheet a: TN'G). */
const PLACEHOLDER = /^(?:model|serial) number$|^manufacturer name$|^(?:firmware|hardware|software) revision$/i;

/**
 * Reads manufacturer, model, serial number and firmware (180a), one after the other. What the meter does not have, can't
 * tell, or tells in bytes that are no text is null; so are words that only stand for a text. What is declined for the
 * moment is asked for once more, and then rejects: who a meter is must not depend on the day. Rejects as the transport does
 * otherwise (TRANSPORT_GONE, METER_UNPAIRED).
 */
export async function readDeviceInformation(transport: BleTransport, signal: AbortSignal): Promise<DeviceInformation> {
  const ask = async (name: GattName): Promise<string | null> => await readText(transport, name, signal);
  const manufacturer = await ask(DEVICE_INFORMATION.manufacturer);
  const model = await ask(DEVICE_INFORMATION.model);
  const serial = await ask(DEVICE_INFORMATION.serial);
  const firmware = await ask(DEVICE_INFORMATION.firmware);
  return { manufacturer, model, serial, firmware };
}

/** One characteristic's text, as `readDeviceInformation` has it. */
export async function readText(transport: BleTransport, name: GattName, signal: AbortSignal): Promise<string | null> {
  if (findCharacteristic(transport, name) === null) return null;
  for (let again = false; ; again = true) {
    try {
      return textOf(await transport.readValue(name, signal));
    } catch (error) {
      if (!isProblem(error, "GATT_REFUSED")) throw error;
      if (NEVER_READ.has(error.context["att"])) return null;
      if (again) throw error;
    }
  }
}

/**
 * The text of a characteristic's bytes without the zeros and blanks with which meters fill it up; null for none, for bytes
 * that are no UTF-8 or hold control characters, and for a placeholder.
 */
export function textOf(bytes: Uint8Array): string | null {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
  // A C string may have anything behind its end.
  const [whole = ""] = text.split("\0");
  const trimmed = whole.trim();
  return trimmed === "" || /\p{Cc}/u.test(trimmed) || PLACEHOLDER.test(trimmed) ? null : trimmed;
}
