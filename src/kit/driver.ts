import type { Clock, Log } from "../domain/clock.js";
import type { SessionEvent } from "../domain/reading.js";
import type { Kind, Meal, Source } from "../domain/record.js";
import type {
  BleTransport,
  BlockTransport,
  FileEntry,
  FileTransport,
  GattCharacteristic,
  GattName,
  GattNotice,
  HidTransport,
  MeterTransport,
  SerialSettings,
  StreamTransport,
} from "./transport.js";

/** Whether a device can do something: known to, known not to, or not established. */
export type Capability = "yes" | "absent" | "unknown";

/** What a meter may be able to do; each stands in its driver's README with its source. */
export const CAPABILITIES = [
  "readings",
  "unit",
  "clockRead",
  "clockSet",
  "serialNumber",
  "controlSolution",
  "mealMarker",
  "note",
  "ketone",
  "incremental",
] as const;
export type CapabilityName = (typeof CAPABILITIES)[number];

/** Identifiers on USB by which a device or its cable is known. */
export interface UsbMatch {
  /** Four lower-case hex digits. */
  readonly vendorId: string;
  readonly productId: string;
  /** A cable's chip that many makes use: it never claims a device alone, a probe must answer. */
  readonly ambiguous: boolean;
  /** Where these identifiers are known from. */
  readonly source: string;
}

/** By what a meter is known that nobody has connected to yet: all that is given must fit. */
export interface BleMatch {
  /** A service that it advertises, short or in full as in `GattName`; null if that says nothing. */
  readonly service: string | null;
  /** How its advertised name begins; null if that says nothing. */
  readonly namePrefix: string | null;
  /** Where this is known from. */
  readonly source: string;
}

/** What protects readings on their way. */
export interface Integrity {
  /** `link`: the radio link's own, which every packet has (Core Specification, volume 6, part B, section 3.1.1); Bluetooth only. */
  readonly check: "none" | "xor" | "sum8" | "sum16" | "sum32" | "crc8" | "crc16" | "crc32" | "link";
  /**
   * What one checksum covers: `record` (each reading is proven as it comes), `dump` (only the whole memory is, so no
   * reading is told before the end), or `repeated` (no checksum: each reading is asked for until it came twice alike).
   */
  readonly over: "record" | "dump" | "repeated";
}

/**
 * How a driver behaves on a cable that many meters use, where the drivers are tried in turn. A session with
 * `patience: "probe"` must end with METER_TIMEOUT within `withinMs` if nothing answers, and with METER_TIMEOUT or
 * FRAME_MALFORMED if what answers is not its meter; it must not have written anything that another meter could take for
 * a command to change something.
 */
export interface Probe {
  /** Lower ones are tried first: 10 those that only listen, 20 questions of a few bytes, 30 words, 40 what wakes a meter up. */
  readonly rank: number;
  /** Longest wait for the first answer, milliseconds. */
  readonly withinMs: number;
  /**
   * True for a meter that speaks first, when it is switched on: the session writes nothing before that, also with full
   * patience, so that the hub leaves it listening on a cable at which nobody answers.
   */
  readonly listens?: true;
}

/** Gives as many bytes as it gets, none of them telling: letters become X, digits 0, other bytes stay. */
export type Mask = (bytes: Uint8Array) => Uint8Array;

interface DefinitionBase {
  /** Kebab-case, permanent. */
  readonly id: string;
  readonly maker: string;
  /** Marketing names. */
  readonly models: readonly string[];
  readonly source: Source;
  /** Kinds of records that it gives. */
  readonly kinds: readonly Kind[];
  /**
   * Ids of drivers that reach the same meters over another link, with the same serial numbers. Their readings carry a
   * `testKey` in one spelling, so that what both tell of one test is one record. Named by one of the two is enough.
   */
  readonly otherLinks?: readonly string[];
  /** What stands behind the driver: a specification, captures of real devices, or tests on hardware. */
  readonly evidence: "specification" | "capture" | "hardware";
}

