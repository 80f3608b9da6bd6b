/** A line longer than this is no record: a note has 10,000 characters at most. */
const MAX_LINE_BYTES = 262_144;

/** One line of bytes without its end; `cut` if it was too long, and only its beginning is here. */
export interface JsonLine {
  readonly bytes: Uint8Array;
  readonly cut: boolean;
}

/** The lines of a file, those that one piece completes at a time, in bounded memory. */
export async function* jsonLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<readonly JsonLine[], void, void> {
  let rest: Buffer = Buffer.alloc(0);
  let cut = false;
  for await (const piece of pieces) {
    const lines: JsonLine[] = [];
    const data = Buffer.concat([rest, piece]);
    let from = 0;
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, from)) {
      lines.push(lineOf(data.subarray(from, end), cut));
      cut = false;
      from = end + 1;
    }
    rest = data.subarray(from);
    if (rest.length > MAX_LINE_BYTES) {
      rest = rest.subarray(0, MAX_LINE_BYTES);
      cut = true;
    }
    yield lines;
  }
  if (rest.length > 0) yield [lineOf(rest, cut)];
}

function lineOf(bytes: Buffer, cut: boolean): JsonLine {
  const end = bytes.at(-1) === 13 ? bytes.length - 1 : bytes.length;
  return { bytes: bytes.subarray(0, Math.min(end, MAX_LINE_BYTES)), cut: cut || end > MAX_LINE_BYTES };
}
