/** SQLite file format, section 1.3: the first bytes, the place of the page size, of the application's own number, of page 1's kind. */
const MAGIC = "SQLite format 3\0";
const [PAGE_SIZE_AT, APPLICATION_AT, KIND_AT] = [16, 68, 100];
/** Section 1.6: a b-tree page whose entries stand in it. */
const LEAF = 0x0d;

/**
 * True if these first bytes of a file may begin a Health Connect database: SQLite's, of no application that has a number
 * of its own, and where the list of tables stands in them whole, with Health Connect's tables. A real export has more
 * tables than that: whether it is one shows when it is opened.
 */
export function mayBeHealthConnect(head: Uint8Array): boolean {
  if (head.length <= KIND_AT) return false;
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC || bytes.readUInt32BE(APPLICATION_AT) !== 0) return false;
  // A size of 65,536 is written as 1.
  const pageSize = bytes.readUInt16BE(PAGE_SIZE_AT);
  const isWhole = pageSize > 1 && pageSize <= bytes.length && bytes[KIND_AT] === LEAF;
  return !isWhole || bytes.includes(APPS_TABLE);
}

/** Every Health Connect database has it: whose app wrote what (AOSP, AppInfoHelper). */
export const APPS_TABLE = "application_info_table";
