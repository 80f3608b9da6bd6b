import type { BleSimulator, GattAnswer, SimulatedCharacteristic } from "../../../src/kit/driver.js";
import type { GattName, GattNotice } from "../../../src/kit/transport.js";

/** A meter of the tests: as little of a Glucose Service as a client needs to be tried on. */
export interface ScratchOptions {
  /** How many notices one request brings. */
  readonly count: number;
  /** Default `scratch`. */
  readonly name?: string;
  /** Default none. */
  readonly passkey?: number | null;
  /** Default true. */
  readonly bonded?: boolean;
}

export const MEASUREMENT: GattName = { service: "1808", characteristic: "2a18" };
export const FEATURE: GattName = { service: "1808", characteristic: "2a51" };
export const CONTROL: GattName = { service: "1808", characteristic: "2a52" };
/** The same id once more in a service of the maker's own, as some meters have it. */
export const OTHER_CONTROL: GattName = {
  service: "00000000-0000-1000-1000-000000000000",
  characteristic: "2a52",
};
export const MODEL: GattName = { service: "180a", characteristic: "2a24" };
/** Can be read, and notifies as well. */
export const TIME: GattName = { service: "1805", characteristic: "2a2b" };

/** Asks for all records (Glucose Service 1.0.1, section 3.5: opcode 01, operator 01). */
export const REPORT_ALL = Uint8Array.of(0x01, 0x01);
/** The answer to it: done (opcode 06, operator 00, request 01, success 01). */
export const REPORTED = Uint8Array.of(0x06, 0x00, 0x01, 0x01);
/** Wants an answer that the attribute protocol has no name for. */
export const DECLINED = Uint8Array.of(0x02, 0x01);

/** A record of 13 bytes with that sequence number; its other bytes are of no meaning. */
export function record(number: number): Uint8Array {
  return Uint8Array.of(0x02, number & 0xff, number >> 8, 0xea, 0x07, 3, 5, 12, 0, 0, 0x64, 0xb0, 0x11);
}

/** The meter. */
export function scratchMeter(options: ScratchOptions): BleSimulator {
  const { count, name = "scratch", passkey = null, bonded = true } = options;
  let send: ((notice: GattNotice) => void) | null = null;
  const characteristic = (from: GattName, uses: SimulatedCharacteristic["uses"], wants = bonded) => ({
    ...from,
    uses,
    bonded: wants,
  });
  return {
    name,
    advertises: ["1808"],
    passkey,
    serial: "S-1",
    memory: [],
    clock: () => null,
    characteristics: [
      characteristic(MODEL, ["read"], false),
      characteristic(TIME, ["read", "notify"], false),
      characteristic(MEASUREMENT, ["notify"]),
      characteristic(FEATURE, ["read"]),
      characteristic(CONTROL, ["write", "indicate"]),
      characteristic(OTHER_CONTROL, ["write", "indicate"]),
    ],
    connected: (give) => {
      send = give;
    },
    disconnected: () => {
      send = null;
    },
    readValue: ({ characteristic: id }): GattAnswer<Uint8Array> => {
      if (id === MODEL.characteristic) return Uint8Array.from(Buffer.from("Scratch 1"));
      if (id === FEATURE.characteristic) return Uint8Array.of(0x00, 0x04);
      if (id === TIME.characteristic) {
        send?.({ from: TIME, bytes: Uint8Array.of(0xea, 0x07, 1) });
        return Uint8Array.of(0xea, 0x07, 2);
      }
      return { att: 0x02 };
    },
    write: (to, bytes): GattAnswer<"done"> => {
      if (to.service !== CONTROL.service) return { att: 0x03 };
      if (Buffer.compare(bytes, DECLINED) === 0) return { att: 0x80 };
      if (Buffer.compare(bytes, REPORT_ALL) !== 0) return { att: 0x0d };
      for (let number = 0; number < count; number += 1) send?.({ from: MEASUREMENT, bytes: record(number) });
      send?.({ from: CONTROL, bytes: REPORTED });
      return "done";
    },
  };
}