/** A meter, whatever carries the conversation with it. */
interface MeterBase<T extends MeterTransport> extends DefinitionBase {
  readonly usb: readonly UsbMatch[];
  readonly units: "mg/dL" | "mmol/L" | "from-meter";
  /** Bounds of what the meter shows as a number, in `units` as sent; beyond them it shows LO and HI. */
  readonly limits: { readonly low: number; readonly high: number } | null;
  readonly integrity: Integrity;
  readonly probe: Probe;
  readonly capabilities: Readonly<Record<CapabilityName, Capability>>;
  /**
   * The conversation: reads only. Yields what the meter says, in its order, and ends; throws a Problem when it breaks
   * off, and what was yielded stays valid. Neither opens nor closes the transport.
   */
  session(context: SessionContext<T>): AsyncGenerator<SessionEvent, void, void>;
  /**
   * Sets the meter's clock, which a person asked for by name; null where the meter has no known word for it. Asks who it
   * is first. Returns what the meter's clock shows afterwards, read back; null if it can't be read back. Throws
   * METER_REFUSED if the meter declines, and what `session` throws.
   */
  readonly setClock: ((context: SetClockContext<T>) => Promise<string | null>) | null;
}

/** A meter on a serial line. */
export interface SerialDriver extends MeterBase<StreamTransport> {
  readonly transport: "serial";
  readonly settings: SerialSettings;
  /**
   * Everything that the meter sent in a conversation, as one stream, with serial numbers and names of its owner masked
   * and the checksums over them made right again: as many bytes as before. `mask` gives as many bytes as it gets. Bytes
   * that are not understood stay as they are, but for a serial number that can be recognised in them.
   */
  blank(stream: Uint8Array, mask: Mask): Uint8Array;
  /** The meter's side. */
  simulate(options: SimulatorOptions): MeterSimulator;
}

/** A meter that speaks in USB HID reports. */
export interface HidDriver extends MeterBase<HidTransport> {
  readonly transport: "hid";
  /** As of a serial meter, report by report: as many reports as before, each as long. */
  blank(reports: readonly Uint8Array[], mask: Mask): Uint8Array[];
  simulate(options: SimulatorOptions): HidSimulator;
}

/** A meter on two USB bulk endpoints, read as one stream. */
export interface BulkDriver extends MeterBase<StreamTransport> {
  readonly transport: "usb";
  /** Which interface of the device holds the two endpoints. */
  readonly interfaceNumber: number;
  blank(stream: Uint8Array, mask: Mask): Uint8Array;
  simulate(options: SimulatorOptions): MeterSimulator;
}

/** A meter that shows itself as a disk, and takes and gives messages in its blocks. */
export interface BlockDriver extends MeterBase<BlockTransport> {
  readonly transport: "block";
  /** What the device must answer to INQUIRY as its vendor, to the letter, before a byte is written: `LifeScan`. */
  readonly inquiryVendor: string;
  /** The blocks that were read, in order, blanked. */
  blank(blocks: readonly Uint8Array[], mask: Mask): Uint8Array[];
  simulate(options: SimulatorOptions): BlockSimulator;
}

/** A meter that speaks over Bluetooth Low Energy. It has no identifiers on USB. */
export interface BleDriver extends MeterBase<BleTransport> {
  readonly transport: "ble";
  /** One of these must fit what a meter advertises. */
  readonly ble: readonly BleMatch[];
  /** Everything that the meter sent, notices and values that were read, in order, blanked: as many, each as long. */
  blank(notices: readonly GattNotice[], mask: Mask): Uint8Array[];
  simulate(options: SimulatorOptions): BleSimulator;
}

