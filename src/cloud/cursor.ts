/** A place in the sequence of changes: after the state with that number, which must still be of that rev. */
export interface Place {
  /** Name of the store that gave the cursor. */
  readonly generation: string;
  readonly seq: number;
  /** Rev of the state with that number; empty for the beginning. */
  readonly rev: string;
}

/** The place as an opaque cursor, safe in a URL as it is. */
export function cursorText(place: Place): string {
  return `${place.generation}.${place.seq}.${place.rev}`;
}

/** The place that a cursor names; null for any text that no cloud of this make has ever given. */
export function readCursor(text: string): Place | null {
  const match = /^([0-9a-z]{1,40})\.(\d{1,15})\.([0-9a-z-]{0,60})$/.exec(text);
  const [, generation, seq, rev] = match ?? [];
  if (generation === undefined || seq === undefined || rev === undefined) return null;
  return { generation, seq: Number(seq), rev };
}
