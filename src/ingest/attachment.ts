import type { BleMatch, Driver, MeterDriver } from "../kit/driver.js";
import type { Attachment, BleFacts } from "../transports/attachments.js";

/** HID usage pages from here on are vendors' own (USB HID Usage Tables, section 3, table 1). */
const VENDOR_PAGES = 0xff00;

/** Drivers that may be tried on a port, the surest first, and why, in one sentence. */
export interface Claim {
  readonly drivers: readonly MeterDriver[];
  /** True where the identifiers are a cable's and not a meter's: another meter may hang on it at any time. */
  readonly shared: boolean;
  /** False for a meter on Bluetooth that nobody has paired with this hub: it is shown, and not read. */
  readonly readable: boolean;
  readonly why: string;
}

/**
 * Finds the drivers for a port by its USB identifiers. Those whose own they are come first, then, by the rank of their
 * probes, those whose meters hang on cables of that kind: first who only listens, last who wakes a meter up.
 */
export function claim(drivers: readonly Driver[], attachment: Attachment): Claim {
  const { usb, virtual, vendorName, transport = "serial" } = attachment;
  if (attachment.ble) return claimBle(drivers, attachment.ble, virtual);
  if (usb === null) {
    return {
      drivers: [],
      shared: false,
      readable: true,
      why: "The system does not tell what is at this port; name it with `glucohub read --port` and `--driver`.",
    };
  }
  const ids = `${usb.vendorId}:${usb.productId}`;
  const found = drivers.flatMap((driver) => {
    if (driver.transport === "file" || driver.transport !== transport) return [];
    // A disk is only ever claimed by what it answers to INQUIRY: the same identifiers may be an ordinary stick's.
    if (driver.transport === "block" && vendorName !== driver.inquiryVendor) return [];
    const match = driver.usb.find(({ vendorId, productId }) => `${vendorId}:${productId}` === ids.toLowerCase());
    return match === undefined ? [] : [{ driver, ambiguous: match.ambiguous }];
  });
  const name = usb.product === null ? ids : `${ids} (${usb.product})`;
  if (found.length === 0)
    return { drivers: [], shared: false, readable: true, why: `No driver claims the device ${name}.` };
  const sorted = [...found].sort(
    (a, b) => Number(a.ambiguous) - Number(b.ambiguous) || a.driver.probe.rank - b.driver.probe.rank,
  );
  const names = sorted.map(({ driver }) => driver.id).join(", ");
  const sure = sorted.some(({ ambiguous }) => !ambiguous);
  const why = sure
    ? `The USB identifiers ${name} are those of ${names}.`
    : `The cable's chip ${name} is one that meters of ${names} are connected with; the meter itself must answer.`;
  return {
    drivers: sorted.map(({ driver }) => driver),
    shared: !sure,
    readable: true,
    why: virtual ? `A virtual meter. ${why}` : why,
  };
}

/**
 * Finds the drivers for a meter in reach of Bluetooth by what it advertises. Those that know it by its name come first, as
 * a service may be everybody's. It is read only if it is paired: anybody's meter may be in reach.
 */
function claimBle(drivers: readonly Driver[], facts: BleFacts, virtual: boolean): Claim {
  const found = drivers.flatMap((driver) => {
    if (driver.transport !== "ble") return [];
    const fitting = driver.ble.filter((match) => fits(match, facts));
    return fitting.length === 0 ? [] : [{ driver, named: fitting.some(({ namePrefix }) => namePrefix !== null) }];
  });
  const who = facts.name === null ? facts.address : `${facts.name} (${facts.address})`;
  const sorted = [...found].sort(
    (a, b) => Number(b.named) - Number(a.named) || a.driver.probe.rank - b.driver.probe.rank,
  );
  const names = sorted.map(({ driver }) => driver.id).join(", ");
  const known =
    sorted.length === 0
      ? `No driver claims what ${who} says over Bluetooth.`
      : `What ${who} says over Bluetooth is what meters of ${names} say.`;
  const why = facts.paired
    ? known
    : `${known} It is not paired with this hub: \`glucohub pair ble:${facts.address}\` if it is yours.`;
  return {
    drivers: sorted.map(({ driver }) => driver),
    shared: false,
    readable: facts.paired,
    why: virtual ? `A virtual meter. ${why}` : why,
  };
}

function fits({ service, namePrefix }: BleMatch, { name, services }: BleFacts): boolean {
  if (service !== null && !services.includes(service)) return false;
  if (namePrefix !== null && name?.startsWith(namePrefix) !== true) return false;
  return service !== null || namePrefix !== null;
}

/**
 * True if a person should hear of the attachment: a driver claims it, or it may be a meter all the same. That is any serial
 * port, and HID devices of a maker's own usage page; not keyboards, mice and disks.
 */
export function mayBeMeter({ transport = "serial", usagePage }: Attachment, { drivers }: Claim): boolean {
  return drivers.length > 0 || transport === "serial" || (transport === "hid" && (usagePage ?? 0) >= VENDOR_PAGES);
}

/** USB identifiers (`173a:21d5`) of the meters that are read by their bulk endpoints. */
export function bulkIds(drivers: readonly Driver[]): ReadonlySet<string> {
  const bulk = drivers.flatMap((driver) => (driver.transport === "usb" ? driver.usb : []));
  return new Set(bulk.map(({ vendorId, productId }) => `${vendorId}:${productId}`));
}

/** True if the two are the same device at the same port. */
export function sameAttachment(a: Attachment, b: Attachment): boolean {
  if (a.port !== b.port || a.virtual !== b.virtual) return false;
  return a.ble ? sameClaim(a.ble, b.ble) : JSON.stringify(usbOf(a)) === JSON.stringify(usbOf(b));
}

/** A meter tells its name and services bit by bit; only what may change its claim makes it another attachment. */
function sameClaim(a: BleFacts, b: BleFacts | null | undefined): boolean {
  return b?.paired === a.paired && b.name === a.name && [...a.services].sort().join() === [...b.services].sort().join();
}

function usbOf({ usb }: Attachment): readonly (string | null)[] {
  return usb === null ? [] : [usb.vendorId, usb.productId, usb.serial, usb.product];
}