/** A health export. */
export interface FileDriver extends DefinitionBase {
  readonly transport: "file";
  /** Says by its content (at most the first 4,096 bytes), never by its name alone, whether this entry is the driver's. */
  recognise(entry: FileEntry, head: Uint8Array): boolean;
  /**
   * Reads the entry in constant memory, in as many passes as the format needs: it may be opened again, and so may others
   * of its file. Throws a Problem at damage; what was yielded stays valid.
   */
  session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void>;
}

/** Any meter. */
export type MeterDriver = SerialDriver | HidDriver | BulkDriver | BlockDriver | BleDriver;

export type Driver = MeterDriver | FileDriver;

/** What a meter's session is given. */
export interface SessionContext<T extends MeterTransport = StreamTransport> {
  readonly transport: T;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** `probe`: other meters may be on this cable; give up within the driver's `probe.withinMs`. Default `full`. */
  readonly patience?: "full" | "probe";
  /** Secret keys by name, as the user's key file has them; only encrypted readers ask for some. */
  readonly keys?: ReadonlyMap<string, Uint8Array>;
  /**
   * What the driver's `cursor` event said at the end of the last whole session with the meter of that serial number; null
   * if there was none, or if everything is wanted. Left out: null.
   */
  readonly resume?: (serial: string | null) => Promise<string | null>;
  /** Random bytes, that many, for readers that speak encrypted; default the system's. A replay brings those that were. */
  readonly random?: (count: number) => Uint8Array;
}

/** What setting a clock is given. */
export interface SetClockContext<T extends MeterTransport = StreamTransport> extends SessionContext<T> {
  /** The right wall time in the meter's zone at the moment of the call: `2026-11-23T08:15:42`. */
  wallNow(): string;
}

/** What an export's session is given. */
export interface FileSessionContext {
  readonly file: FileTransport;
  readonly entry: FileEntry;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Zone of wall-clock times in the file that carry none. */
  readonly zone: string;
  /** Only these kinds are wanted; null for all that the driver knows. */
  readonly kinds: ReadonlySet<Kind> | null;
  /**
   * How the person says that dates of numbers alone are to be read (01/02/2026); null: the file must show it. Where it does
   * not, the session throws IMPORT_AMBIGUOUS_DATES before it tells a reading.
   */
  readonly dateOrder: DateOrder | null;
  /** Opens an entry that is an SQLite database, to read only. Whoever opens it closes it. Throws IMPORT_MALFORMED. */
  database(entry: FileEntry): Promise<EntryDatabase>;
}

/** What a date of numbers alone means: day or month first. With the year first it is never ambiguous. */
export type DateOrder = "dmy" | "mdy";

/** A value as SQLite gives it; integers beyond 2^53 as bigint where that was asked for, else rounded. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** A database in an import. */
export interface EntryDatabase {
  /** `PRAGMA user_version`. */
  readonly userVersion: number;
  /** Names of its tables. */
  tables(): readonly string[];
  /** Names of a table's columns; none for a table that does not exist. */
  columns(table: string): readonly string[];
  /** Rows of one SELECT, one after the other, in constant memory. Throws IMPORT_MALFORMED for a damaged file. */
  rows(sql: string, ...values: readonly SqlValue[]): IterableIterator<Readonly<Record<string, SqlValue>>>;
  close(): void;
}

/** A virtual meter's memory and misbehaviour. */
export interface SimulatorOptions {
  /** How many readings it holds; no more than the real meter does. */
  readonly count: number;
  /** Equal seeds give equal meters. */
  readonly seed: number;
  readonly clock: Clock;
  /** Zone in which its clock shows the wall time. */
  readonly zone: string;
  /** How far its clock is ahead, milliseconds; default 0. */
  readonly clockErrorMs?: number;
  /** Takes a new reading about every that many milliseconds while it runs (the demo); default none. */
  readonly newReadingEveryMs?: number;
  /** How many of the first requests it declines in its protocol's way, with silence where that has none; default 0. */
  readonly declines?: number;
  /** Its display's unit, where models of both are sold; default mg/dL. */
  readonly unit?: "mg/dL" | "mmol/L";
}

