/** How a serial line is set. Parity and flow control are `none` for every meter known so far unless said. */
export interface SerialSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: 1 | 2;
}

/**
 * A stream of bytes both ways (serial line, USB bulk, a replayed transcript): chunks may be of any size and mean nothing.
 *
 * - One `read` at a time and one `write` at a time.
 * - `read` resolves with the next bytes (never empty) in the order sent; bytes that come between reads are kept.
 * - It rejects with TRANSPORT_GONE when the device is gone (also if it went while nobody was reading; after the
 *   bytes that had come), with the signal's reason when aborted, and with TRANSPORT_CANCELED after `close`.
 *   An aborted read loses no bytes: the next read gets them.
 * - `write` resolves when the system has the bytes, within a bound; it rejects like `read`.
 * - `close` ends everything pending; it may be called twice and never throws.
 */
export interface StreamTransport {
  readonly kind: "stream";
  /** For people: `/dev/ttyUSB0`. */
  readonly name: string;
  read(signal?: AbortSignal): Promise<Uint8Array>;
  write(bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * A USB HID device: reports both ways, each whole.
 *
 * - `read` resolves with the next input report as the system gives it (with its id in front if the device numbers its
 *   reports), in the order sent; reports that come between reads are kept. It rejects as a stream's `read` does, and an
 *   aborted one loses nothing.
 * - `write` takes an output report with its id in front (0 if the device has none).
 * - `setFeature` takes a feature report with its id in front; `getFeature` asks for one and gives it with its id.
 */
export interface HidTransport {
  readonly kind: "hid";
  /** For people: `/dev/hidraw0`. */
  readonly name: string;
  read(signal?: AbortSignal): Promise<Uint8Array>;
  write(report: Uint8Array, signal?: AbortSignal): Promise<void>;
  setFeature(report: Uint8Array, signal?: AbortSignal): Promise<void>;
  getFeature(id: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Bytes of a block on every meter that is known to be read by blocks. */
export const BLOCK_BYTES = 512;

/**
 * A device that is read and written by blocks of 512 bytes, past every cache. It refuses to write (METER_UNSUPPORTED) unless
 * the vendor that the device names is the one it was opened for: the disk might be somebody's photographs.
 */
export interface BlockTransport {
  readonly kind: "block";
  /** For people: `/dev/sdb`. */
  readonly name: string;
  readBlock(lba: number, signal?: AbortSignal): Promise<Uint8Array>;
  writeBlock(lba: number, block: Uint8Array, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * A characteristic within its service, since two services of one meter may hold characteristics of the same name. Ids of
 * the Bluetooth SIG are written short (`1808`, `2a18`), makers' own in full (`af9df7a1-e595-11e3-96b4-0002a5d5c51b`), both in
 * lower case.
 */
export interface GattName {
  readonly service: string;
  readonly characteristic: string;
}

/** What may be done with a characteristic (Bluetooth Core Specification, volume 3, part G, section 3.3.1.1). */
export type GattUse = "read" | "write" | "write-without-response" | "notify" | "indicate";

/** A characteristic as its meter declares it. */
export interface GattCharacteristic extends GattName {
  readonly uses: readonly GattUse[];
}

/** A notification or an indication. */
export interface GattNotice {
  readonly from: GattName;
  /** May be empty. */
  readonly bytes: Uint8Array;
}

/**
 * A meter over Bluetooth Low Energy, connected, bonded where it asks for that, its services known.
 *
 * - `characteristics` are those that it has, in its order.
 * - `subscribe` switches notifications or indications on, whichever the characteristic has; what comes from then on is
 *   kept in the order sent until `next` takes it. Subscribing twice is one subscription.
 * - `next` resolves with the next notice; rejects as a stream's `read` does (TRANSPORT_GONE when the link is lost, after
 *   what had come), and an aborted one loses nothing.
 * - `readValue` asks for a value; `write` is a write with response, never a long or reliable one.
 * - What the meter declines rejects with GATT_REFUSED, whose `context.att` is the error code of the attribute protocol
 *   where it is known, and with METER_UNPAIRED where a bond is missing or was removed; a name that the meter does not have
 *   with METER_UNSUPPORTED. The link may be used on after GATT_REFUSED.
 * - Operations may be called at the same time and run one after the other, each within a bound.
 * - `close` gives the link up; it may be called twice and never throws.
 */
export interface BleTransport {
  readonly kind: "ble";
  /** For people: `meter+00123456 (C0:FF:EE:00:00:01)`. */
  readonly name: string;
  /** The name that the meter gives itself; null if it has none. */
  readonly advertised: string | null;
  readonly characteristics: readonly GattCharacteristic[];
  subscribe(name: GattName, signal?: AbortSignal): Promise<void>;
  next(signal?: AbortSignal): Promise<GattNotice>;
  readValue(name: GattName, signal?: AbortSignal): Promise<Uint8Array>;
  write(name: GattName, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** What carries a conversation with a meter. */
export type MeterTransport = StreamTransport | HidTransport | BlockTransport | BleTransport;

/** One file to import, as it is or out of an archive. */
export interface FileEntry {
  /** Path inside the archive, or the file's own name. For messages only: never for opening anything. */
  readonly name: string;
  /** Size in bytes when unpacked; null if the archive does not say. */
  readonly size: number | null;
  /** Its bytes from the start, in chunks; may be opened again. Rejects with IMPORT_NOT_A_ZIP if the archive is damaged there. */
  open(): AsyncIterable<Uint8Array>;
  /**
   * The first bytes, that many or as many as there are, to recognise the entry by: no more of it is unpacked than they need,
   * and no checksum has proven them, so that nothing of them may be told. Does not move the file's `position`. Left out:
   * they are to be taken from `open`. Rejects with IMPORT_NOT_A_ZIP if the archive is damaged there already.
   */
  head?(bytes: number): Promise<Uint8Array>;
  /**
   * The same bytes as `open` gives, for readers of hundreds of megabytes that keep none of them, in chunks that are valid only
   * until the next is asked for: their memory is used again. Left out: they are to be taken from `open`, which is proven.
   *
   * @param proven true: as `open`, nothing comes out of an archive before the checksum of the whole entry was right. False:
   *   the bytes come as they are unpacked, and the checksum is looked at in the end, which rejects with IMPORT_NOT_A_ZIP if
   *   it is wrong: nothing that rests on them may be told before. An entry that was read so to its end is proven. Reading
   *   so does not move the file's `position`.
   */
  lend?(proven: boolean): AsyncIterable<Uint8Array>;
}

/** A dropped file: a plain one has one entry, an archive has as many as it holds. */
export interface FileTransport {
  readonly kind: "file";
  /** For people: the file's name. */
  readonly name: string;
  /** Size on disk, bytes. */
  readonly sizeBytes: number;
  readonly archive: boolean;
  entries(): Promise<readonly FileEntry[]>;
  /** How many bytes of the file on disk have been read for the entries opened so far. */
  position(): number;
  close(): Promise<void>;
}
