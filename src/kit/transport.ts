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

/** One file to import, as it is or out of an archive. */
export interface FileEntry {
  /** Path inside the archive, or the file's own name. For messages only: never for opening anything. */
  readonly name: string;
  /** Size in bytes when unpacked; null if the archive does not say. */
  readonly size: number | null;
  /** Its bytes from the start, in chunks; may be opened again. Rejects with IMPORT_NOT_A_ZIP if the archive is damaged there. */
  open(): AsyncIterable<Uint8Array>;
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
