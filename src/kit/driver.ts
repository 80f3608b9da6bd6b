import type { Clock, Log } from "../domain/clock.js";
import type { SessionEvent } from "../domain/reading.js";
import type { Kind, Source } from "../domain/record.js";
import type { FileEntry, FileTransport, SerialSettings, StreamTransport } from "./transport.js";

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

interface DefinitionBase {
  /** Kebab-case, permanent. */
  readonly id: string;
  readonly maker: string;
  /** Marketing names. */
  readonly models: readonly string[];
  readonly source: Source;
  /** Kinds of records that it gives. */
  readonly kinds: readonly Kind[];
  /** What stands behind the driver: a specification, captures of real devices, or tests on hardware. */
  readonly evidence: "specification" | "capture" | "hardware";
}

/** A meter on a serial line. */
export interface SerialDriver extends DefinitionBase {
  readonly transport: "serial";
  readonly settings: SerialSettings;
  readonly usb: readonly UsbMatch[];
  readonly units: "mg/dL" | "mmol/L" | "from-meter";
  /** Bounds of what the meter shows as a number, in `units` as sent; beyond them it shows LO and HI. */
  readonly limits: { readonly low: number; readonly high: number } | null;
  readonly integrity: "none" | "xor" | "sum8" | "sum16" | "crc16";
  readonly capabilities: Readonly<Record<CapabilityName, Capability>>;
  /**
   * The conversation: reads only. Yields what the meter says, in its order, and ends; throws a Problem when it breaks
   * off, and what was yielded stays valid. Neither opens nor closes the transport.
   */
  session(context: SessionContext): AsyncGenerator<SessionEvent, void, void>;
  /** The meter's side. */
  simulate(options: SimulatorOptions): MeterSimulator;
}

/** A health export. */
export interface FileDriver extends DefinitionBase {
  readonly transport: "file";
  /** Says by its content (at most the first 4,096 bytes), never by its name alone, whether this entry is the driver's. */
  recognise(entry: FileEntry, head: Uint8Array): boolean;
  /** Reads the entry in one pass, in constant memory. Throws a Problem at damage; what was yielded stays valid. */
  session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void>;
}

export type Driver = SerialDriver | FileDriver;

/** What a meter's session is given. */
export interface SessionContext {
  readonly transport: StreamTransport;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
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
}

/** A virtual meter's memory and misbehaviour. */
export interface SimulatorOptions {
  /** How many readings it holds, at most 999. */
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
}

/**
 * The meter's side of a stream, written from the protocol's facts and not from the driver's codec. Whoever attaches it
 * to a pseudo-terminal or a test passes bytes in and sends out what comes back.
 */
export interface MeterSimulator {
  readonly serial: string;
  /** USB identifiers it is to be found under, as its cable would have. */
  readonly usb: UsbMatch;
  /** Bytes from the hub; answers are passed to `send`, in chunks as the meter would send them. */
  receive(bytes: Uint8Array, send: (bytes: Uint8Array) => void): void;
  /** What is in its memory, newest first: wall time, mg/dL and flags, for tests to compare with. */
  readonly memory: readonly {
    readonly deviceTime: string;
    readonly mgDl: number;
    readonly control: boolean;
    readonly meal: "before" | "after" | null;
    readonly comment: number;
  }[];
}
