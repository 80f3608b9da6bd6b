import { type Log, silentLog } from "../../src/domain/clock.js";
import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import type { DateOrder, FileDriver } from "../../src/kit/driver.js";
import type { FileEntry, FileTransport } from "../../src/kit/transport.js";

/** All that a file driver told, and how it ended. */
export interface HeardFile {
  readonly events: readonly SessionEvent[];
  readonly readings: readonly SourceReading[];
  readonly unreadable: readonly Unreadable[];
  /** What ended it; null if it ended by itself. */
  readonly problem: Problem | null;
}

/** Files in memory, by name, each given out in pieces of that many bytes: an archive if there are several. */
export function filesOf(files: Readonly<Record<string, string | Uint8Array>>, pieceBytes = 65_536): FileTransport {
  const all = Object.entries(files).map(([name, content]) => ({ name, bytes: Buffer.from(content) }));
  let position = 0;
  return {
    kind: "file",
    name: all[0]?.name ?? "empty",
    sizeBytes: all.reduce((sum, { bytes }) => sum + bytes.length, 0),
    archive: all.length > 1,
    entries: async () =>
      all.map(
        ({ name, bytes }): FileEntry => ({
          name,
          size: bytes.length,
          async *open() {
            for (let at = 0; at < bytes.length; at += pieceBytes) {
              const piece = bytes.subarray(at, at + pieceBytes);
              position += piece.length;
              yield piece;
            }
          },
        }),
      ),
    position: () => position,
    close: async () => undefined,
  };
}

/** How a file driver is run. */
export interface HearOptions {
  readonly pieceBytes?: number;
  readonly kinds?: ReadonlySet<Kind>;
  readonly signal?: AbortSignal;
  readonly dateOrder?: DateOrder;
  readonly log?: Log;
}

/** Runs a file driver over one file to its end, or to the problem that ends it. */
export async function hearFile(
  driver: Pick<FileDriver, "session">,
  content: string | Uint8Array,
  options: HearOptions = {},
): Promise<HeardFile> {
  return hearFiles(driver, { "report.txt": content }, options);
}

/** Runs a file driver over all entries of an archive, one after the other, as an import does. No entry is a database. */
export async function hearFiles(
  driver: Pick<FileDriver, "session">,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: HearOptions = {},
): Promise<HeardFile> {
  const file = filesOf(files, options.pieceBytes);
  const events: SessionEvent[] = [];
  const { kinds = null, signal = new AbortController().signal, dateOrder = null, log = silentLog } = options;
  const noDatabase = async (): Promise<never> => {
    throw new Problem("IMPORT_MALFORMED", "there is no database here");
  };
  let problem: Problem | null = null;
  try {
    for (const entry of await file.entries()) {
      const context = { file, entry, signal, log, zone: "Europe/London", kinds, dateOrder, database: noDatabase };
      for await (const event of driver.session(context)) events.push(event);
    }
  } catch (error) {
    if (!isProblem(error)) throw error;
    problem = error;
  }
  return {
    events,
    readings: events.flatMap((event) => (event.type === "readings" ? event.readings : [])),
    unreadable: events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : [])),
    problem,
  };
}
