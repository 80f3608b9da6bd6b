/** A row longer than this is damage: of real ones, long notes included, few have more than some thousand bytes. */
export const MAX_ROW_BYTES = 262_144;
/** How much of such a row is kept. */
const KEPT_BYTES = 8_192;

const LF = 10;
const CR = 13;
const QUOTE = 34;

/** What parts the cells of a row. */
export type Delimiter = "," | ";" | "\t";

/** One row, all its cells as text without the quotes around them. */
export interface CsvRow {
  readonly cells: readonly string[];
  /** As it stands in the file, without the end of its line. */
  readonly raw: Uint8Array;
  /** The line on which it begins, from 1. */
  readonly line: number;
  /** Half a sentence where its cells can't be told apart (they are then empty), else null. */
  readonly damage: string | null;
  /** False for a last row behind which the file has no end of line: it may have been cut off. */
  readonly ended: boolean;
}

/** Cells up to the end of a row; or null if the end has not come yet, or "torn" if a quote is never closed sensibly. */
type Parsed = { readonly cells: string[]; readonly end: number } | "torn" | null;

/**
 * Cuts bytes into rows, whatever the chunks, in bounded memory: RFC 4180, and what is seen besides (LF or CR alone, quotes
 * inside cells without quotes around them, rows of different lengths). Bytes are UTF-8; a cell that is none is read as
 * Latin-1. Empty lines are left out.
 *
 * A quote that is never closed must not swallow the rows behind it: its line is told as damage, and the next begins anew.
 */
export class RowCutter {
  readonly #delimiter: string;
  readonly #delimiterByte: number;
  #rest: Buffer = Buffer.alloc(0);
  #line = 1;
  /** The last chunk ended with CR: a LF that follows belongs to it. */
  #afterCr = false;
  /** Inside a row that is too long: nothing counts until its line ends. */
  #skipping = false;

  constructor(delimiter: Delimiter) {
    this.#delimiter = delimiter;
    this.#delimiterByte = delimiter.charCodeAt(0);
  }

  /** The rows that these bytes complete. The bytes must not change afterwards: rows point into them. */
  push(bytes: Uint8Array): CsvRow[] {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#cut(this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]), false);
  }

  /** The rows that are left when no more bytes come. */
  end(): CsvRow[] {
    return this.#cut(this.#rest, true);
  }