/** One test in a virtual meter, as the hub should have it: what the protocol can carry, and no more. */
export interface SimulatedReading {
  readonly deviceTime: string;
  readonly kind: Kind;
  /** As sent, in `unit`; the bound where `outOfRange` is set. */
  readonly value: number;
  readonly unit: string;
  readonly outOfRange: "low" | "high" | null;
  readonly control: boolean;
  readonly meal: Meal | null;
}

/** What every virtual meter tells about itself. */
interface SimulatorBase {
  /** Null for a meter that does not tell one. */
  readonly serial: string | null;
  /** The meter's own clock as it shows now, wall time; null if it has none that can be set or read. */
  clock(): string | null;
  /** What is in its memory now, in the order in which it is sent, for tests to compare with. */
  readonly memory: readonly SimulatedReading[];
}

/** A virtual meter that is plugged in. */
interface PluggedSimulator extends SimulatorBase {
  /** USB identifiers it is to be found under, as its cable would have. */
  readonly usb: UsbMatch;
}

/**
 * The meter's side of a stream, written from the protocol's facts and not from the driver's codec. Whoever attaches it
 * to a pseudo-terminal or a test passes bytes in and sends out what comes back.
 */
export interface MeterSimulator extends PluggedSimulator {
  /** Plugged in: what the meter says before it is asked goes to `send`. */
  start?(send: (bytes: Uint8Array) => void): void;
  /** Bytes from the hub; answers are passed to `send`, in chunks as the meter would send them. */
  receive(bytes: Uint8Array, send: (bytes: Uint8Array) => void): void;
}

/** The same for a HID device: whole reports. What the hub sends begins with the report id, 0 where there is none. */
export interface HidSimulator extends PluggedSimulator {
  /** Bytes of an input report, without an id; the system pads what is shorter. */
  readonly reportBytes: number;
  start?(send: (report: Uint8Array) => void): void;
  receive(report: Uint8Array, send: (report: Uint8Array) => void): void;
  /** A feature report was set; with its id in front. */
  setFeature?(report: Uint8Array): void;
  /** A feature report is asked for; with its id in front. */
  getFeature?(id: number, length: number): Uint8Array;
}

/** The same for a meter that shows itself as a disk. */
export interface BlockSimulator extends PluggedSimulator {
  /** Vendor and product by INQUIRY. */
  readonly inquiry: { readonly vendor: string; readonly product: string };
  /** How many blocks the disk has. */
  readonly blocks: number;
  readBlock(lba: number): Uint8Array;
  writeBlock(lba: number, block: Uint8Array): void;
}

/** A characteristic of a virtual meter. */
export interface SimulatedCharacteristic extends GattCharacteristic {
  /** True: nobody without a bond may read, write or subscribe to it. */
  readonly bonded: boolean;
}

/** What a virtual meter declines, by the attribute protocol's error code (Core Specification, volume 3, part F, table 3.4). */
export type GattAnswer<T> = T | { readonly att: number };

/** The same for a meter on Bluetooth, from its attributes upwards: advertising, bonding and the link are the bench's. */
export interface BleSimulator extends SimulatorBase {
  /** As advertised, with the services. */
  readonly name: string;
  readonly advertises: readonly string[];
  readonly characteristics: readonly SimulatedCharacteristic[];
  /** The six digits that it shows for pairing; null if it pairs without asking. */
  readonly passkey: number | null;
  /** A hub connected; `send` notifies or indicates, which the bench drops where nobody subscribed. */
  connected(send: (notice: GattNotice) => void): void;
  /** The link is gone: what was being sent stops. */
  disconnected(): void;
  readValue(name: GattName): GattAnswer<Uint8Array>;
  /** Answers are sent as notices. */
  write(name: GattName, bytes: Uint8Array): GattAnswer<"done">;
}
