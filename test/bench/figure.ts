/** What a figure is counted in. `MB` is 1,000,000 bytes; `%` of one core. */
export type Unit = "ms" | "MB" | "%";

/** What a figure may be at most: by itself, or as a multiple of its floor. */
export interface Target {
  readonly of: "value" | "ratio";
  readonly atMost: number;
}

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly ours: number;
  /** The least that the same work can cost here, or what a peer took for it, in the same run; null: nothing to compare. */
  readonly floor: number | null;
  /** Ours as a multiple of it, of one and the same pair of runs. */
  readonly ratio: number | null;
  /** Null: for information. */
  readonly target: Target | null;
}

/** A bench that this machine can't run, and why. */
export interface Skipped {
  readonly name: string;
  readonly skipped: string;
}

/** What every bench is given. */
export interface BenchContext {
  /** How many records, at least 1. */
  readonly records: number;
  /** How many readings are told one by one for the latencies, at least 1. */
  readonly readings: number;
  /** A folder of this run's own on a real disk; removed afterwards. */
  readonly folder: string;
  /** Tells a person what is going on. */
  say(line: string): void;
}

/** A bench: measures, and rejects if it could not do what it measures. */
export type Bench = (context: BenchContext) => Promise<readonly (Figure | Skipped)[]>;

/** Whether the figure keeps to its target: `ok`, `over`, or null where it has none. */
export function verdict(figure: Figure): "ok" | "over" | null {
  const { target } = figure;
  if (target === null) return null;
  const measured = target.of === "ratio" ? figure.ratio : figure.ours;
  return measured !== null && measured <= target.atMost ? "ok" : "over";
}
