import type { Readable, Writable } from "node:stream";
import type { Clock } from "../domain/clock.js";

/** A stream of the process, or a test's stand-in. */
export type Stream = Writable & { readonly isTTY?: boolean };

/** Everything that a command touches of the process that it runs in. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute folder against which relative paths are meant. */
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly clock: Clock;
  /** The operating system's name of whoever runs the command. */
  readonly user: string;
  /** Begins to listen for signals; aborted by the first that asks the command to end. */
  interruption(): AbortSignal;
}
