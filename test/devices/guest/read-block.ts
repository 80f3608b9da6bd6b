import { constants, existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BLOCK_BYTES } from "../../../src/kit/transport.js";
import { page } from "./page.js";
import type { StandInReader } from "./read-stand-in.js";
import { flipped } from "./stand-ins.js";

const DISKS = "/sys/block";
/** The blocks in which meters take and give messages. */
const PLACES = [3, 4, 5] as const;

/** Reads the disk stand-in by the system's files, past the cache: who it is by INQUIRY, blocks both ways. */
export const readBlock: StandInReader = {
  async find(serial) {
    const disk = readdirSync(DISKS).find((name) => name.startsWith("sd") && usbSerial(join(DISKS, name)) === serial);
    const node = `/dev/${disk}`;
    if (disk === undefined || !existsSync(node)) return null;
    const vendor = readFileSync(join(DISKS, disk, "device/vendor"), "utf8");
    if (vendor !== "LifeScan\n") throw new Error(`the disk names its vendor ${JSON.stringify(vendor)}`);
    return node;
  },
  async open(node) {
    const file = await open(node, constants.O_RDWR | constants.O_DIRECT);
    const block = page(BLOCK_BYTES);
    return {
      async exchange(number) {
        for (const lba of PLACES) {
          const words = Uint8Array.from({ length: BLOCK_BYTES }, (_, index) => (index * lba + number) & 0xff);
          block.set(words);
          const { bytesWritten } = await file.write(block, 0, BLOCK_BYTES, lba * BLOCK_BYTES);
          block.fill(0);
          const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, lba * BLOCK_BYTES);
          if (bytesWritten !== BLOCK_BYTES || bytesRead !== BLOCK_BYTES) throw new Error("a block was cut short");
          if (!block.equals(flipped(words))) throw new Error(`block ${lba} is not what was written, turned over`);
        }
        return PLACES.length;
      },
      async close() {
        await file.close().catch(() => undefined);
      },
    };
  },
};

/** The serial number of the USB device above a disk. */
function usbSerial(disk: string): string | null {
  for (let folder = realpathSync(disk); folder.startsWith("/sys/devices/"); folder = dirname(folder)) {
    if (existsSync(join(folder, "idVendor"))) return readFileSync(join(folder, "serial"), "utf8").trim();
  }
  return null;
}
