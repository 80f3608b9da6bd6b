/** One endpoint of an interface, as the device sees it. */
export interface Endpoint {
  /** `in`: to the host. */
  readonly direction: "in" | "out";
  readonly type: "bulk" | "interrupt";
}

/** An interface that FunctionFS presents. */
export interface UsbInterface {
  readonly class: number;
  readonly subclass: number;
  readonly protocol: number;
  readonly endpoints: readonly Endpoint[];
  /** Bytes of a descriptor of its class, between the interface's and the endpoints'. */
  readonly classDescriptor?: Uint8Array;
}

const INTERFACE = 4;
const ENDPOINT = 5;
const HID = 0x21;
const HID_REPORT = 0x22;
const DESCRIPTORS_MAGIC = 3;
const STRINGS_MAGIC = 2;
const FULL_AND_HIGH_SPEED = 1 + 2;
const HEADER_BYTES = 20;

/**
 * What a program writes first to a FunctionFS `ep0`: the interfaces' descriptors at full and at high speed (version 2 of
 * the form, include/uapi/linux/usb/functionfs.h).
 */
export function functionDescriptors(interfaces: readonly UsbInterface[]): Buffer {
  const [full, high] = [speed(interfaces, false), speed(interfaces, true)];
  const header = Buffer.alloc(HEADER_BYTES);
  const count = interfaces.reduce(
    (sum, one) => sum + 1 + one.endpoints.length + (one.classDescriptor === undefined ? 0 : 1),
    0,
  );
  const numbers = [DESCRIPTORS_MAGIC, HEADER_BYTES + full.length + high.length, FULL_AND_HIGH_SPEED, count, count];
  for (const [index, number] of numbers.entries()) header.writeUInt32LE(number, index * 4);
  return Buffer.concat([header, full, high]);
}

/** What it writes next: that there are no strings. */
export function noStrings(): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(STRINGS_MAGIC, 0);
  header.writeUInt32LE(header.length, 4);
  return header;
}

/** A HID interface's own descriptor (HID 1.11, 6.2.1), for a report descriptor of that length. */
export function hidDescriptor(reportDescriptorBytes: number): Uint8Array {
  return Uint8Array.of(9, HID, 0x11, 0x01, 0, 1, HID_REPORT, reportDescriptorBytes & 0xff, reportDescriptorBytes >> 8);
}

/**
 * A report descriptor of a maker's own page: input, output and feature reports of so many bytes. Numbered ones have every
 * number from 1, each as long with its number in front.
 */
export function vendorReports(bytes: number, numbered = false): Uint8Array {
  const fields = [0x81, 0x91, 0xb1].flatMap((item, index) => [0x09, index + 2, item, 0x02]);
  const most = numbered ? bytes - 1 : bytes;
  const size = most < 256 ? [0x95, most] : [0x96, most & 0xff, most >> 8];
  const reports = numbered ? Array.from({ length: 255 }, (_, index) => [0x85, index + 1, ...fields]).flat() : fields;
  return Uint8Array.of(
    ...[0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01],
    ...[0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, ...size],
    ...[...reports, 0xc0],
  );
}

function speed(interfaces: readonly UsbInterface[], high: boolean): Buffer {
  let address = 0;
  const parts = interfaces.flatMap((one, number) => [
    Uint8Array.of(9, INTERFACE, number, 0, one.endpoints.length, one.class, one.subclass, one.protocol, 0),
    one.classDescriptor ?? new Uint8Array(),
    ...one.endpoints.map(({ direction, type }) => {
      address += 1;
      const packet = type === "bulk" && high ? 512 : 64;
      // A look every millisecond: full speed counts in them, high speed in powers of two of an eighth.
      const interval = type === "bulk" ? 0 : high ? 4 : 1;
      const attributes = type === "bulk" ? 2 : 3;
      const direct = address | (direction === "in" ? 0x80 : 0);
      return Uint8Array.of(7, ENDPOINT, direct, attributes, packet & 0xff, packet >> 8, interval);
    }),
  ]);
  return Buffer.concat(parts);
}
