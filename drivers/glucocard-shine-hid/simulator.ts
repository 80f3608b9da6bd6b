import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { simulate as simulateFramed } from "../shared/isens/simulated.js";

/** Bytes of a report behind its id: the length, and as many as a packet of full-speed USB has room for. */
const REPORT_BYTES = 63;

/**
 * A Glucocard Shine Connex, as its protocol describes it: the frames of protocol 3 in reports of id 01, of which the
 * first byte says how many follow.
 */
export function simulate(options: SimulatorOptions): HidSimulator {
  const meter = simulateFramed(options);
  return {
    serial: meter.serial,
    usb: { vendorId: "0483", productId: "a18b", ambiguous: false, source: "the meter's own socket: sheet a" },
    reportBytes: REPORT_BYTES,
    clock: () => meter.clock(),
    get memory() {
      return meter.memory;
    },
    receive(report, send) {
      const [id, count = 0] = report;
      if (id !== 1 || report.length < count + 2) return;
      meter.receive(report.slice(2, 2 + count), (bytes) => {
        for (let at = 0; at < bytes.length; at += REPORT_BYTES - 1) {
          const piece = bytes.subarray(at, at + REPORT_BYTES - 1);
          send(Uint8Array.from([1, piece.length, ...piece]));
        }
      });
    },
  };
}
