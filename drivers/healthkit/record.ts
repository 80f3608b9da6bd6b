import { attributeSpans, nameEnd } from "../shared/xml/tag.js";
import { type DecodedText, decodeText } from "../shared/xml/text.js";
import {
  attributeAt,
  DEVICE_BIT,
  END_BIT,
  entryAttributeAt,
  KEY_BIT,
  SOURCE_BIT,
  START_BIT,
  TYPE_BIT,
  UNIT_BIT,
  VALUE_BIT,
} from "./attribute-names.js";
import { createCopier } from "./copier.js";
import { parseInstant } from "./date.js";
import { parseDevice, type RecordDevice } from "./device.js";
import type { Element } from "./element.js";
import { createInterner } from "./intern.js";
import { KEYS, type Metadata, type MetadataKey, NONE } from "./metadata.js";
import { parseNumber, parseText } from "./number.js";
import { clear, emptyRecord, printedUnit, type ScannedRecord } from "./scanned.js";
import { Spans } from "./spans.js";
import type { SampleType } from "./types.js";

const METADATA_TAG = "<MetadataEntry".length;
const RECORD_TAG = "<Record".length;
const [SLASH, AMPERSAND] = [47, 38];
/** `<<HKDevice: 0x281e3c0a0>` as it is escaped, and what follows the address. */
const DEVICE = Buffer.from("&lt;&lt;HKDevice: 0x");
const COMMA = 44;

/** Reads elements that a scanner found. Throws TagError where a tag is no list of attributes. */
export interface RecordParser {
  record(element: Element, sample: SampleType | null): Readonly<ScannedRecord>;
  /** The entries of any element, of those keys that matter. */
  metadata(element: Element): Metadata;
  /** What the tag of any element says about its source and its device. */
  origin(element: Element): { readonly sourceName: string | null; readonly device: RecordDevice | null };
  /** The element's bytes, the receiver's to keep. */
  raw(element: Element): Uint8Array;
}

