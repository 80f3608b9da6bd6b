/**
 * An error that somebody on the bus answered a call with, by its name (`org.bluez.Error.Failed`) and its words. Nothing of
 * this folder lets it out: whoever made the call turns it into a problem that says what it means there.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** As on the bus. */
  readonly type: string;

  constructor(type: string, said: string) {
    super(said === "" ? type : said);
    this.type = type;
  }

  /** The name without BlueZ's prefix: `Failed`. */
  get short(): string {
    return this.type.slice(this.type.lastIndexOf(".") + 1);
  }
}

/** The error as a refusal of one of these short names; null if it is none. */
export function refusalOf(error: unknown, ...shorts: readonly string[]): Refusal | null {
  if (!(error instanceof Refusal)) return null;
  return shorts.length === 0 || shorts.includes(error.short) ? error : null;
}
