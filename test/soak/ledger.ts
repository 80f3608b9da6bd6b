/** A field that people write unique texts into. */
export type TextField = "note" | "patient";

/** One change for which somebody got an answer of success. */
export interface Acknowledged {
  /** Name of the hub, or `cloud`. */
  readonly side: string;
  readonly record: string;
  readonly act: "add" | "edit" | "delete" | "restore";
  /** The unique text and where it stands; null for what writes none. */
  readonly text: string | null;
  readonly field: TextField;
  /** What the writer had seen and named in If-Match: the change must stand directly on it. */
  readonly onto: { readonly note: unknown; readonly patient: unknown } | null;
  /** When the request began and when its answer was there, milliseconds of the machine's clock. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** An export that a hub has taken: from then on it is the hub's to bring in, whatever happens. */
export interface AcceptedImport {
  readonly side: string;
  /** The day of which it tells, as records write it; no other export tells of it. */
  readonly day: string;
  readonly samples: number;
  readonly answeredAt: number;
}

/** What people were answered, as they would remember it. */
export class Ledger {
  readonly acknowledged: Acknowledged[] = [];
  readonly imports: AcceptedImport[] = [];
  /** Texts that were answered with an error: nothing of them may be there. */
  readonly refused: { readonly side: string; readonly text: string; readonly status: number }[] = [];
  /** Answers that nobody expected, a sentence each. */
  readonly surprises: string[] = [];
  /** Requests without an answer: what came of them is open. */
  unanswered = 0;
  /** Answers 412: somebody was quicker. */
  stale = 0;
  #words = 0;
  #days = 0;

  /** A text that nobody else writes. */
  word(writer: string): string {
    this.#words += 1;
    return `~${writer}.${this.#words}~`;
  }

  /** A day, as midnight after it in milliseconds, of which nobody else's export tells. */
  nextDay(): number {
    this.#days += 3;
    return Date.UTC(2015, 0, 2 + this.#days);
  }

  /** How many were refused, by status. */
  refusedBy(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (const { status } of this.refused) counts.set(status, (counts.get(status) ?? 0) + 1);
    return counts;
  }

  /** How many changes one side has acknowledged; without a name the hubs' together. */
  count(side?: string): number {
    return this.acknowledged.filter((entry) => (side === undefined ? entry.side !== "cloud" : entry.side === side))
      .length;
  }
}
