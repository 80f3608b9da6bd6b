import { findDelimiter } from "./delimiter.js";
import { ENCODING_HEAD_BYTES, type Encoding, encodingOf } from "./encoding.js";
import { type CsvRow, RowCutter } from "./row-cutter.js";

/** How much of a file is looked at for its delimiter, bytes. */
const HEAD_BYTES = 8_192;

/** The rows of a file from the beginning, as many at a time as a piece of it gives. Delimiter and encoding are found out. */
export async function* readRows(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<readonly CsvRow[], void, void> {
  const head = new Head();
  let open: { readonly encoding: Encoding; readonly cutter: RowCutter } | null = null;
  for await (const piece of pieces) {
    signal.throwIfAborted();
    if (open !== null) yield restored(open.cutter.push(open.encoding.toRows(piece)), open.encoding);
    else if (head.add(piece)) {
      open = begin(head.bytes());
      yield restored(open.cutter.push(open.encoding.toRows(head.bytes())), open.encoding);
    }
  }
  if (open === null) {
    open = begin(head.bytes());
    yield restored(open.cutter.push(open.encoding.toRows(head.bytes())), open.encoding);
  }
  const { encoding, cutter } = open;
  yield restored([...cutter.push(encoding.end()), ...cutter.end()], encoding);
}

/** The rows of a file's first bytes as they are shown for recognition: whole ones, and the last as far as it is there. */
export function headRows(head: Uint8Array): readonly CsvRow[] {
  const { encoding, cutter } = begin(head);
  return [...cutter.push(encoding.toRows(head)), ...cutter.push(encoding.end()), ...cutter.end()];
}

function begin(head: Uint8Array): { readonly encoding: Encoding; readonly cutter: RowCutter } {
  const first = head.subarray(0, HEAD_BYTES);
  const text = Buffer.from(encodingOf(first.subarray(0, ENCODING_HEAD_BYTES)).toRows(first)).toString("utf8");
  return { encoding: encodingOf(first.subarray(0, ENCODING_HEAD_BYTES)), cutter: new RowCutter(findDelimiter(text)) };
}

function restored(rows: readonly CsvRow[], encoding: Encoding): readonly CsvRow[] {
  return rows.map((row) => {
    const raw = encoding.back(row.raw);
    return raw === row.raw ? row : { ...row, raw };
  });
}

/** Collects the first pieces until they are enough to judge by. */
class Head {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  /** True when there are enough. */
  add(piece: Uint8Array): boolean {
    this.#pieces.push(piece);
    this.#length += piece.length;
    return this.#length >= HEAD_BYTES;
  }

  bytes(): Uint8Array {
    const [only] = this.#pieces;
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
  }
}
