import { Problem } from "../../src/domain/problem.js";
import type { MderFloat } from "../shared/ieee11073/float.js";

/** What a status word says about a test. */
export interface Status {
  readonly control: boolean;
  readonly outOfRange: "low" | "high" | null;
  readonly notes: readonly string[];
}

/** A flag: what it says, and what follows from it. Flags are numbered from the highest bit. */
interface Flag {
  readonly bit: number;
  readonly words: string;
  readonly means: "note" | "control" | "low" | "high" | "failed";
}

/** Flags of the measurement status (from IEEE 11073-20601, not from a capture). */
const MEASUREMENT: readonly Flag[] = [
  { bit: 0x8000, words: "invalid", means: "failed" },
  { bit: 0x4000, words: "questionable", means: "note" },
  { bit: 0x2000, words: "not available", means: "failed" },
  { bit: 0x1000, words: "calibration ongoing", means: "failed" },
  { bit: 0x0800, words: "test data", means: "control" },
  { bit: 0x0400, words: "demonstration", means: "failed" },
  { bit: 0x0080, words: "validated", means: "note" },
  { bit: 0x0040, words: "early indication", means: "failed" },
  { bit: 0x0020, words: "measurement ongoing", means: "failed" },
  { bit: 0x0002, words: "in alarm", means: "note" },
  { bit: 0x0001, words: "alarm inhibited", means: "note" },
];

/** Flags of the meter's device status (from IEEE 11073-10417, not from a capture; Bluetooth has the same in another order). */
const DEVICE: readonly Flag[] = [
  { bit: 0x8000, words: "battery low", means: "note" },
  { bit: 0x4000, words: "sensor malfunction", means: "failed" },
  { bit: 0x2000, words: "sample too small", means: "failed" },
  { bit: 0x1000, words: "strip inserted wrongly", means: "failed" },
  { bit: 0x0800, words: "wrong strip", means: "failed" },
  { bit: 0x0400, words: "result too high", means: "high" },
  { bit: 0x0200, words: "result too low", means: "low" },
  { bit: 0x0100, words: "temperature too high", means: "failed" },
  { bit: 0x0080, words: "temperature too low", means: "failed" },
  { bit: 0x0040, words: "strip pulled too soon", means: "failed" },
  { bit: 0x0020, words: "general fault", means: "failed" },
  { bit: 0x0010, words: "temperature out of range", means: "failed" },
];

/**
 * Bits by which Bluetooth meters of this maker mark HI and LO (both sheets). Beside a value that is HI or LO anyway they
 * can mean nothing else; beside a number they may be what the standard says, and then there is no result yet.
 */
const BLUETOOTH_BEYOND = { above: 0x0020, below: 0x0040 } as const;

/**
 * What a reading's own status word says. Throws FRAME_MALFORMED if it says that there is no result, or what nobody has
 * described: either could change what the value means.
 */
export function measurementStatus(word: number, value: MderFloat["kind"]): Status {
  const beyond = value === "above" || value === "below" ? word & BLUETOOTH_BEYOND[value] : 0;
  const status = statusOf(word & ~beyond, MEASUREMENT);
  return beyond === 0 ? status : { ...status, notes: [...status.notes, `Meter status: ${shown(word)}`] };
}

/** What the meter's own status at the time of a test says. Throws FRAME_MALFORMED if the test failed. */
export function deviceStatus(word: number): Status {
  return statusOf(word, DEVICE);
}

/** A device status in words, whatever it says. */
export function deviceStatusWords(word: number): string {
  const known = DEVICE.filter(({ bit }) => (word & bit) !== 0);
  const rest = known.reduce((left, { bit }) => left & ~bit, word);
  const unknown = rest === 0 ? [] : [`unknown flags ${shown(rest)}`];
  return [...known.map(({ words }) => words), ...unknown].join(", ") || "no flag";
}

function statusOf(word: number, flags: readonly Flag[]): Status {
  const set = flags.filter(({ bit }) => (word & bit) !== 0);
  const rest = set.reduce((left, { bit }) => left & ~bit, word);
  if (rest !== 0) {
    throw new Problem("FRAME_MALFORMED", `A status bears flags that nobody has described: ${shown(rest)}.`, { word });
  }
  const has = (means: Flag["means"]): boolean => set.some((flag) => flag.means === means);
  const failed = set.filter(({ means }) => means === "failed").map(({ words }) => words);
  if (failed.length > 0) throw new Problem("FRAME_MALFORMED", `No result: ${failed.join(", ")}.`, { word });
  if (has("low") && has("high"))
    throw new Problem("FRAME_MALFORMED", "A result is marked too high and too low.", { word });
  return {
    control: has("control"),
    outOfRange: has("high") ? "high" : has("low") ? "low" : null,
    notes: set.filter(({ means }) => means === "note").map(({ words }) => `Meter status: ${words}`),
  };
}

function shown(word: number): string {
  return word.toString(16).padStart(4, "0");
}
