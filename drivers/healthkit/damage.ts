/** Something in the export that is no export: where its bytes stand, and what is wrong. */
export class Damage extends Error {
  /** In bytes from the start of the file. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** The export ends before its end tag. */
export class Truncation extends Damage {
  constructor(offset: number) {
    super("the export ends before its end tag", offset);
  }
}
