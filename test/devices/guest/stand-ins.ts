import type { BlockSimulator, HidSimulator, MeterSimulator, UsbMatch } from "../../../src/kit/driver.js";
import { BLOCK_BYTES } from "../../../src/kit/transport.js";

/** Identifiers of no meter: the Linux Foundation's for gadgets. */
const USB: UsbMatch = { vendorId: "1d6b", productId: "0104", ambiguous: false, source: "a stand-in of the lab" };
const NO_MEMORY = { serial: null, usb: USB, memory: [], clock: () => null };
/** How many reports answer one. */
export const REPORTS_BACK = 3;
const REPORT_BYTES = 64;
const BLOCKS = 64;

/** Answers each report with three: their number, then what came turned over, bit by bit. Keeps one feature report. */
export function standInHid(): HidSimulator {
  let feature = Uint8Array.of(0);
  return {
    ...NO_MEMORY,
    reportBytes: REPORT_BYTES,
    receive(report, send) {
      for (let number = 1; number <= REPORTS_BACK; number += 1)
        send(Uint8Array.of(number, ...flipped(report.slice(2))));
    },
    setFeature(report) {
      feature = Uint8Array.from(report);
    },
    getFeature: () => feature,
  };
}

/** A disk that gives back each block as it was written, turned over. */
export function standInBlock(): BlockSimulator {
  const written = new Map<number, Uint8Array>();
  return {
    ...NO_MEMORY,
    inquiry: { vendor: "LifeScan", product: "stand-in" },
    blocks: BLOCKS,
    readBlock: (lba) => flipped(written.get(lba) ?? new Uint8Array(BLOCK_BYTES).fill(0xff)),
    writeBlock(lba, block) {
      written.set(lba, Uint8Array.from(block));
    },
  };
}

/** A pipe that gives back what comes, turned over. */
export function standInBulk(): MeterSimulator {
  return { ...NO_MEMORY, receive: (bytes, send) => send(flipped(bytes)) };
}

/** Every bit the other way: no mere echo of the kernel's gives that. */
export function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0xff);
}
