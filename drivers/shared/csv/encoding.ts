/** How a file's text is written, as far as it matters before its rows are cut. */
export interface Encoding {
  /** The bytes as UTF-8 (or what each cell decides), without marks of byte order at the beginning: the first call has them whole. */
  toRows(bytes: Uint8Array): Uint8Array;
  /** What is left when no more bytes come. */
  end(): Uint8Array;
  /** A row's bytes as they were in the file. */
  back(row: Uint8Array): Uint8Array;
}

/** How many bytes `encodingOf` must see, unless the file has fewer. */
export const ENCODING_HEAD_BYTES = 16;

/**
 * The encoding of a file with this beginning: UTF-16 by its mark, or by every other byte being zero; else bytes are
 * passed on as they are, since UTF-8 and Latin-1 are told apart cell by cell. Marks of UTF-8 may stand there twice.
 */
export function encodingOf(head: Uint8Array): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return utf16(false, 2);
  if (head[0] === 0xfe && head[1] === 0xff) return utf16(true, 2);
  const [first, second, third, fourth] = head;
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return utf16(false, 0);
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return utf16(true, 0);
  return bytewise();
}

function bytewise(): Encoding {
  let begun = false;
  return {
    toRows(bytes) {
      let from = 0;
      while (!begun && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf) from += 3;
      begun = true;
      return bytes.subarray(from);
    },
    end: () => new Uint8Array(),
    back: (row) => row,
  };
}

function utf16(bigEndian: boolean, markBytes: number): Encoding {
  const decoder = new TextDecoder(bigEndian ? "utf-16be" : "utf-16le", { ignoreBOM: true });
  let skip = markBytes;
  return {
    toRows(bytes) {
      const from = Math.min(skip, bytes.length);
      skip -= from;
      return Buffer.from(decoder.decode(bytes.subarray(from), { stream: true }), "utf8");
    },
    end: () => Buffer.from(decoder.decode(), "utf8"),
    back(row) {
      const units = Buffer.from(Buffer.from(row).toString("utf8"), "utf16le");
      return bigEndian ? units.swap16() : units;
    },
  };
}
