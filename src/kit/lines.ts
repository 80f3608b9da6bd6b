import { ReadlineParser } from "@serialport/parser-readline";
import { Problem } from "../domain/problem.js";
import { latin1 } from "./bytes.js";

/** How long a line may be, bytes without its delimiter, where nothing else is said. */
export const LINE_LIMIT_BYTES = 4096;

/**
 * Cuts a stream of bytes into lines, whatever the chunks. Lines are latin1 text (one character a byte) without their
 * delimiter, and may be empty; nothing else is trimmed.
 */
export class LineAssembler {
  readonly #parser: ReadlineParser;
  readonly #limitBytes: number;
  #fault: Problem | null = null;

  /**
   * @param delimiter what ends a line, exactly: `"\r\n"` does not end at a lone `"\n"`
   * @param limitBytes longest line accepted, bytes without the delimiter
   */
  constructor(delimiter: "\r\n" | "\n" | "\r", limitBytes: number = LINE_LIMIT_BYTES) {
    // In object mode the parser's output keeps one item a line and does not swallow empty lines.
    this.#parser = new ReadlineParser({ delimiter, encoding: "latin1", readableObjectMode: true });
    this.#limitBytes = limitBytes;
  }

  /** What has come since the last delimiter, latin1. */
  get rest(): string {
    return latin1(this.#parser.buffer);
  }

  /**
   * Takes the next bytes and gives the lines that they complete, in order. Throws FRAME_MALFORMED when a line, finished
   * or not, is longer than the limit; lines that were whole before it are given first, and the next call throws.
   */
  push(chunk: Uint8Array): string[] {
    if (this.#fault !== null) throw this.#fault;
    this.#parser.write(Buffer.from(chunk));
    const lines: string[] = [];
    // Pulled, not listened for: the transform has run when write() returns, whereas its events may come a turn later.
    for (let line: unknown = this.#parser.read(); line !== null; line = this.#parser.read()) {
      const text = String(line);
      if (text.length > this.#limitBytes) this.#fault ??= this.#tooLong(text.length);
      if (this.#fault === null) lines.push(text);
    }
    if (this.#parser.buffer.length > this.#limitBytes) this.#fault ??= this.#tooLong(this.#parser.buffer.length);
    if (this.#fault !== null && lines.length === 0) throw this.#fault;
    return lines;
  }

  #tooLong(length: number): Problem {
    return new Problem("FRAME_MALFORMED", `a line goes on past ${this.#limitBytes} bytes without an end`, {
      limitBytes: this.#limitBytes,
      gotBytes: length,
    });
  }
}
