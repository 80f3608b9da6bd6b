import type { LabTransport } from "../plan.js";
import { BulkCable } from "./bulk-cable.js";
import type { Cable } from "./cable.js";
import { DiskCable } from "./disk-cable.js";
import { HidCable } from "./hid-cable.js";
import { readBlock } from "./read-block.js";
import { readBulk } from "./read-bulk.js";
import { readHid } from "./read-hid.js";
import type { HandledStandIn, StandInReader } from "./read-stand-in.js";
import { standInBlock, standInBulk, standInHid } from "./stand-ins.js";

/** A transport's stand-in on the software controller of that number, and who reads it. */
export function handledStandIn(
  transport: LabTransport,
  number: number,
): { readonly device: HandledStandIn; readonly reader: StandInReader } {
  switch (transport) {
    case "hid": {
      const meter = standInHid();
      return { device: handled(number, new HidCable(number, meter.reportBytes, false), () => meter), reader: readHid };
    }
    case "block":
      return { device: handled(number, new DiskCable(number), standInBlock), reader: readBlock };
    case "usb":
      return { device: handled(number, new BulkCable(number, 0), standInBulk), reader: readBulk };
    case "serial":
      throw new Error("serial meters have drivers: they need no stand-in");
    case "ble":
      throw new Error("what is on the air hangs on no controller of USB");
  }
}

function handled<M>(number: number, cable: Cable<M>, make: () => M): HandledStandIn {
  const serial = `LAB${number}`;
  const names = { vendorId: "1d6b", productId: "0104", maker: "Glucohub", product: "stand-in", serial };
  return {
    serial,
    plug: () => cable.plug(names, make(), async () => undefined),
    unplug: () => cable.unplug(),
  };
}
