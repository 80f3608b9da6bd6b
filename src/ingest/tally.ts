import type { GlucoRecord, Kind } from "../domain/record.js";
import type { Standing } from "./keeper.js";
import { type KindCount, MOST_LISTED_IDS, MOST_TOLD_UNREADABLE } from "./session-report.js";

/** Counts what a session kept. */
export class Tally {
  new = 0;
  known = 0;
  changed = 0;
  conflicts = 0;
  unreadable = 0;
  readonly firstUnreadable: { code: string; detail: string }[] = [];
  readonly #ids = new Set<string>();
  readonly #kinds = new Map<Kind, { new: number; known: number; changed: number }>();

  /** Ids told of, each once, in their order. */
  get recordIds(): readonly string[] {
    return [...this.#ids];
  }

  /** By kind, in the order in which they came. */
  get byKind(): readonly KindCount[] {
    return [...this.#kinds].map(([kind, counts]) => ({ kind, ...counts }));
  }

  /** How many things are counted. */
  get total(): number {
    return this.new + this.known + this.unreadable;
  }

  addRecord(record: Pick<GlucoRecord, "id" | "kind">, standing: Standing): void {
    const counts = this.#kinds.get(record.kind) ?? { new: 0, known: 0, changed: 0 };
    this.#kinds.set(record.kind, counts);
    if (standing === "new") {
      this.new += 1;
      counts.new += 1;
    } else {
      this.known += 1;
      counts.known += 1;
      if (standing === "conflict") this.conflicts += 1;
      if (standing === "changed") {
        this.changed += 1;
        counts.changed += 1;
      }
    }
    if (this.#ids.size < MOST_LISTED_IDS) this.#ids.add(record.id);
  }

  addUnreadable({ code, detail }: { readonly code: string; readonly detail: string }): void {
    this.unreadable += 1;
    if (this.firstUnreadable.length < MOST_TOLD_UNREADABLE) this.firstUnreadable.push({ code, detail });
  }
}
