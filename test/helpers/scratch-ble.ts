import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { BleDriver, BleSimulator, SessionContext, SimulatorOptions } from "../../src/kit/driver.js";
import { within } from "../../src/kit/exchange.js";
import { meterReading } from "../../src/kit/meter-reading.js";
import type { BleTransport, GattName, GattNotice } from "../../src/kit/transport.js";

/** The little that the scratch meter has of the Glucose Service, and its serial number. */
export const SCRATCH = {
  serial: { service: "180a", characteristic: "2a25" },
  measurement: { service: "1808", characteristic: "2a18" },
  recordAccess: { service: "1808", characteristic: "2a52" },
} as const satisfies Record<string, GattName>;

/** Report all records, and the answer that all were sent (Glucose Profile, record access control point). */
export const REPORT_ALL = Uint8Array.of(0x01, 0x01);
export const DONE = Uint8Array.of(0x06, 0x00, 0x01, 0x01);

/**
 * A driver that is just large enough to try what carries Bluetooth drivers: it asks for the serial number, then for all
 * records, of which each is a number and a value in mg/dL.
 */
export const scratchBle: BleDriver = {
  id: "scratch-ble",
  maker: "Nobody",
  models: ["Scratch"],
  source: "meter",
  kinds: ["glucose"],
  evidence: "specification",
  transport: "ble",
  usb: [],
  ble: [
    { service: null, namePrefix: "Scr", source: "made up" },
    { service: "1808", namePrefix: "Scratch+", source: "made up" },
  ],
  units: "mg/dL",
  limits: null,
  integrity: { check: "link", over: "record" },
  probe: { rank: 10, withinMs: 5_000 },
  capabilities: {
    readings: "yes",
    unit: "absent",
    clockRead: "absent",
    clockSet: "absent",
    serialNumber: "yes",
    controlSolution: "absent",
    mealMarker: "absent",
    note: "absent",
    ketone: "absent",
    incremental: "absent",
  },
  session,
  setClock: null,
  blank: (notices, mask) =>
    notices.map(({ from, bytes }) =>
      from.characteristic === SCRATCH.serial.characteristic ? mask(bytes) : Uint8Array.from(bytes),
    ),
  simulate,
};

async function* session({ transport, signal, clock }: SessionContext<BleTransport>): AsyncGenerator<SessionEvent> {
  await transport.subscribe(SCRATCH.measurement, signal);
  await transport.subscribe(SCRATCH.recordAccess, signal);
  const serial = new TextDecoder().decode(await transport.readValue(SCRATCH.serial, signal));
  const identity = { manufacturer: "Nobody", model: null, serial, firmware: null, displayUnit: null };
  yield { type: "identity", identity, source: "meter", sourceName: null };
  await transport.write(SCRATCH.recordAccess, REPORT_ALL, signal);
  for (;;) {
    const late = (): Problem => new Problem("METER_STALLED");
    const notice = await within(clock, 30_000, signal, late, (bounded) => transport.next(bounded));
    if (notice.from.characteristic === "2a52") return;
    yield { type: "readings", readings: [reading(notice)] };
  }
}

function reading({ bytes }: GattNotice): SourceReading {
  const [number = 0, value = 0] = bytes;
  const deviceTime = `2024-05-06T07:${String(number % 60).padStart(2, "0")}:00`;
  return meterReading({
    kind: "glucose",
    value,
    unit: "mg/dL",
    outOfRange: null,
    control: false,
    meal: null,
    note: null,
    deviceTime,
    asSent: String(value),
    index: number,
    raw: bytes,
  });
}

function simulate({ count }: Pick<SimulatorOptions, "count">): BleSimulator {
  let say = (_notice: GattNotice): void => undefined;
  return {
    serial: "AB1234",
    name: "Scratch+AB1234",
    advertises: ["1808"],
    characteristics: [
      { ...SCRATCH.serial, uses: ["read"], bonded: false },
      { ...SCRATCH.measurement, uses: ["notify"], bonded: true },
      { ...SCRATCH.recordAccess, uses: ["write", "indicate"], bonded: true },
    ],
    passkey: 123_456,
    memory: [],
    clock: () => null,
    connected(send) {
      say = send;
    },
    disconnected() {
      say = () => undefined;
    },
    readValue: () => Uint8Array.from([0x41, 0x42, 0x31, 0x32, 0x33, 0x34]),
    write(_name, bytes) {
      if (bytes[0] !== 0x01) return { att: 0x80 };
      for (let number = 1; number <= count; number += 1) {
        say({ from: SCRATCH.measurement, bytes: Uint8Array.of(number, 100 + number) });
      }
      say({ from: SCRATCH.recordAccess, bytes: DONE });
      return "done";
    },
  };
}
