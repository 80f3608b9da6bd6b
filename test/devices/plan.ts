import type { Driver, MeterDriver } from "../../src/kit/driver.js";

/** What carries a conversation with a meter. */
export const TRANSPORTS = ["serial", "hid", "block", "usb", "ble"] as const;
export type LabTransport = (typeof TRANSPORTS)[number];

/** How a device is presented to the kernel: a USB gadget of its own, QEMU's FTDI cable, or a Bluetooth controller. */
export type Gadget = "acm" | "ftdi" | "hid" | "disk" | "bulk" | "radio";

/** One device that the lab plugs in. */
export interface PlanEntry {
  /** Unique in the plan. */
  readonly id: string;
  readonly transport: LabTransport;
  readonly gadget: Gadget;
  /** Null for a stand-in: there is no driver for that transport yet, and the lab reads the device by itself. */
  readonly driver: string | null;
}

/** Identifiers of the one serial cable that QEMU has. */
const FTDI = "0403:6001";
const GADGETS: Readonly<Record<LabTransport, Gadget>> = {
  ...{ serial: "acm", hid: "hid", block: "disk", usb: "bulk", ble: "radio" },
};

/** The radio's stand-in, which stays in the plan beside meters: it tells a fault of the lab from one of the hub. */
const PROOF: PlanEntry = { id: "bluetooth-proof", transport: "ble", gadget: "radio", driver: null };

/**
 * Every meter of the catalogue, on the gadget of its transport; one serial meter on the FTDI cable as well; and a
 * stand-in for each transport that no driver uses yet. The short plan has one device of each transport.
 */
export function makePlan(drivers: readonly Driver[], short: boolean): readonly PlanEntry[] {
  const meters = drivers.filter((driver) => driver.transport !== "file");
  const entries = TRANSPORTS.flatMap((transport): PlanEntry[] => {
    const gadget = GADGETS[transport];
    const own = meters.filter((driver) => driver.transport === transport).sort((a, b) => a.probe.rank - b.probe.rank);
    if (own.length === 0) {
      return transport === "ble" ? [PROOF] : [{ id: `stand-in-${transport}`, transport, gadget, driver: null }];
    }
    const read = (short ? own.slice(0, 1) : own).map(({ id }) => ({ id, transport, gadget, driver: id }));
    return transport === "ble" && !short ? [...read, PROOF] : read;
  });
  const onFtdi = short ? undefined : meters.find(hangsOnFtdi);
  if (onFtdi === undefined) return entries;
  // The last one, so that the same driver's two meters are rarely read at once.
  return [...entries, { id: `${onFtdi.id}-ftdi`, transport: "serial", gadget: "ftdi", driver: onFtdi.id }];
}

function hangsOnFtdi(driver: MeterDriver): boolean {
  return driver.transport === "serial" && driver.usb.some((usb) => `${usb.vendorId}:${usb.productId}` === FTDI);
}
