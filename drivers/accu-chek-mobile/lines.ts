/** A line longer than this is damage: the longest real one, the columns' names, has some three hundred bytes. */
export const MAX_LINE_BYTES = 8_192;

const LF = 10;
const CR = 13;

/** One line without its end; `cut` if it was too long, and only its beginning is here. */
export interface Line {
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

/** Cuts bytes into lines, whatever the chunks, in bounded memory. A line ends with LF or CR LF. */
export class LineCutter {
  #rest: Buffer = Buffer.alloc(0);
  #cut = false;

  /** The lines that these bytes complete. */
  *push(bytes: Uint8Array): Generator<Line, void, void> {
    let from = 0;
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, from)) {
      this.#keep(bytes.subarray(from, at));
      yield this.#take();
      from = at + 1;
    }
    this.#keep(bytes.subarray(from));
  }

  /** What stands behind the last line's end; null for nothing. */
  rest(): Line | null {
    return this.#rest.length === 0 ? null : this.#take();
  }

  #keep(bytes: Uint8Array): void {
    const room = MAX_LINE_BYTES - this.#rest.length;
    if (bytes.length > room) this.#cut = true;
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(0, Math.max(0, room))]);
  }

  #take(): Line {
    const end = this.#rest.length - (this.#rest.at(-1) === CR ? 1 : 0);
    const line = { bytes: new Uint8Array(this.#rest.subarray(0, end)), cut: this.#cut };
    this.#rest = Buffer.alloc(0);
    this.#cut = false;
    return line;
  }
}

/** The line's cells: `;` parts them, blanks around them mean nothing, and there is no quoting (sheet b). */
export function cellsOf(line: Uint8Array): string[] {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString("utf8");
  return text
    .replace(/^\uFEFF/, "")
    .split(";")
    .map((cell) => cell.trim());
}
