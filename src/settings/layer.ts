import type { SettingField } from "./fields.js";
import { nearest } from "./nearest.js";

/** One setting as one source gives it, not yet checked. */
export interface Entry {
  readonly field: SettingField;
  readonly value: unknown;
  /** For people: where it stands. */
  readonly origin: string;
  /** Absolute folder against which a relative path in this place is meant. */
  readonly base: string;
}

/** What one source gives, and what is wrong with it: one sentence each. */
export interface Layer {
  readonly entries: readonly Entry[];
  readonly errors: readonly string[];
}

/** The sentence for a name that is no setting: the nearest of the known names is offered. */
export function unknownName(name: string, origin: string | null, known: readonly string[]): string {
  const place = origin === null ? name : `${name} (${origin})`;
  const offer = nearest(name, known);
  return `${place}: there is no such setting${offer === null ? "" : `; did you mean ${offer}?`}`;
}
