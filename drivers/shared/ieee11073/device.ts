import { Problem } from "../../../src/domain/problem.js";
import { latin1 } from "../../../src/kit/bytes.js";
import { readAbsoluteTime } from "./absolute-time.js";
import { MderReader } from "./mder.js";
import { ATTRIBUTE } from "./nomenclature.js";
import { type Attributes, readAttributes } from "./objects.js";

/** What a device tells of itself; null where it does not. */
export interface DeviceFacts {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly firmware: string | null;
  /** Its clock, wall time; null also where what it shows is no time. */
  readonly clock: string | null;
  /** What it sent as its clock, if that can't be read, and why. */
  readonly clockFault: { readonly problem: Problem; readonly raw: Uint8Array } | null;
  /** Whether its clock can be set from outside, where it says. */
  readonly clockSettable: boolean | null;
}

/** Kinds of entries in a production specification (1: sheet a; 4 and 5: a captured answer of a Guide, and the standard). */
const SPECIFICATION = { serial: 1, software: 4, firmware: 5 } as const;
/** The flag that the clock can be set (captured answer, and the standard's name for it). */
const SET_CLOCK = 0x4000;

/** One entry of a production specification. */
export interface Specification {
  readonly kind: number;
  readonly component: number;
  readonly text: Uint8Array;
  /** Where its text begins in the attribute. */
  readonly textAt: number;
}

/** The answer to a get of the device's attributes: a handle and the list. */
export function readDeviceAttributes(body: Uint8Array): Attributes {
  const reader = new MderReader(body, "The device's attributes");
  reader.u16();
  const attributes = readAttributes(reader);
  reader.end();
  return attributes;
}

/** What the attributes tell. Throws FRAME_MALFORMED for texts that are none; a clock that can't be read is only told so. */
export function readDeviceFacts(attributes: Attributes): DeviceFacts {
  const [manufacturer, model] = readModel(attributes.get(ATTRIBUTE.model));
  const entries = readSpecifications(attributes.get(ATTRIBUTE.productionSpecification));
  const text = (kind: number): string | null => {
    const ofKind = entries.filter((entry) => entry.kind === kind);
    const whole = ofKind.find(({ component }) => component === 0) ?? ofKind[0];
    return whole === undefined ? null : withoutLabel(plainText(whole.text));
  };
  const information = attributes.get(ATTRIBUTE.timeInformation);
  const flags = information === undefined ? null : new MderReader(information, "The time's facts").u16();
  return {
    manufacturer,
    model,
    serial: text(SPECIFICATION.serial),
    firmware: text(SPECIFICATION.firmware) ?? text(SPECIFICATION.software),
    ...readClock(attributes.get(ATTRIBUTE.absoluteTime)),
    clockSettable: flags === null ? null : (flags & SET_CLOCK) !== 0,
  };
}

/**
 * The entries of a production specification: kind, component, text, each of two bytes and the text with its length
 * (sheet a). They follow one another without gaps.
 */
export function readSpecifications(value: Uint8Array | undefined): Specification[] {
  if (value === undefined) return [];
  const reader = new MderReader(value, "The production specification");
  const entries = reader.sequence((item) => {
    const [kind, component] = [item.u16(), item.u16()];
    const textAt = item.offset + 2;
    return { kind, component, text: item.octets(), textAt };
  });
  reader.end();
  return entries;
}

/** Where the number begins in a text such as `serial-number: 92500000042` (captured answer); 0 where there is no label. */
export function labelLength(text: string): number {
  return /^[A-Za-z][A-Za-z-]*: */.exec(text)?.[0].length ?? 0;
}

function readModel(value: Uint8Array | undefined): readonly [string | null, string | null] {
  if (value === undefined) return [null, null];
  const reader = new MderReader(value, "The model");
  const [manufacturer, model] = [plainText(reader.octets()), plainText(reader.octets())];
  reader.end();
  return [manufacturer, model];
}

function readClock(value: Uint8Array | undefined): Pick<DeviceFacts, "clock" | "clockFault"> {
  if (value === undefined) return { clock: null, clockFault: null };
  try {
    return { clock: readAbsoluteTime(value), clockFault: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { clock: null, clockFault: { problem: error, raw: value } };
  }
}

/** Text without the zeros and blanks with which devices fill it up; null for none. */
function plainText(bytes: Uint8Array): string | null {
  const text = latin1(bytes).replace(/[\0 ]+$/, "");
  if (!/^[ -~]*$/.test(text)) throw new Problem("FRAME_MALFORMED", "A text of the device holds what is no letter.");
  return text === "" ? null : text;
}

function withoutLabel(text: string | null): string | null {
  const bare = text === null ? "" : text.slice(labelLength(text)).trim();
  return bare === "" ? null : bare;
}
