import type { BleTransport, GattCharacteristic, GattName, GattUse } from "../../../src/kit/transport.js";

/** Services of the Bluetooth SIG by their assigned numbers (both sheets; 181f: the assigned numbers). */
export const SERVICE = {
  glucose: "1808",
  cgm: "181f",
  deviceInformation: "180a",
  currentTime: "1805",
  battery: "180f",
} as const;

/** The Glucose Service (both sheets, "UUIDs"). Another service of a Guide has a second 2a52: that is not this one. */
export const GLUCOSE = {
  measurement: { service: "1808", characteristic: "2a18" },
  context: { service: "1808", characteristic: "2a34" },
  feature: { service: "1808", characteristic: "2a51" },
  recordAccess: { service: "1808", characteristic: "2a52" },
  /** Roche keeps the clock here (sheet b). */
  dateTime: { service: "1808", characteristic: "2a08" },
} as const satisfies Record<string, GattName>;

/** The Current Time Service (sheet b). */
export const CURRENT_TIME: GattName = { service: "1805", characteristic: "2a2b" };

/** The Device Information Service (sheet b). */
export const DEVICE_INFORMATION = {
  manufacturer: { service: "180a", characteristic: "2a29" },
  model: { service: "180a", characteristic: "2a24" },
  serial: { service: "180a", characteristic: "2a25" },
  firmware: { service: "180a", characteristic: "2a26" },
} as const satisfies Record<string, GattName>;

/** True for the same characteristic of the same service. A service that nobody knows (a transcript without one) fits any. */
export function sameName(one: GattName, other: GattName): boolean {
  if (one.characteristic !== other.characteristic) return false;
  return one.service === other.service || one.service === "" || other.service === "";
}

/** The characteristic as the meter declares it; null if it has none of that name, or none that may be used so. */
export function findCharacteristic(
  transport: Pick<BleTransport, "characteristics">,
  name: GattName,
  ...uses: readonly GattUse[]
): GattCharacteristic | null {
  const found = transport.characteristics.filter((one) => sameName(one, name));
  return found.find((one) => uses.every((use) => one.uses.includes(use))) ?? null;
}
