import type { Unreadable } from "../../src/domain/reading.js";
import { crc16Xmodem } from "../../src/kit/checksum.js";
import { ACK, BEFORE_PAYLOAD, u16, u32 } from "./packet.js";

/** What the receiver's memory holds, by the number of its page type (sheet a; sheet b names 4, 10 and 11). */
export const PAGE_TYPES = { manufacturing: 0, egv: 4, meter: 10, events: 11, settings: 12, backfilled: 18 } as const;
export type PageType = (typeof PAGE_TYPES)[keyof typeof PAGE_TYPES];

/** Bytes of a page's header (sheet a). */
export const HEADER_BYTES = 28;

/** The beginning of a page (sheet a). */
export interface PageHeader {
  readonly count: number;
  readonly type: number;
  readonly revision: number;
  readonly number: number;
  /**
   * Whether the header's last two bytes are the CRC of those before them. Two public programs for the G4 and G5 check
   * that (see README.md); sheet a calls them unknown, so nothing is refused for it where the packet's CRC is right.
   */
  readonly proven: boolean;
}

/** A part of a page: a record with its CRC, proven by it, or what can't be told from the page. */
export type Piece = { readonly record: Uint8Array } | { readonly unreadable: Unreadable };

/** What came of one page. */
export interface PageTold {
  readonly revision: number;
  readonly pieces: readonly Piece[];
}

/** The header of a page; null if the bytes hold none. */
export function readHeader(page: Uint8Array): PageHeader | null {
  if (page.length < HEADER_BYTES) return null;
  return {
    count: u32(page, 4),
    type: page[8] ?? 0,
    revision: page[9] ?? 0,
    number: u32(page, 10),
    proven: u16(page, HEADER_BYTES - 2) === crc16Xmodem(page.subarray(0, HEADER_BYTES - 2)),
  };
}

/**
 * How many bytes a record has, its CRC among them; null for a revision that neither sheet knows. (EGV, meter and
 * settings: sheet a, of which sheet b confirms the first of each; events: sheet a, whatever the revision.)
 */
export function recordBytes(type: PageType, revision: number): number | null {
  switch (type) {
    case PAGE_TYPES.egv:
    case PAGE_TYPES.backfilled:
      return { 1: 13, 2: 13, 3: 13, 4: 23, 5: 25 }[revision] ?? null;
    case PAGE_TYPES.meter:
      return { 1: 16, 2: 16, 3: 21 }[revision] ?? null;
    case PAGE_TYPES.events:
      return 20;
    case PAGE_TYPES.settings:
      return { 1: 48, 2: 48, 3: 48, 4: 48, 5: 50, 6: 60 }[revision] ?? null;
    default:
      return null;
  }
}

/** The records of a page whose packet arrived sound. What does not fit is told as unreadable, and costs nothing else. */
export function cutPage(page: Uint8Array, type: PageType): PageTold {
  const header = readHeader(page);
  if (header === null) return { revision: 0, pieces: [malformed("A page without its header.", page)] };
  const { revision, count } = header;
  if (count === 0) return { revision, pieces: [] };
  const size = recordBytes(type, revision);
  if (size === null) {
    const detail = `Pages of type ${type} have revision ${revision} here, which this driver does not know.`;
    return { revision, pieces: [malformed(detail, page)] };
  }
  const whole = Math.min(count, Math.floor((page.length - HEADER_BYTES) / size));
  const pieces = Array.from({ length: whole }, (_, place): Piece => {
    const record = recordAt(page, place, size);
    return isProven(record) ? { record } : damaged(record);
  });
  if (whole < count) {
    const detail = `A page announces ${count} records and has room for ${whole}.`;
    pieces.push(malformed(detail, page.slice(HEADER_BYTES + whole * size)));
  }
  return { revision, pieces };
}

/**
 * What can be saved of a page that did not arrive sound, from all packets that came for it, whole or in part: each record
 * that its own CRC proves under a header that its own CRC proves. The rest is told as unreadable, once.
 */
export function salvage(frames: readonly Uint8Array[], type: PageType, number: number, code: string): PageTold {
  const longest = frames.reduce((one, other) => (other.length > one.length ? other : one), new Uint8Array());
  const pages = frames
    .filter((frame) => frame[3] === ACK)
    .map((frame) => ({ page: frame.subarray(BEFORE_PAYLOAD), header: readHeader(frame.subarray(BEFORE_PAYLOAD)) }))
    .filter(({ header }) => header?.proven === true && header.type === type && header.number === number);
  const header = pages[0]?.header ?? null;
  const size = header === null ? null : recordBytes(type, header.revision);
  if (header === null || size === null) {
    const pieces = longest.length === 0 ? [] : [broken(code, longest)];
    return { revision: header?.revision ?? 0, pieces };
  }
  const pieces: Piece[] = [];
  for (let place = 0; place < header.count; place += 1) {
    const copies = pages.map(({ page }) => recordAt(page, place, size));
    const record = copies.find((copy) => copy.length === size && isProven(copy));
    const copy = copies.reduce((one, other) => (other.length > one.length ? other : one), new Uint8Array());
    if (record !== undefined) pieces.push({ record });
    else if (copy.length > 0) pieces.push(copy.length === size ? damaged(copy) : broken("FRAME_TRUNCATED", copy));
    if (copy.length < size) break;
  }
  return { revision: header.revision, pieces };
}

/** True if the record's last two bytes are the CRC of those before them (sheet b: each record has one; the same CRC). */
export function isProven(record: Uint8Array): boolean {
  const end = record.length - 2;
  return end > 0 && u16(record, end) === crc16Xmodem(record.subarray(0, end));
}

function recordAt(page: Uint8Array, place: number, size: number): Uint8Array {
  return page.slice(HEADER_BYTES + place * size, HEADER_BYTES + (place + 1) * size);
}

function malformed(detail: string, raw: Uint8Array): Piece {
  return { unreadable: { code: "FRAME_MALFORMED", detail, raw } };
}

function damaged(raw: Uint8Array): Piece {
  return { unreadable: { code: "FRAME_CHECKSUM", detail: "A record's CRC is wrong.", raw } };
}

function broken(code: string, raw: Uint8Array): Piece {
  return { unreadable: { code, detail: "The rest of a page did not arrive sound.", raw } };
}
