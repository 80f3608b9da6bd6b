import { expect } from "vitest";
import { isProblem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { MeterDriver } from "../../src/kit/driver.js";
import type { Outcome } from "./collect.js";

/** Whether nothing but the radio link proves the readings: then what is damaged in a notice can't be told by the driver. */
export function provenByLink({ transport, integrity }: Pick<MeterDriver, "transport" | "integrity">): boolean {
  return transport === "ble" && integrity.check === "link";
}

/** True for a reading that is the sound one, whole or without what a notice of its own adds: its meal, its note. */
export function isPartOf(told: SourceReading, sound: SourceReading): boolean {
  const notes = (sound.note ?? "").split("; ");
  const fitting = told.note === null || told.note.split("; ").every((note) => notes.includes(note));
  return measured(told) === measured(sound) && fitting && (told.meal === null || told.meal === sound.meal);
}

/** Demands that every reading that was told is a sound one, whole or in part. */
export function demandParts(told: readonly SourceReading[], sound: readonly SourceReading[]): void {
  const invented = told.filter((reading) => !sound.some((one) => isPartOf(reading, one)));
  expect(invented.map(measured)).toEqual([]);
}

/**
 * Demands of a conversation that was cut after that much of the stream of notices that each reading was told whose
 * notices had all come.
 */
export function demandToldBefore(cut: Outcome, sound: Outcome, stream: string, bytes: number): void {
  const missing = sound.readings.filter((reading) => {
    const raw = latin1(reading.raw);
    const at = stream.indexOf(raw);
    return at >= 0 && at + raw.length <= bytes && !cut.readings.some((one) => isPartOf(one, reading));
  });
  expect(missing.map(measured)).toEqual([]);
}

/**
 * Demands of a conversation with one damaged notice that it ended, and by a name; that what is told otherwise than in the
 * sound one was told of that notice; and that no other notice's reading is missing, unless the session says that one is.
 */
export function demandOthersUntouched(faulty: Outcome, sound: Outcome, was: Uint8Array, is: Uint8Array): void {
  expect(faulty.problem === null || (isProblem(faulty.problem) && faulty.problem.code !== "INTERNAL")).toBe(true);
  const untrue = faulty.readings.filter((reading) => !sound.readings.some((one) => isPartOf(reading, one)));
  expect(untrue.filter(({ raw }) => !isOf(raw, is)).map(measured)).toEqual([]);
  if (faulty.problem !== null || faulty.unreadable.length > sound.unreadable.length) return;
  const missing = sound.readings.filter(
    (one) => !faulty.readings.some((reading) => measured(reading) === measured(one)),
  );
  expect(missing.filter(({ raw }) => !isOf(raw, was)).map(measured)).toEqual([]);
}

/** Demands that whatever was not told that the sound session told is missed: the session says so, and does not end well. */
export function demandMissed(
  faulty: readonly SessionEvent[],
  code: string | null,
  sound: readonly SourceReading[],
): void {
  const told = faulty.flatMap((event) => (event.type === "readings" ? event.readings : []));
  demandParts(told, sound);
  const missing = sound.filter((one) => !told.some((reading) => measured(reading) === measured(one)));
  if (missing.length === 0) return;
  const saysSo = code !== null || faulty.some(({ type }) => type === "unreadable");
  expect(saysSo ? [] : missing.map(measured)).toEqual([]);
}

/** Demands that a session that told from where to go on has left nothing behind that would never be read. */
export function demandNothingPassedOver(faulty: Outcome, sound: Outcome): void {
  expect(faulty.afterCursor).toBe(0);
  expect(faulty.cursors.length).toBeLessThanOrEqual(faulty.problem === null ? 1 : 0);
  if (faulty.cursors.length === 0 || faulty.unreadable.length > sound.unreadable.length) return;
  const missing = sound.readings.filter(
    (one) => !faulty.readings.some((reading) => measured(reading) === measured(one)),
  );
  expect(missing.map(measured)).toEqual([]);
}

/** Whether a reading stands in that notice, alone or with others, or that notice and more make it up. */
function isOf(raw: Uint8Array, notice: Uint8Array): boolean {
  return latin1(raw).includes(latin1(notice)) || latin1(notice).includes(latin1(raw));
}

/** A reading without what a notice of its own may add, and without its bytes. */
function measured(reading: SourceReading): string {
  return JSON.stringify({ ...reading, meal: null, note: null, raw: null });
}
