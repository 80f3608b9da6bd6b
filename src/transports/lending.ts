import type { FileEntry } from "../kit/transport.js";

/** An entry that also lends its bytes, for readers of hundreds of megabytes that keep none of them. */
export interface LendingEntry extends FileEntry {
  /**
   * The same bytes as `open` gives, in chunks that are valid only until the next is asked for: their memory is used again.
   *
   * @param proven true: as `open`, nothing comes out of an archive before the checksum of the whole entry was right. False:
   *   the bytes come as they are unpacked, and the checksum is looked at in the end, which rejects with IMPORT_NOT_A_ZIP if
   *   it is wrong: nothing that rests on them may be told before. An entry that was read so to its end is proven. Reading
   *   so does not move the file's `position`.
   */
  lend(proven: boolean): AsyncIterable<Uint8Array>;
}