/** A parser for one session: remembers the names that it has seen. */
export function createRecordParser(): RecordParser {
  const spans = new Spans();
  const text = createInterner((decoded: DecodedText) => decoded);
  const units = createInterner(printedUnit);
  const zones = createInterner((decoded: DecodedText) => decoded.text);
  const keys = createInterner((decoded: DecodedText) => KEYS.get(decoded.text) ?? null);
  const devices = createInterner((decoded: DecodedText) => parseDevice(decoded.text));
  const unaddressed = createInterner((decoded: DecodedText) => parseDevice(`<<${decoded.text}`));
  const copy = createCopier();
  const scanned = emptyRecord();

  return { record, metadata, origin, raw: ({ window, start, end }) => copy(window, start, end) };

  function record(element: Element, sample: SampleType | null): ScannedRecord {
    const { window, start } = element;
    const last = start + element.tagEnd - 1;
    spans.read(window, start + RECORD_TAG, window[last - 1] === SLASH ? last - 1 : last);
    clear(scanned, element, sample);
    let seen = 0;
    for (let slot = 0; slot < spans.count * 4; slot += 4) {
      const which = attributeAt(window, spans.at[slot] ?? 0, spans.at[slot + 1] ?? 0);
      if (which === 0) continue;
      if ((seen & which) === 0) attribute(which, window, spans.at[slot + 2] ?? 0, spans.at[slot + 3] ?? 0);
      // Which of two values is meant? None, if they differ.
      else if (which !== DEVICE_BIT) scanned.damage ??= twice(window, spans, slot);
      seen |= which;
    }
    if ((seen & TYPE_BIT) === 0) scanned.damage ??= "it has no type";
    if (scanned.startMs === null) scanned.damage ??= unsoundDate(window, "startDate");
    if (scanned.endMs === null) scanned.damage ??= unsoundDate(window, "endDate");
    return scanned;
  }

  function attribute(which: number, window: Buffer, from: number, to: number): void {
    if (which === VALUE_BIT) {
      scanned.value = parseNumber(window, from, to);
      scanned.printed = window.toString("latin1", from, to);
      if (Number.isNaN(scanned.value)) otherValue(window, from, to);
    } else if (which === START_BIT) scanned.startMs = instant(window, from, to);
    else if (which === END_BIT) scanned.endMs = instant(window, from, to);
    else if (which === SOURCE_BIT) {
      const decoded = text(window, from, to);
      scanned.sourceName = decoded.text;
      if (!decoded.sound) scanned.damage ??= unsound("sourceName");
    } else if (which === UNIT_BIT) {
      scanned.unit = units(window, from, to);
      if (!scanned.unit.sound) scanned.damage ??= unsound("unit");
    } else if (which === DEVICE_BIT) scanned.device = deviceAt(window, from, to);
  }

  /** A value that is no plain number may be one with references in it. */
  function otherValue(window: Buffer, from: number, to: number): void {
    const decoded = decodeText(window, from, to);
    scanned.printed = decoded.text;
    scanned.value = parseText(decoded.text);
    if (!decoded.sound) scanned.damage ??= unsound("value");
  }

  /** A reference in a date that means nothing makes it no date; which of both is told. */
  function unsoundDate(window: Buffer, name: string): string | null {
    for (let slot = 0; slot < spans.count * 4; slot += 4) {
      if (window.toString("latin1", spans.at[slot], spans.at[slot + 1]) !== name) continue;
      return decodeText(window, spans.at[slot + 2] ?? 0, spans.at[slot + 3] ?? 0).sound ? null : unsound(name);
    }
    return null;
  }

  function metadata(element: Element): Metadata {
    if (element.entries === 0) return NONE;
    const { window, start } = element;
    const found: [MetadataKey, string][] = [];
    for (let entry = 0; entry < element.entries; entry++) {
      const from = start + (element.metadata[entry * 2] ?? 0) + METADATA_TAG;
      const last = start + (element.metadata[entry * 2 + 1] ?? 0) - 1;
      spans.read(window, from, window[last - 1] === SLASH ? last - 1 : last);
      let key: MetadataKey | null = null;
      let [valueFrom, valueTo, hasKey] = [-1, -1, false];
      for (let slot = 0; slot < spans.count * 4; slot += 4) {
        const which = entryAttributeAt(window, spans.at[slot] ?? 0, spans.at[slot + 1] ?? 0);
        if (which === KEY_BIT && !hasKey) {
          key = keys(window, spans.at[slot + 2] ?? 0, spans.at[slot + 3] ?? 0);
          hasKey = true;
        } else if (which === VALUE_BIT && valueFrom === -1) {
          valueFrom = spans.at[slot + 2] ?? 0;
          valueTo = spans.at[slot + 3] ?? 0;
        }
      }
      if (key === null) continue;
      if (valueFrom === -1) found.push([key, ""]);
      else if (key === "HKTimeZone") found.push([key, zones(window, valueFrom, valueTo)]);
      else found.push([key, decodeText(window, valueFrom, valueTo).text]);
    }
    return found;
  }

  function origin({ window, start, tagEnd: tagBytes }: Element): ReturnType<RecordParser["origin"]> {
    const last = start + tagBytes - 1;
    let sourceName: string | null = null;
    let named: RecordDevice | null = null;
    spans.read(window, nameEnd(window, start + 1), window[last - 1] === SLASH ? last - 1 : last);
    for (let slot = spans.count * 4 - 4; slot >= 0; slot -= 4) {
      const which = attributeAt(window, spans.at[slot] ?? 0, spans.at[slot + 1] ?? 0);
      const [from, to] = [spans.at[slot + 2] ?? 0, spans.at[slot + 3] ?? 0];
      if (which === SOURCE_BIT) sourceName = text(window, from, to).text;
      else if (which === DEVICE_BIT) named = deviceAt(window, from, to);
    }
    return { sourceName, device: named };
  }

  /** The address in front changes from record to record; what follows it is remembered. */
  function deviceAt(window: Buffer, from: number, to: number): RecordDevice | null {
    let at = from;
    for (let index = 0; index < DEVICE.length; index++) {
      if (window[from + index] !== DEVICE[index]) return devices(window, from, to);
    }
    while (at < to && window[at] !== COMMA) at++;
    return at === to ? null : unaddressed(window, at, to);
  }
}

/** What an attribute of the element's tag says; for messages about what can't be read. */
export function printedAttribute({ window, start, tagEnd }: Element, name: string): string | null {
  const last = start + tagEnd - 1;
  const from = nameEnd(window, start + 1);
  for (const span of attributeSpans(window, from, window[last - 1] === SLASH ? last - 1 : last)) {
    if (window.toString("latin1", span.nameStart, span.nameEnd) !== name) continue;
    return decodeText(window, span.valueStart, span.valueEnd).text;
  }
  return null;
}

function instant(window: Buffer, from: number, to: number): number | null {
  const ms = parseInstant(window, from, to);
  if (ms !== null || window.subarray(from, to).indexOf(AMPERSAND) === -1) return ms;
  const { text } = decodeText(window, from, to);
  const bytes = Buffer.from(text);
  return parseInstant(bytes, 0, bytes.length);
}

/** What is wrong with an attribute that stood before; null if both say the same. */
function twice(window: Buffer, spans: Spans, slot: number): string | null {
  const name = window.toString("latin1", spans.at[slot], spans.at[slot + 1]);
  const said = decodeText(window, spans.at[slot + 2] ?? 0, spans.at[slot + 3] ?? 0);
  if (!said.sound) return unsound(name);
  for (let other = 0; other < slot; other += 4) {
    if (window.toString("latin1", spans.at[other], spans.at[other + 1]) !== name) continue;
    const first = decodeText(window, spans.at[other + 2] ?? 0, spans.at[other + 3] ?? 0);
    return first.text === said.text ? null : `it says two things about its ${name}`;
  }
  return null;
}

function unsound(name: string): string {
  return `its ${name} has a reference that means nothing`;
}
