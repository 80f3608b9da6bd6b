import type { GattUse } from "../../../../src/kit/transport.js";

/** The Bluetooth SIG's ids stand in this one (Core Specification, volume 3, part B, section 2.5.1). */
const BASE = "-0000-1000-8000-00805f9b34fb";

/** An id as BlueZ writes it. */
export function longId(id: string): string {
  return id.length === 4 ? `0000${id}${BASE}` : id;
}

/** An id as `GattName` writes it. */
export function shortId(id: string): string {
  return id.endsWith(BASE) && id.startsWith("0000") ? id.slice(4, 8) : id;
}

/** What BlueZ is told of a characteristic (org.bluez.GattCharacteristic, `Flags`); with a bond it must be one with a passkey. */
export function flagsOf(uses: readonly GattUse[], bonded: boolean): readonly string[] {
  const needed = bonded
    ? uses.map((use) => `encrypt-authenticated-${use === "write-without-response" ? "write" : use}`)
    : [];
  return [...new Set([...uses, ...needed])];
}