  #cut(data: Buffer, final: boolean): CsvRow[] {
    const rows: CsvRow[] = [];
    const find = finder(data);
    let from = 0;
    if (this.#afterCr && data.length > 0) {
      if (data[0] === LF) from = 1;
      this.#afterCr = false;
    }
    while (from < data.length) {
      const lineEnd = find.lineEnd(from);
      if (this.#skipping) {
        if (lineEnd === -1) {
          from = data.length;
          break;
        }
        this.#skipping = false;
        from = this.#next(data, lineEnd);
        continue;
      }
      const plain = lineEnd !== -1 || final;
      const end = lineEnd === -1 ? data.length : lineEnd;
      const quoted = find.quote(from, end);
      if (!quoted && !plain) {
        if (data.length - from <= MAX_ROW_BYTES) break;
        rows.push(this.#damaged(data, from, data.length, `it has more than ${MAX_ROW_BYTES} bytes`));
        this.#skipping = true;
        from = data.length;
        break;
      }
      if (!quoted && end - from > MAX_ROW_BYTES) {
        rows.push(this.#damaged(data, from, end, `it has more than ${MAX_ROW_BYTES} bytes`));
        from = this.#next(data, end);
        continue;
      }
      if (!quoted) {
        if (end > from) rows.push(this.#whole(data, from, end, textOf(data, from, end).split(this.#delimiter)));
        from = this.#next(data, end);
        continue;
      }
      const parsed = this.#quotedRow(data, from, final);
      if (parsed === null) {
        if (data.length - from <= MAX_ROW_BYTES) break;
        if (!plain) {
          rows.push(this.#damaged(data, from, data.length, `it has more than ${MAX_ROW_BYTES} bytes`));
          this.#skipping = true;
          from = data.length;
          break;
        }
      }
      if (parsed === null || parsed === "torn" || parsed.end - from > MAX_ROW_BYTES) {
        rows.push(this.#damaged(data, from, end, "a quotation mark in it is not closed"));
        from = this.#next(data, end);
        continue;
      }
      rows.push(this.#whole(data, from, parsed.end, parsed.cells));
      this.#line += countLines(data, from, parsed.end);
      from = this.#next(data, parsed.end);
    }
    this.#rest = data.subarray(from);
    return rows;
  }

  /** Past the end of a line, whichever it is. */
  #next(data: Buffer, end: number): number {
    if (end >= data.length) return data.length;
    this.#line += 1;
    if (data[end] !== CR) return end + 1;
    if (end + 1 === data.length) this.#afterCr = true;
    return data[end + 1] === LF ? end + 2 : end + 1;
  }

  #quotedRow(data: Buffer, from: number, final: boolean): Parsed {
    const cells: string[] = [];
    const isEnd = (at: number): boolean => data[at] === LF || data[at] === CR;
    const plainEnd = (start: number): number => {
      let at = start;
      while (at < data.length && data[at] !== this.#delimiterByte && !isEnd(at)) at += 1;
      return at;
    };
    let at = from;
    for (;;) {
      let text = "";
      if (data[at] === QUOTE) {
        const opened = at;
        at += 1;
        for (;;) {
          const close = data.indexOf(QUOTE, at);
          if (close === -1) return final ? "torn" : null;
          if (close + 1 === data.length && !final) return null;
          text += textOf(data, at, close);
          at = close + 1;
          if (data[at] !== QUOTE) break;
          text += '"';
          at += 1;
        }
        // Behind a closing mark only the cell's end makes sense; over several lines, another cell has opened meanwhile.
        const sound = at >= data.length || data[at] === this.#delimiterByte || isEnd(at);
        if (!sound && countLines(data, opened, at) > 0) return "torn";
      }
      const end = plainEnd(at);
      if (end === data.length && !final) return null;
      cells.push(text + textOf(data, at, end));
      if (end === data.length || isEnd(end)) return { cells, end };
      at = end + 1;
    }
  }

  #whole(data: Buffer, from: number, end: number, cells: readonly string[]): CsvRow {
    return { cells, raw: data.subarray(from, end), line: this.#line, damage: null, ended: end < data.length };
  }

  #damaged(data: Buffer, from: number, end: number, damage: string): CsvRow {
    const raw = data.subarray(from, Math.min(end, from + KEPT_BYTES));
    return { cells: [], raw, line: this.#line, damage, ended: true };
  }
}

/** Looks for line ends and quotation marks, each byte of the data once. */
function finder(data: Buffer): { lineEnd(from: number): number; quote(from: number, end: number): boolean } {
  const places = new Map<number, number>();
  const next = (byte: number, from: number): number => {
    let at = places.get(byte) ?? -1;
    if (at < from) {
      at = data.indexOf(byte, from);
      if (at === -1) at = Number.POSITIVE_INFINITY;
      places.set(byte, at);
    }
    return at;
  };
  return {
    lineEnd: (from) => {
      const at = Math.min(next(LF, from), next(CR, from));
      return at === Number.POSITIVE_INFINITY ? -1 : at;
    },
    quote: (from, end) => next(QUOTE, from) < end,
  };
}

function textOf(data: Buffer, from: number, end: number): string {
  const part = data.subarray(from, end);
  const text = part.toString("utf8");
  // The sign for bytes that are none may also stand there itself.
  return !text.includes("\uFFFD") || part.equals(Buffer.from(text, "utf8")) ? text : part.toString("latin1");
}

/** How many lines end in there; CR LF is one. */
function countLines(data: Buffer, from: number, end: number): number {
  let count = 0;
  for (let at = from; at < end; at += 1) {
    if (data[at] === LF || (data[at] === CR && data[at + 1] !== LF)) count += 1;
  }
  return count;
}
