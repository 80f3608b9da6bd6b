/** What a port's cable or device says about itself on USB. */
export interface UsbFacts {
  /** Four lower-case hex digits. */
  readonly vendorId: string;
  readonly productId: string;
  readonly serial: string | null;
  /** The product's name. */
  readonly product: string | null;
}

/** What may carry a conversation with a meter that is plugged in; a driver's `transport` says which it needs. */
export type AttachmentTransport = "serial" | "hid" | "usb" | "block" | "ble";

/** What a meter in reach of Bluetooth says about itself. */
export interface BleFacts {
  /** `C0:FF:EE:00:00:01`. */
  readonly address: string;
  /** Null where it gives none. */
  readonly name: string | null;
  /** Services that it advertises, or is known to have, as `GattName` writes them. */
  readonly services: readonly string[];
  /** Bonded with this hub. */
  readonly paired: boolean;
}

/** A place at which a meter may be, whatever carries the conversation. */
export interface Attachment {
  /** Left out: a serial line. */
  readonly transport?: AttachmentTransport;
  /** Device path: `/dev/ttyUSB0`, `/dev/hidraw0`, `/dev/sdb`; for bulk endpoints the place on USB: `usb:1-1.2`; `ble:C0:FF:EE:00:00:01`. */
  readonly port: string;
  /** Null where nothing is known, which is not the same as no USB. */
  readonly usb: UsbFacts | null;
  /** True for a simulated meter's port. */
  readonly virtual: boolean;
  /** Which interface of the device this is; null or left out where that is not known or has no meaning. */
  readonly interfaceNumber?: number | null;
  /** HID: the first usage page of its reports. */
  readonly usagePage?: number | null;
  /** Block: the vendor that the disk gives to INQUIRY. */
  readonly vendorName?: string | null;
  /** Bluetooth: whom it is in reach of. */
  readonly ble?: BleFacts | null;
}

/** A serial port at which a meter may be. */
export interface SerialAttachment extends Attachment {
  readonly transport?: "serial";
}

/** All ports at one moment, sorted by path, and what kept us from knowing more. */
export interface SerialPorts {
  readonly ports: readonly SerialAttachment[];
  /** `udev`: its program udevadm is not installed; `serialport`: the library can't be loaded. */
  readonly missing: "udev" | "serialport" | null;
}

/** All attachments at one moment, sorted by port, and what kept us from knowing more. */
export interface AttachedDevices {
  readonly devices: readonly Attachment[];
  readonly missing: SerialPorts["missing"];
}

/** The name that the Bluetooth meter at a port gives itself; null for none, and for one that is not there. */
export function nameAt(attached: readonly Attachment[], port: string): string | null {
  return attached.find((one) => one.port === port)?.ble?.name ?? null;
}
