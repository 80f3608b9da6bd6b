import { type SettingField, settingFields } from "./fields.js";
import type { LoadedSettings } from "./settings.js";

/** One line of `config check`. */
export interface MaskedSetting {
  /** Dotted: `http.port`. */
  readonly name: string;
  /** The value as JSON; `"***"` where a secret stands. */
  readonly value: string;
  /** Where it came from, for people. */
  readonly from: string;
}

const MASK = "***";
/** Long enough for any address; what is longer is a paste gone wrong. */
const SHOWN_LENGTH = 120;

/** Every setting in force, with where it came from; no secret can be read from it. */
export function maskedSettings(loaded: LoadedSettings): readonly MaskedSetting[] {
  return settingFields().map((field) => ({
    name: field.name,
    value: shownValue(field, valueAt(loaded.settings, field.path)),
    from: loaded.origins[field.name] ?? "default",
  }));
}

/** A setting's value for people, as JSON, with secrets masked; malformed values too. */
export function shownValue(field: SettingField, value: unknown): string {
  if (value === null) return "null";
  if (field.secret === "all") return JSON.stringify(MASK);
  const shown = field.secret === "url" ? maskedUrl(value) : value;
  const text = JSON.stringify(shown) ?? "nothing";
  return field.name !== "patients" && text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

/** Passwords, and whatever stands in a query, masked; works on text that is no address as well. */
function maskedUrl(value: unknown): unknown {
  if (typeof value !== "string") return MASK;
  const [address = "", ...query] = value.split(/[?#]/);
  const end = address.lastIndexOf("@");
  const start = address.indexOf("//") + 2;
  const open = end < 0 ? address : maskedUser(address, address.includes("//") && start <= end ? start : 0, end);
  return query.length === 0 ? open : `${open}?${MASK}`;
}

/** Of `user:password` between `start` and `end` only the user stays; without a colon it may itself be a token. */
function maskedUser(address: string, start: number, end: number): string {
  const colon = address.indexOf(":", start);
  const user = colon >= start && colon < end ? `${address.slice(start, colon)}:` : "";
  return `${address.slice(0, start)}${user}${MASK}${address.slice(end)}`;
}

function valueAt(tree: unknown, path: readonly string[]): unknown {
  let value: unknown = tree;
  for (const key of path) value = typeof value === "object" && value !== null ? Reflect.get(value, key) : null;
  return value ?? null;
}
