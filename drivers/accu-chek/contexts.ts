import { isProblem, Problem } from "../../src/domain/problem.js";
import type { Meal } from "../../src/domain/record.js";
import { latin1 } from "../../src/kit/bytes.js";
import { readAbsoluteTime } from "../shared/ieee11073/absolute-time.js";
import { MderReader } from "../shared/ieee11073/mder.js";
import { ATTRIBUTE } from "../shared/ieee11073/nomenclature.js";
import type { Entry, EntryElement } from "../shared/ieee11073/segments.js";
import { deviceStatus, deviceStatusWords, type Status } from "./status.js";
import { contextOf, locationOf, mealOf } from "./types.js";

/** What one context entry says about a test. */
export type Context =
  | { readonly kind: "meal"; readonly code: number }
  | { readonly kind: "location"; readonly code: number }
  | { readonly kind: "status"; readonly word: number };

/** What all contexts of one test say together. */
export interface Circumstances {
  readonly meal: Meal | null;
  readonly control: boolean;
  readonly outOfRange: Status["outOfRange"];
  readonly notes: readonly string[];
}

/** Reads one element of a context. Throws FRAME_MALFORMED for what nobody has described. */
export function readContext(element: EntryElement, values: ReadonlyMap<number, Uint8Array>): Context {
  const kind = contextOf(element.type);
  const { partition, code } = element.type;
  if (kind === null) {
    throw new Problem("FRAME_MALFORMED", `An entry is of a kind that nobody has described (${partition}:${code}).`);
  }
  const wanted = kind === "status" ? ATTRIBUTE.enumerationFlags16 : ATTRIBUTE.enumerationCode;
  const value = values.get(wanted);
  if (value?.length !== 2 || values.size !== 1) {
    throw new Problem("FRAME_MALFORMED", `An entry of kind ${partition}:${code} is laid out in an unknown way.`);
  }
  const word = new MderReader(value, "An entry").u16();
  return kind === "status" ? { kind, word } : { kind, code: word };
}

/**
 * Contexts that stand in segments of their own, found again by the time of the test, which they bear to the hundredth
 * (a public program that was run on a Guide joins them so).
 */
export class Contexts {
  readonly #byTime = new Map<string, { readonly contexts: Context[]; readonly raw: Uint8Array[]; used: boolean }>();

  /** Keeps an entry whose elements are all contexts. Throws FRAME_MALFORMED for one that can't be understood. */
  add({ time, elements, raw }: Entry): void {
    if (time === null) throw new Problem("FRAME_MALFORMED", "An entry has no time.");
    readAbsoluteTime(time);
    const contexts = elements.map(({ element, values }) => readContext(element, values));
    const known = this.#byTime.get(latin1(time));
    if (known === undefined) this.#byTime.set(latin1(time), { contexts, raw: [raw], used: false });
    else {
      known.contexts.push(...contexts);
      known.raw.push(raw);
    }
  }

  /** The contexts of the test of that time. */
  of(time: Uint8Array): readonly Context[] {
    const known = this.#byTime.get(latin1(time));
    if (known !== undefined) known.used = true;
    return known?.contexts ?? [];
  }

  /** What belongs to no test that was read: each with what it says. */
  *left(): Generator<{ readonly detail: string; readonly raw: Uint8Array }, void, void> {
    for (const { contexts, raw, used } of this.#byTime.values()) {
      if (used) continue;
      for (const [at, bytes] of raw.entries()) {
        const context = contexts[at];
        yield { detail: context === undefined ? "It belongs to no test." : withoutTest(context), raw: bytes };
      }
    }
  }
}

/** What the contexts of one test say. Throws FRAME_MALFORMED if one says that it failed. */
export function circumstances(contexts: readonly Context[]): Circumstances {
  const codes = new Set(contexts.flatMap((context) => (context.kind === "meal" ? [context.code] : [])));
  const [only] = codes;
  const meal = codes.size === 1 && only !== undefined ? mealOf(only) : null;
  const statuses = contexts.flatMap((context) => (context.kind === "status" ? [deviceStatus(context.word)] : []));
  const places = contexts.flatMap((context) => (context.kind === "location" ? [placeOf(context.code)] : []));
  const beyond = new Set(statuses.flatMap(({ outOfRange }) => outOfRange ?? []));
  if (beyond.size > 1) throw new Problem("FRAME_MALFORMED", "A result is marked too high and too low.");
  const notes = [
    ...(codes.size > 1 ? [`Meal marks that exclude each other: ${[...codes].map(mealWords).join(", ")}`] : []),
    ...(codes.size === 1 && only !== undefined && meal === null ? [`Meal mark ${only}`] : []),
    ...statuses.flatMap((status) => status.notes),
    ...places.flatMap(({ note }) => note ?? []),
  ];
  return { meal, control: places.some(({ control }) => control), outOfRange: [...beyond][0] ?? null, notes };
}

/** A place that nobody has described might be that of control solution. */
function placeOf(code: number): { readonly control: boolean; readonly note: string | null } {
  const place = locationOf(code);
  if (place === null)
    throw new Problem("FRAME_MALFORMED", `A sample is from a place that nobody has described (${code}).`);
  return place === "control" ? { control: true, note: null } : { control: false, note: place.words };
}

function withoutTest(context: Context): string {
  if (context.kind === "status") return `The meter notes without a result: ${deviceStatusWords(context.word)}.`;
  if (context.kind === "meal") return `A meal mark (${mealWords(context.code)}) belongs to no test.`;
  return "A sample's place belongs to no test.";
}

function mealWords(code: number): string {
  return mealOf(code) ?? String(code);
}

/** The problem if what was thrown is one of the protocol; anything else is thrown on. */
export function asMisfit(error: unknown): Problem {
  if (isProblem(error, "FRAME_MALFORMED")) return error;
  throw error;
}
