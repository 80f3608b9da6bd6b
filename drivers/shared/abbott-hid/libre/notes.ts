import { latin1Bytes } from "../../../../src/kit/bytes.js";
import { type Fields, numberAt } from "../fields.js";
import { COMMENTS, type LibreColumns } from "./columns.js";

/** What the person ticked (sheet b), by column. */
const TICKS: readonly (readonly [number, string])[] = [
  [15, "Exercise"],
  [16, "Medication"],
];
/** Columns that were 0 in every known record, and whose meaning is not known. */
const UNKNOWN = 10;

/** What the person noted, in words: exercise, medication, and those of the custom comments that are marked. */
export function notesOf(fields: Fields, { comments }: LibreColumns["event"]): readonly string[] {
  const notes: string[] = [];
  const unknown = numberAt(fields, UNKNOWN);
  if (unknown !== 0) notes.push(`Column ${UNKNOWN}: ${unknown}`);
  for (const [place, word] of TICKS) {
    const tick = numberAt(fields, place);
    if (tick !== 0) notes.push(tick === 1 ? word : `${word} ${tick}`);
  }
  if (comments === null) return notes;
  const flags = numberAt(fields, comments.flags);
  for (let comment = 0; comment < COMMENTS; comment += 1) {
    if ((flags & (1 << comment)) === 0) continue;
    const text = commentText(fields.all[comments.first + comment] ?? "");
    notes.push(text === "" ? `Comment ${comment + 1}` : text);
  }
  const beyond = flags >> COMMENTS;
  if (beyond !== 0) notes.push(`Comment mark ${flags}`);
  return notes;
}

/** Comments are UTF-8, and readers cut them in the middle of a character (sheet b, captured): what is left of it is dropped. */
function commentText(field: string): string {
  return new TextDecoder()
    .decode(latin1Bytes(field))
    .replace(/\uFFFD+$/, "")
    .trim();
}
