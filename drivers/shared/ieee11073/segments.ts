import { isProblem, Problem } from "../../../src/domain/problem.js";
import { latin1 } from "../../../src/kit/bytes.js";
import { ABSOLUTE_TIME_BYTES } from "./absolute-time.js";
import { MderReader } from "./mder.js";
import { ACTION, ATTRIBUTE } from "./nomenclature.js";
import { type Nomen, readAttributes } from "./objects.js";

/** One object's part of each entry of a segment: which of its attributes stand there, in their order, and how long. */
export interface EntryElement {
  readonly classId: number;
  readonly type: Nomen;
  readonly handle: number;
  readonly attributes: readonly { readonly id: number; readonly length: number }[];
}

/** How each entry of a segment is laid out. */
export interface EntryMap {
  /** Whether an absolute time stands at the beginning. */
  readonly hasAbsoluteTime: boolean;
  /** Bytes before the elements: times of all kinds. */
  readonly headerBytes: number;
  readonly elements: readonly EntryElement[];
  readonly entryBytes: number;
}

/** What a device tells of one segment of its store. */
export interface Segment {
  readonly instance: number;
  readonly label: string | null;
  /** Null where the device does not tell it, or in a way that nobody has described. */
  readonly map: EntryMap | null;
  /** How many entries it says to hold. */
  readonly usage: number | null;
  /** Whether it says that its clock was set on or back after these entries. */
  readonly adjusted: boolean;
}

/** What one entry holds. */
export interface Entry {
  /** Eight bytes of wall time; null if the entry has none. */
  readonly time: Uint8Array | null;
  readonly elements: readonly { readonly element: EntryElement; readonly values: ReadonlyMap<number, Uint8Array> }[];
  readonly raw: Uint8Array;
}

/** Times that may stand before the elements, in this order, and their bytes (first: captured; others from the standard). */
const TIMES = [
  { flag: 0x8000, bytes: ABSOLUTE_TIME_BYTES },
  { flag: 0x4000, bytes: 4 },
  { flag: 0x2000, bytes: 8 },
  { flag: 0x1000, bytes: 8 },
] as const;

/** The answer to the question for all segments (sheet a; its fields from a captured answer of a Guide). */
export function readSegmentInformation(body: Uint8Array, storeHandle: number): Segment[] {
  const reader = new MderReader(body, "The list of segments");
  const [handle, action] = [reader.u16(), reader.u16()];
  if (handle !== storeHandle || action !== ACTION.segmentInformation) {
    throw new Problem("FRAME_MALFORMED", "An answer is not the list of segments that was asked for.");
  }
  const inner = reader.inner();
  reader.end();
  const segments = inner.sequence(readSegment);
  inner.end();
  if (new Set(segments.map(({ instance }) => instance)).size !== segments.length) {
    throw new Problem("FRAME_MALFORMED", "Two segments have the same number.");
  }
  return segments;
}

/** An entry taken apart as the map says. Throws FRAME_MALFORMED if it is of another length. */
export function readEntry(map: EntryMap, raw: Uint8Array): Entry {
  const reader = new MderReader(raw, "An entry");
  const header = reader.bytes(map.headerBytes);
  const elements = map.elements.map((element) => ({
    element,
    values: new Map(element.attributes.map(({ id, length }) => [id, reader.bytes(length)] as const)),
  }));
  reader.end();
  return { time: map.hasAbsoluteTime ? header.subarray(0, ABSOLUTE_TIME_BYTES) : null, elements, raw };
}

/** How the entries are laid out: what stands before the elements, and each element's attributes with their lengths. */
export function readEntryMap(value: Uint8Array): EntryMap {
  const reader = new MderReader(value, "The map of a segment");
  const flags = reader.u16();
  const times = TIMES.filter(({ flag }) => (flags & flag) !== 0);
  if (times.reduce((rest, { flag }) => rest & ~flag, flags) !== 0) {
    throw new Problem("FRAME_MALFORMED", "Entries begin with a time that nobody has described.", { flags });
  }
  const headerBytes = times.reduce((sum, { bytes }) => sum + bytes, 0);
  const elements = reader.sequence((item) => ({
    classId: item.u16(),
    type: { partition: item.u16(), code: item.u16() },
    handle: item.u16(),
    attributes: item.sequence((attribute) => ({ id: attribute.u16(), length: attribute.u16() })),
  }));
  reader.end();
  const lengths = elements.flatMap(({ attributes }) => attributes.map(({ length }) => length));
  const entryBytes = lengths.reduce((sum, length) => sum + length, headerBytes);
  if (elements.length === 0 || lengths.length === 0) {
    throw new Problem("FRAME_MALFORMED", "The map of a segment has no place for values.");
  }
  if (elements.some(({ attributes }) => new Set(attributes.map(({ id }) => id)).size !== attributes.length)) {
    throw new Problem("FRAME_MALFORMED", "The map of a segment names an attribute twice.");
  }
  return { hasAbsoluteTime: (flags & TIMES[0].flag) !== 0, headerBytes, elements, entryBytes };
}

function readSegment(reader: MderReader): Segment {
  const instance = reader.u16();
  const attributes = readAttributes(reader);
  const usage = attributes.get(ATTRIBUTE.segmentUsage);
  const label = attributes.get(ATTRIBUTE.segmentLabel);
  const adjustment = attributes.get(ATTRIBUTE.timeAdjustment);
  return {
    instance,
    label: label === undefined ? null : latin1(label.subarray(2)).replace(/[\0 ]+$/, ""),
    map: tryMap(attributes.get(ATTRIBUTE.entryMap)),
    usage: usage?.length === 4 ? new MderReader(usage, "A count").u32() : null,
    adjusted: adjustment?.some((byte) => byte !== 0) ?? false,
  };
}

/** A map that is not understood spoils only its own segment. */
function tryMap(value: Uint8Array | undefined): EntryMap | null {
  if (value === undefined) return null;
  try {
    return readEntryMap(value);
  } catch (error) {
    if (isProblem(error, "FRAME_MALFORMED")) return null;
    throw error;
  }
}
