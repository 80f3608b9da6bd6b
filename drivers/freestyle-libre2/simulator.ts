import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { simulatedEncryption } from "../shared/abbott-hid/encryption/simulated-encryption.js";
import { simulatedLibre } from "../shared/abbott-hid/libre/simulated-libre.js";

/** The keys of a virtual reader, by their names in a key file: no real one's. */
export const SIMULATED_KEYS: ReadonlyMap<string, Uint8Array> = new Map(
  ["libre2.authEnc", "libre2.authMac", "libre2.sessionEnc", "libre2.sessionMac"].map((name, key) => [
    name,
    Uint8Array.from({ length: 16 }, (_, at) => (key + 1) * 16 + at),
  ]),
);

/** A FreeStyle Libre 2 reader as its protocol describes it, behind its encryption. See the two shared functions. */
export function simulate(options: SimulatorOptions): HidSimulator {
  const usb = { vendorId: "1a61", productId: "3950", ambiguous: false, source: "both sheets" };
  const reader = simulatedLibre(options, { usb, version: "1.0.12", layout: "libre-2" });
  return simulatedEncryption(reader, [...SIMULATED_KEYS.values()], options.seed);
}
