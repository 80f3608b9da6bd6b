/** One line of a run's story. */
interface Line {
  readonly text: string;
  readonly step: boolean;
}

/** What happened in a run, step by step: always as one number, and as lines where they are asked for. */
export class Trace {
  readonly #lines: Line[] | null;
  #high = 0x811c9dc5;
  #low = 0x1b873593;

  constructor(verbose: boolean) {
    this.#lines = verbose ? [] : null;
  }

  /**
   * Tells one thing with its facts.
   *
   * @param atMs virtual milliseconds since the run began
   * @param step only that somebody went on, not what came of it
   */
  tell(atMs: number, who: string, what: string, step = false): void {
    this.#mix(atMs | 0);
    for (let at = 0; at < who.length; at += 1) this.#mix(who.charCodeAt(at));
    for (let at = 0; at < what.length; at += 1) this.#mix(what.charCodeAt(at));
    const text = `${(atMs / 1_000).toFixed(3).padStart(9)}  ${who.padEnd(12)} ${what}`;
    this.#lines?.push({ text, step });
  }

  /** Sixteen hexadecimal digits that stand for everything that was told, and its order. */
  hash(): string {
    const text = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
    return text(this.#high) + text(this.#low);
  }

  /** The lines, with every single step or without; none where they were not asked for. */
  lines(steps: boolean): string[] {
    return (this.#lines ?? []).filter((line) => steps || !line.step).map(({ text }) => text);
  }

  #mix(word: number): void {
    this.#high = Math.imul(this.#high ^ word, 0x01000193);
    this.#low = Math.imul((this.#low ^ (word + (this.#low << 6))) >>> 0, 0x85ebca6b) ^ (this.#low >>> 13);
  }
}
