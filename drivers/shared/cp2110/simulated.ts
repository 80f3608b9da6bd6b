import type { HidSimulator, MeterSimulator, UsbMatch } from "../../../src/kit/driver.js";

/** What the chip in front of a virtual meter is. */
export interface SimulatedBridge {
  /** The speed at which the meter's line runs; set to another one, nothing gets through. */
  readonly baudRate: number;
  readonly usb: UsbMatch;
}

/** Bytes of a data report without its id. */
const REPORT_BYTES = 63;

/**
 * A meter behind a CP2110, as the chip's facts describe it: bytes pass only once the line is set and switched on, and lie
 * in reports whose id says how many they are. What the meter says before is lost.
 */
export function simulateBehindCp2110(meter: MeterSimulator, { baudRate, usb }: SimulatedBridge): HidSimulator {
  // Another speed than any meter's, and off: what a hub has to set must be set.
  let config: Uint8Array = Uint8Array.of(0x50, 0x00, 0x01, 0xc2, 0x00, 0, 0, 3, 0);
  let on = false;

  function passes(): boolean {
    const [, a = 0, b = 0, c = 0, d = 0, parity, flow, bits, stop] = config;
    const speed = ((a * 256 + b) * 256 + c) * 256 + d;
    return on && speed === baudRate && parity === 0 && flow === 0 && bits === 3 && stop === 0;
  }

  const inReports =
    (send: (report: Uint8Array) => void) =>
    (bytes: Uint8Array): void => {
      if (!passes()) return;
      for (let at = 0; at < bytes.length; at += REPORT_BYTES) {
        const piece = bytes.subarray(at, at + REPORT_BYTES);
        send(Uint8Array.from([piece.length, ...piece]));
      }
    };

  return {
    serial: meter.serial,
    usb,
    reportBytes: REPORT_BYTES,
    clock: () => meter.clock(),
    get memory() {
      return meter.memory;
    },
    start: (send) => meter.start?.(inReports(send)),
    receive(report, send) {
      const [count = 0] = report;
      if (!passes() || count < 1 || count > REPORT_BYTES || report.length < count + 1) return;
      meter.receive(report.slice(1, count + 1), inReports(send));
    },
    setFeature(report) {
      if (report[0] === 0x50 && report.length === 9) config = Uint8Array.from(report);
      if (report[0] === 0x41 && report.length === 2) on = report[1] === 1;
    },
    getFeature(id) {
      if (id === 0x50) return Uint8Array.from(config);
      return Uint8Array.of(id, id === 0x41 && on ? 1 : 0);
    },
  };
}
