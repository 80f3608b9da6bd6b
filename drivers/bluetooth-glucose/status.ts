/** What the bits of the sensor status annunciation say of a result (sheet b; one library has 5 and 6 exchanged). */
const BITS: readonly (string | null)[] = [
  "Battery low",
  "Unreliable: sensor malfunction",
  "Unreliable: sample too small",
  "Unreliable: strip inserted wrongly",
  "Unreliable: wrong type of strip",
  null,
  null,
  "Unreliable: temperature too high",
  "Unreliable: temperature too low",
  "Unreliable: strip pulled too soon",
  "Unreliable: general fault",
  "Unreliable: time fault",
];
const HIGHER = 0x0020;
const LOWER = 0x0040;

/** Which side of what the meter can measure its status says the result lies on; `both` contradicts itself. */
export function statusPlace(status: number): "high" | "low" | "both" | null {
  const [higher, lower] = [(status & HIGHER) !== 0, (status & LOWER) !== 0];
  if (higher && lower) return "both";
  return higher ? "high" : lower ? "low" : null;
}

/** All other bits that are set, for people. */
export function statusNotes(status: number): string[] {
  const notes: string[] = [];
  for (let bit = 0; bit < 16; bit += 1) {
    if ((status & (1 << bit)) === 0 || bit === 5 || bit === 6) continue;
    notes.push(BITS[bit] ?? `Unreliable: status bit ${bit}`);
  }
  return notes;
}
