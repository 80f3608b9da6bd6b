import type { Stream } from "./io.js";
import { plain } from "./plain.js";

/**
 * What a command says: data to standard output, everything else to standard error. A reader that went away (a closed
 * pipe) is no failure: what nobody reads is dropped, and `closed` tells commands that only list to stop.
 */
export class Output {
  readonly #out: Stream;
  readonly #err: Stream;
  #closed = false;
  #failure: Error | null = null;

  constructor(out: Stream, err: Stream) {
    this.#out = out;
    this.#err = err;
    out.on("error", (error: Error) => this.#failed(error));
    // There is nobody left to tell.
    err.on("error", () => undefined);
  }

  /** Nobody reads standard output any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Why standard output could not be written, other than that nobody reads it (a full disk); null if it could. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Data are shown on a terminal, to a person. */
  get isTerminal(): boolean {
    return this.#out.isTTY === true;
  }

  /** One or more lines for people; control characters of what a device or a file said are made harmless. */
  print(...lines: readonly string[]): Promise<void> {
    return this.raw(lines.map((line) => `${plain(line)}\n`).join(""));
  }

  /** One JSON object a line. */
  json(...objects: readonly object[]): Promise<void> {
    return this.raw(objects.map((object) => `${JSON.stringify(object)}\n`).join(""));
  }

  /** Text as it stands; resolves when the reader has room for more. */
  raw(text: string): Promise<void> {
    if (this.#closed || text === "") return Promise.resolve();
    return new Promise((resolve) => {
      this.#out.write(text, (error) => {
        if (error) this.#failed(error);
        resolve();
      });
    });
  }

  /** A line that is no data: to standard error. */
  note(...lines: readonly string[]): void {
    if (lines.length > 0) this.#err.write(lines.map((line) => `${plain(line)}\n`).join(""));
  }

  #failed(error: Error): void {
    const gone = "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED");
    if (!gone) this.#failure ??= error;
    this.#closed = true;
  }
}
