import type { ClockChange } from "../../../../src/domain/reading.js";
import { clockChangesOf, type LoggedChange, type Stamp } from "../clock-changes.js";
import { wallOfSeconds } from "./wall.js";

/** A record that tells that the reader's clock was set. */
export interface ClockEdit {
  /** The record's whole number. */
  readonly number: number;
  readonly readerTime: number;
  readonly userOffset: number;
  readonly oldReaderTime: number;
  readonly oldUserOffset: number;
  /** Whether the times are valid, as the reader marks them. */
  readonly isValid: boolean;
  readonly wasValid: boolean;
}

/** Two records nearer than this may be one edit: first the date, then the time (sheet a). */
const ONE_EDIT_WITHIN = 50;

/**
 * What the reader's clock went through: the edits in the order of the records, each once, and where in that order a record
 * belongs by its offset.
 */
export class ClockHistory {
  readonly #edits: readonly ClockEdit[];
  readonly #timeBase: number;

  /** @param numbers of all readings, in any order: two edits with a reading between them are two */
  constructor(edits: readonly ClockEdit[], timeBase: number, numbers: Iterable<number>) {
    this.#timeBase = timeBase;
    this.#edits = joined(onceEach(edits), timeBase, numbers);
  }

  /** The changes as the hub has them, oldest first. See `clockChangesOf`. */
  changes(stamps: Iterable<Stamp>): readonly ClockChange[] {
    return clockChangesOf(
      this.#edits.map((edit): LoggedChange => {
        const from = this.#timeBase + edit.oldReaderTime + edit.oldUserOffset;
        const to = this.#timeBase + edit.readerTime + edit.userOffset;
        return {
          order: edit.number,
          from: edit.wasValid ? wallOfSeconds(from) : null,
          to: edit.isValid ? wallOfSeconds(to) : null,
          shownFrom: `${from} s`,
          shownTo: `${to} s`,
        };
      }),
      stamps,
    );
  }

  /**
   * Where a record stands in the order of the changes: at its number, unless its offset tells that it belongs to another
   * time between two changes; then at the edge of the nearest such time. The sensor's own values are written later than
   * they are measured. Null if no such time is known.
   */
  orderOf(number: number, userOffset: number): number | null {
    const edits = this.#edits;
    if (edits.length === 0) return number;
    const own = edits.findIndex((edit) => number < edit.number);
    const place = own < 0 ? edits.length : own;
    const offsetIn = (at: number): number | undefined =>
      at === 0 ? edits[0]?.oldUserOffset : edits[at - 1]?.userOffset;
    for (let steps = 0; steps <= edits.length; steps += 1) {
      const [before, after] = [place - steps, place + steps];
      if (before >= 0 && offsetIn(before) === userOffset) {
        return steps === 0 ? number : (edits[before]?.number ?? number) - 0.5;
      }
      if (after <= edits.length && offsetIn(after) === userOffset) return (edits[after - 1]?.number ?? number) + 0.5;
    }
    return null;
  }
}

/** The same change stands in several tables (sheet a): it is taken once, where it stands first. */
function onceEach(edits: readonly ClockEdit[]): readonly ClockEdit[] {
  const known = new Map<string, ClockEdit>();
  for (const edit of [...edits].sort((a, b) => a.number - b.number)) {
    const { readerTime, userOffset, oldReaderTime, oldUserOffset } = edit;
    const name = [readerTime, userOffset, oldReaderTime, oldUserOffset].join();
    if (!known.has(name)) known.set(name, edit);
  }
  return [...known.values()];
}

/** Two edits of which one moved only the date and the other only the time are one (sheet a). */
function joined(edits: readonly ClockEdit[], timeBase: number, numbers: Iterable<number>): readonly ClockEdit[] {
  const halves = edits.flatMap((edit, place) => {
    const next = edits[place + 1];
    return next !== undefined && areHalves(edit, next, timeBase) ? [{ first: edit, second: next }] : [];
  });
  if (halves.length === 0) return edits;
  const apart = new Set<ClockEdit>();
  for (const number of numbers) {
    for (const { first, second } of halves) {
      if (first.number < number && number < second.number) apart.add(first);
    }
  }
  const all: ClockEdit[] = [];
  for (const edit of edits) {
    const last = all.at(-1);
    const half = halves.find(({ second }) => second === edit);
    if (last === undefined || half === undefined || last !== half.first || apart.has(last)) {
      all.push(edit);
      continue;
    }
    const { oldReaderTime, oldUserOffset, wasValid } = last;
    all[all.length - 1] = { ...edit, oldReaderTime, oldUserOffset, wasValid };
  }
  return all;
}

function areHalves(first: ClockEdit, second: ClockEdit, timeBase: number): boolean {
  if (second.number - first.number >= ONE_EDIT_WITHIN) return false;
  if (![first, second].every(({ isValid, wasValid }) => isValid && wasValid)) return false;
  const parts = [first, second].map((edit) => {
    const from = wallOfSeconds(timeBase + edit.oldReaderTime + edit.oldUserOffset) ?? "";
    const to = wallOfSeconds(timeBase + edit.readerTime + edit.userOffset) ?? "";
    const isDate = from.slice(0, 10) !== to.slice(0, 10);
    const isTime = from.slice(11) !== to.slice(11);
    return isDate === isTime ? "both" : isDate ? "date" : "time";
  });
  return parts.includes("date") && parts.includes("time");
}
