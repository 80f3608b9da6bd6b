import type { BleSimulator, SimulatedCharacteristic } from "../../../../src/kit/driver.js";
import type { GattName, GattNotice } from "../../../../src/kit/transport.js";

const GLUCOSE = "1808";
/** Measurements, as notifications. */
export const MEASUREMENT: GattName = { service: GLUCOSE, characteristic: "2a18" };
/** The record access control point, which is written to and indicates. */
export const CONTROL: GattName = { service: GLUCOSE, characteristic: "2a52" };
/** Anybody may read who made it. */
export const MAKER: GattName = { service: "180a", characteristic: "2a29" };
const CHARACTERISTICS: readonly SimulatedCharacteristic[] = [
  { ...MAKER, uses: ["read"], bonded: false },
  { ...MEASUREMENT, uses: ["notify"], bonded: true },
  { ...CONTROL, uses: ["write", "indicate"], bonded: true },
];
/** Report all records; the answer that all was reported (Glucose Service 1.0.1, section 3.4). */
export const REPORT_ALL = Uint8Array.of(1, 1);
export const REPORTED = Uint8Array.of(6, 0, 1, 1);
/** What it declines with: an error of the application, which the bus must carry. */
export const DECLINED = 0x80;

/** A meter with the shape of a Glucose Service, and numbered packets of so many bytes for measurements. */
export function standInBle(count: number, bytes: number): BleSimulator {
  let send: (notice: GattNotice) => void = () => undefined;
  return {
    ...{ serial: null, memory: [], clock: () => null },
    ...{ name: "lab stand-in", advertises: [GLUCOSE], characteristics: CHARACTERISTICS, passkey: null },
    connected(to) {
      send = to;
    },
    disconnected() {
      send = () => undefined;
    },
    readValue: ({ characteristic }) =>
      characteristic === MAKER.characteristic ? new TextEncoder().encode("Glucohub") : { att: 2 },
    write(name, request) {
      if (name.characteristic !== CONTROL.characteristic) return { att: 3 };
      if (!Buffer.from(request).equals(REPORT_ALL)) return { att: DECLINED };
      for (let number = 0; number < count; number += 1) send({ from: MEASUREMENT, bytes: packet(number, bytes) });
      send({ from: CONTROL, bytes: REPORTED });
      return "done";
    },
  };
}

/** What the packet of that number looks like. */
export function packet(number: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) =>
    index < 2 ? (number >> (8 * index)) & 0xff : (number * 31 + index * 7) & 0xff,
  );
}
