import type { GattUse } from "../../../../src/kit/transport.js";

/** What BlueZ is told of a characteristic (org.bluez.GattCharacteristic, `Flags`); with a bond it must be one with a passkey. */
export function flagsOf(uses: readonly GattUse[], bonded: boolean): readonly string[] {
  const needed = bonded
    ? uses.map((use) => `encrypt-authenticated-${use === "write-without-response" ? "write" : use}`)
    : [];
  return [...new Set([...uses, ...needed])];
}
