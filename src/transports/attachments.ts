/** What a serial port's cable says about itself on USB. */
export interface UsbFacts {
  /** Four lower-case hex digits. */
  readonly vendorId: string;
  readonly productId: string;
  readonly serial: string | null;
  /** The product's name. */
  readonly product: string | null;
}

/** A serial port at which a meter may be. */
export interface SerialAttachment {
  /** Device path: `/dev/ttyUSB0`. */
  readonly port: string;
  /** Null where nothing is known, which is not the same as no USB. */
  readonly usb: UsbFacts | null;
  /** True for a simulated meter's port. */
  readonly virtual: boolean;
}

/** All ports at one moment, sorted by path, and what kept us from knowing more. */
export interface SerialPorts {
  readonly ports: readonly SerialAttachment[];
  /** `udev`: its program udevadm is not installed; `serialport`: the library can't be loaded. */
  readonly missing: "udev" | "serialport" | null;
}
