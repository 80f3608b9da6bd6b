import { createRequire } from "node:module";
import type { Device, InEndpoint, OutEndpoint } from "usb";
import type { StandInReader } from "./read-stand-in.js";
import { flipped } from "./stand-ins.js";

const BYTES = 300;
const ROOM = 4_096;
const PATIENCE_MS = 5_000;

/** Reads the bulk stand-in with libusb: packets both ways. */
export const readBulk: StandInReader = {
  async find(serial) {
    for (const device of deviceList()) {
      if ((await serialOf(device)) === serial) return nameOf(device);
    }
    return null;
  },
  async open(node) {
    const device = deviceList().find((one) => nameOf(one) === node);
    if (device === undefined) throw new Error(`${node} is gone`);
    device.open();
    const face = device.interface(0);
    face.claim();
    const [input, output] = face.endpoints as [InEndpoint, OutEndpoint];
    input.timeout = PATIENCE_MS;
    output.timeout = PATIENCE_MS;
    return {
      async exchange(number) {
        const words = Uint8Array.from({ length: BYTES }, (_, index) => (index * 3 + number) & 0xff);
        await output.transferAsync(Buffer.from(words));
        const came = await new Promise<Buffer>((resolve, reject) => {
          input.transfer(ROOM, (error, data) =>
            error === undefined ? resolve(data ?? Buffer.alloc(0)) : reject(error),
          );
        });
        if (!came.equals(flipped(words))) throw new Error("what came is not what was sent, turned over");
        return 1;
      },
      async close() {
        await face.releaseAsync().catch(() => undefined);
        try {
          device.close();
        } catch {
          // Gone already.
        }
      },
    };
  },
};

function deviceList(): Device[] {
  // Loaded late: it opens the machine's USB.
  return (createRequire(import.meta.url)("usb") as typeof import("usb")).getDeviceList();
}

function nameOf(device: Device): string {
  return `usb ${device.busNumber}:${device.deviceAddress}`;
}

async function serialOf(device: Device): Promise<string | null> {
  if (device.deviceDescriptor.iSerialNumber === 0 || device.deviceDescriptor.idVendor !== 0x1d6b) return null;
  try {
    device.open();
    return await new Promise((resolve) => {
      device.getStringDescriptor(device.deviceDescriptor.iSerialNumber, (_error, text) => resolve(text ?? null));
    });
  } catch {
    return null;
  } finally {
    try {
      device.close();
    } catch {
      // It could not be opened.
    }
  }
}
