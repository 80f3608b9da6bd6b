/**
 * A number as it stands in the document: text, because a 64-bit count of nanoseconds does not fit a JavaScript number.
 */
export class JsonNumber {
  /** As written: `1434620350091000000`, `5.5`, `1e3`. Valid by RFC 8259, section 6. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The nearest JavaScript number; infinite where it is too large for one. */
  toNumber(): number {
    return Number(this.text);
  }

  /** Exactly this whole number; null if it is none (`5.0` and `1e3` are), or if it is written with a power above 30. */
  toBigInt(): bigint | null {
    return wholeNumber(this.text);
  }
}

/** An object's members by name: a map, so that no name (`__proto__`) means anything. */
export interface JsonObject extends ReadonlyMap<string, JsonValue> {}
export interface JsonArray extends ReadonlyArray<JsonValue> {}
/** Any value of RFC 8259, section 3. */
export type JsonValue = null | boolean | string | JsonNumber | JsonArray | JsonObject;

/** The value as an object; null if it is none or absent. */
export function jsonObject(value: JsonValue | undefined): JsonObject | null {
  return value instanceof Map ? value : null;
}

/** The value as an array; null if it is none or absent. */
export function jsonArray(value: JsonValue | undefined): JsonArray | null {
  return Array.isArray(value) ? value : null;
}

/** The value as text; null if it is none or absent. */
export function jsonText(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

/** The value as a finite number; null if it is none or absent. Text that looks like a number is none. */
export function jsonNumber(value: JsonValue | undefined): number | null {
  if (!(value instanceof JsonNumber)) return null;
  const number = value.toNumber();
  return Number.isFinite(number) ? number : null;
}

/** A whole number of any size, written as a number or, as Google writes 64 bits, as text; null if it is none. */
export function jsonWhole(value: JsonValue | undefined): bigint | null {
  if (value instanceof JsonNumber) return value.toBigInt();
  return typeof value === "string" && /^-?\d{1,40}$/.test(value) ? BigInt(value) : null;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const MAX_POWER = 30;

function wholeNumber(text: string): bigint | null {
  const [, sign = "", whole = "", fraction = "", power = "0"] = NUMBER.exec(text) ?? [];
  if (whole === "" || Math.abs(Number(power)) > MAX_POWER) return null;
  const digits = whole + fraction;
  const places = fraction.length - Number(power);
  if (places <= 0) return BigInt(sign + digits + "0".repeat(-places));
  const cut = digits.length - places;
  if (/[1-9]/.test(digits.slice(Math.max(0, cut)))) return null;
  return BigInt(cut <= 0 ? "0" : sign + digits.slice(0, cut));
}
