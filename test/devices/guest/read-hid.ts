import { createRequire } from "node:module";
import type { StandInReader } from "./read-stand-in.js";
import { flipped, REPORTS_BACK } from "./stand-ins.js";

type NodeHid = typeof import("node-hid");

const BYTES = 64;

/** Reads the HID stand-in with node-hid: reports both ways, a feature report both ways. */
export const readHid: StandInReader = {
  async find(serial) {
    // Loaded late: it needs a library of the system.
    const { devicesAsync } = createRequire(import.meta.url)("node-hid") as NodeHid;
    return (await devicesAsync()).find((device) => device.serialNumber === serial)?.path ?? null;
  },
  async open(node) {
    const { HIDAsync } = createRequire(import.meta.url)("node-hid") as NodeHid;
    const device = await HIDAsync.open(node);
    return {
      async exchange(number) {
        const words = Uint8Array.from({ length: BYTES }, (_, index) => (index * 7 + number) & 0xff);
        await device.write([0, ...words]);
        for (let report = 1; report <= REPORTS_BACK; report += 1) {
          const came = await device.read(5_000);
          const wanted = Buffer.from([report, ...flipped(words.slice(1))]);
          if (came === undefined || !wanted.equals(came)) throw new Error(`report ${report} is not what was sent`);
        }
        const feature = Uint8Array.from({ length: BYTES + 1 }, (_, index) => (index === 0 ? 0 : index ^ number));
        await device.sendFeatureReport([...feature]);
        const back = await device.getFeatureReport(0, BYTES + 1);
        if (!Buffer.from(feature).equals(back)) throw new Error("the feature report is not the one that was set");
        return REPORTS_BACK + 1;
      },
      async close() {
        await device.close().catch(() => undefined);
      },
    };
  },
};
