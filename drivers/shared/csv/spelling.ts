import { Problem } from "../../../src/domain/problem.js";
import type { DateOrder } from "../../../src/kit/driver.js";
import { Unfit } from "../export/unfit.js";
import { dateParts, splitDateTime } from "./date.js";

/** Such a date shows nothing, whatever comes behind it. */
const YEAR_FIRST = /^\d{4}[-/.]/;

/** How one file spells dates and numbers. */
export interface Spelling {
  /** Of dates of numbers alone that do not begin with the year; null: the file has none that could be read in two ways. */
  readonly dateOrder: DateOrder | null;
  /** Null: nothing shows it, and it does not matter. */
  readonly decimal: "." | "," | null;
}

/**
 * Looks at all dates and numbers of a file, before one of them is believed, and says how it spells them. Only values count:
 * a number above 12 can't be a month. What hints at a country (AM and PM, dots, a language) proves nothing, since each of
 * these was seen with either order.
 */
export class SpellingSurvey {
  readonly #proof = new Map<DateOrder, string>();
  #ambiguous: string | null = null;
  #comma = false;
  #point = false;

  /** Shows a text that begins with a date, or is meant to. */
  date(text: string): void {
    if (YEAR_FIRST.test(text)) return;
    const [date] = splitDateTime(text);
    const parts = dateParts(date);
    if (parts === null || parts.form === "year-first") return;
    const { first, second } = parts;
    if (first > 12 && first <= 31 && second <= 12) this.#prove("dmy", date);
    else if (second > 12 && second <= 31 && first <= 12) this.#prove("mdy", date);
    else if (first <= 12 && second <= 12 && first !== second) this.#ambiguous ??= date;
  }

  /** Shows a text that is a number, or is meant to. Three digits behind the sign prove nothing: it may part thousands. */
  number(text: string): void {
    const [, sign, digits = ""] = /^[+-]?\d+([.,])(\d+)$/.exec(text.trim()) ?? [];
    if (sign === undefined || (digits.length === 3 && !/^[+-]?0[.,]/.test(text.trim()))) return;
    if (sign === ",") this.#comma = true;
    else this.#point = true;
  }

  /** True where the order of dates is proven, or does not matter. */
  get decided(): boolean {
    return this.#ambiguous === null || this.#proof.size > 0;
  }

  /**
   * How the file spells. `given` is what the person says. Throws IMPORT_AMBIGUOUS_DATES with an example if it must be known
   * and is not, or if the file contradicts what is said, and IMPORT_MALFORMED if the file contradicts itself.
   */
  decide(given: DateOrder | null, name: string): Spelling {
    const [day, month] = [this.#proof.get("dmy"), this.#proof.get("mdy")];
    if (day !== undefined && month !== undefined) {
      throw new Problem(
        "IMPORT_MALFORMED",
        `The dates of ${name} contradict each other: ${day} has the day first, ${month} the month.`,
      );
    }
    const shown: DateOrder | null = day !== undefined ? "dmy" : month !== undefined ? "mdy" : null;
    if (shown !== null && given !== null && shown !== given) {
      const first = shown === "dmy" ? "day" : "month";
      throw new Problem(
        "IMPORT_AMBIGUOUS_DATES",
        `The dates of ${name} are not as it was said: ${day ?? month} can only have the ${first} first.`,
      );
    }
    const dateOrder = shown ?? given;
    if (this.#ambiguous !== null && dateOrder === null) {
      throw new Problem(
        "IMPORT_AMBIGUOUS_DATES",
        `${name} does not show how its dates are meant: ${this.#ambiguous} could have the day or the month first.`,
      );
    }
    return { dateOrder, decimal: this.#comma === this.#point ? null : this.#comma ? "," : "." };
  }

  #prove(order: DateOrder, date: string): void {
    if (!this.#proof.has(order)) this.#proof.set(order, date);
  }
}

/**
 * The number that a text prints. Throws Unfit for anything else: for a sign that this file does not use for decimals, and,
 * where the file does not show it, for three digits behind a sign, which may part thousands.
 */
export function readNumber(text: string, { decimal }: Pick<Spelling, "decimal">): number {
  const plain = text.trim();
  const [, whole, sign, digits = ""] = /^([+-]?\d{1,9})(?:([.,])(\d{1,9}))?$/.exec(plain) ?? [];
  if (whole === undefined) throw new Unfit(`${JSON.stringify(plain.slice(0, 40))} is no number`);
  if (sign === undefined) return Number(whole);
  const unsure = decimal === null && digits.length === 3 && !/^[+-]?0$/.test(whole);
  if (unsure || (decimal !== null && sign !== decimal))
    throw new Unfit(`${JSON.stringify(plain)} is no number as this file writes them`);
  return Number(`${whole}.${digits}`);
}
