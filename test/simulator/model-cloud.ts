import { createHash } from "node:crypto";
import { type Content, contentOf, type Fields } from "./content.js";

/** One state of a record in the cloud. */
export interface CloudState extends Content {
  readonly id: string;
  readonly kind: string;
  readonly rev: string;
  /** Place in the sequence of changes. */
  readonly seq: number;
  /** The state that it replaced. */
  readonly parent: CloudState | null;
  readonly by: string;
  readonly at: string;
  /** The hub that pushed it; null for a person in the cloud. */
  readonly hub: string | null;
}

/** A change as a hub pushes it. */
export interface Pushed {
  readonly id: string;
  readonly kind: string;
  readonly base: string | null;
  readonly deleted: boolean;
  readonly fields: Fields;
}

/** What the cloud makes of a pushed change. */
export type PushOutcome =
  | { readonly status: "accepted"; readonly state: CloudState }
  | { readonly status: "conflict"; readonly state: CloudState };

/**
 * What becomes of cursors when the cloud goes back to an earlier state: all are refused, only those of the lost future
 * are, or the cloud notices nothing.
 */
export type RestoreMode = "refuse-all" | "refuse-lost" | "silent";

/** The cloud at one moment. */
export interface Snapshot {
  readonly length: number;
  readonly newest: ReadonlyMap<string, CloudState>;
  readonly captures: ReadonlyMap<string, string>;
}

/** What the model is made with. */
export interface ModelCloudOptions {
  /** The cloud's wall clock, milliseconds since the Unix epoch. */
  readonly wallMs: () => number;
  /** Virtual milliseconds. */
  readonly nowMs: () => number;
  /** How long a commit stays unseen by readers of the sequence, virtual milliseconds; 0: not at all. */
  readonly lagMs: () => number;
  /** A reader may see less than it was told of by the answer to a push. */
  readonly free: boolean;
  /** It breaks its own promise and leaves each third change out of its pages: to see that this is found. */
  readonly forgetful: boolean;
  /** Told before a hub's change replaces a state. */
  readonly onReplace: (from: CloudState, to: CloudState) => void;
}

/** A page of the sequence of changes. */
export interface ModelPage {
  readonly changes: readonly CloudState[];
  readonly cursor: string;
  readonly more: boolean;
}

/**
 * The cloud as its protocol describes it, in memory: records, each with all its states; one sequence of changes in the
 * order of the commits; captures. Written from the protocol alone.
 */
export class ModelCloud {
  readonly #options: ModelCloudOptions;
  #log: CloudState[] = [];
  #newest = new Map<string, CloudState>();
  #captures = new Map<string, string>();
  /** Every state there ever was, those that a restored cloud lost among them. */
  readonly #byRev = new Map<string, CloudState>();
  /** The newest place in the sequence that each hub was told of by the answer to a push. */
  readonly #told = new Map<string, number>();
  readonly #visibleAt: number[] = [];
  readonly #lives: { readonly length: number; readonly mode: RestoreMode }[] = [];
  #revs = 0;
  /** While true nothing is held back. */
  calm = false;

  constructor(options: ModelCloudOptions) {
    this.#options = options;
  }

  /** True if it may show a reader less than it told it before. */
  get free(): boolean {
    return this.#options.free;
  }

  /** The newest state of each record. */
  get records(): ReadonlyMap<string, CloudState> {
    return this.#newest;
  }

  get captures(): ReadonlyMap<string, string> {
    return this.#captures;
  }

  /** All states in the order of the commits, without what a restored cloud lost. */
  get log(): readonly CloudState[] {
    return this.#log;
  }

  /** How often the cloud went back to an earlier state. */
  get restores(): number {
    return this.#lives.length;
  }

  /** True if it went back without noticing. */
  get wentBackSilently(): boolean {
    return this.#lives.some(({ mode }) => mode === "silent");
  }

  /** True if a hub may hold a cursor from before that is still taken: it finds out by comparing only. */
  get wentBackUnsaid(): boolean {
    return this.#lives.some(({ mode }) => mode !== "refuse-all");
  }

  /** Every state there ever was. */
  everyState(): IterableIterator<CloudState> {
    return this.#byRev.values();
  }

  stateOf(rev: string): CloudState | undefined {
    return this.#byRev.get(rev);
  }

  /** Protocol, `POST /v1/push`, one change. */
  push(hub: string, change: Pushed): PushOutcome {
    const outcome = this.#answer(hub, change);
    this.#told.set(hub, Math.max(this.#told.get(hub) ?? 0, outcome.state.seq));
    return outcome;
  }

  /** A person in the cloud makes a record, or changes one; unchanged content is a new state all the same. */
  edit(id: string, kind: string, deleted: boolean, fields: Fields, by: string): CloudState {
    return this.#store({ id, kind }, contentOf(deleted, fields), this.#newest.get(id) ?? null, by, null);
  }

  /** Protocol, `GET /v1/changes`, as that reader sees it. Null: the cursor is refused. */
  page(reader: string, after: string | null, limit: number): ModelPage | null {
    const start = after === null ? 0 : this.#placeOf(after);
    if (start === null) return null;
    const visible = this.#log.slice(0, this.visible(reader));
    const newest = new Map<string, CloudState>();
    for (const state of visible)
      if (state.seq > start && !(this.#options.forgetful && state.seq % 3 === 0)) newest.set(state.id, state);
    const changes = [...newest.values()].sort((a, b) => a.seq - b.seq);
    const page = changes.slice(0, limit);
    const more = changes.length > page.length;
    const last = more ? (page.at(-1)?.seq ?? start) : Math.max(start, visible.length);
    return { changes: page, cursor: this.#cursorAt(last), more };
  }

  /** Stands for all records that readers can see: SHA-256 of each "id rev", the first 8 bytes, joined by exclusive or. */
  digest(reader: string): { readonly count: number; readonly digest: string } {
    const newest = new Map<string, string>();
    for (const { id, rev } of this.#log.slice(0, this.visible(reader))) newest.set(id, rev);
    let sum = 0n;
    for (const [id, rev] of newest) sum ^= createHash("sha256").update(`${id} ${rev}`).digest().readBigUInt64BE(0);
    return { count: newest.size, digest: sum.toString(16).padStart(16, "0") };
  }

  /** How many states of the sequence a reader can see: in the order of the commits, some late. */
  visible(reader: string): number {
    if (this.calm) return this.#log.length;
    let count = this.#log.length;
    while (count > 0 && (this.#visibleAt[count - 1] ?? 0) > this.#options.nowMs()) count -= 1;
    return this.#options.free ? count : Math.max(count, this.#told.get(reader) ?? 0);
  }

  /** Place in the sequence that a cursor of the present life names; -1 for one that is none of ours. */
  seqOf(cursor: string): number {
    const seq = Number(cursor.split("-")[1]);
    return Number.isInteger(seq) ? seq : -1;
  }

  /** True for a cursor that was given since the cloud last went back to an earlier state. */
  isOfThisLife(cursor: string): boolean {
    return Number(cursor.split("-")[0]) === this.#lives.length;
  }

  putCapture(id: string, text: string): boolean {
    const known = this.#captures.has(id);
    if (!known) this.#captures.set(id, text);
    return !known;
  }

  snapshot(): Snapshot {
    return { length: this.#log.length, newest: new Map(this.#newest), captures: new Map(this.#captures) };
  }

  /** Goes back to that moment, for ever; names of states are not used again. */
  restore(to: Snapshot, mode: RestoreMode): void {
    this.#log = this.#log.slice(0, to.length);
    this.#visibleAt.length = to.length;
    this.#newest = new Map(to.newest);
    this.#captures = new Map(to.captures);
    this.#lives.push({ length: to.length, mode });
    this.#told.clear();
  }

  #answer(hub: string, change: Pushed): PushOutcome {
    const content = contentOf(change.deleted, change.fields);
    const now = this.#newest.get(change.id);
    if (now === undefined) return { status: "accepted", state: this.#store(change, content, null, hub, hub) };
    if (now.text === content.text && now.kind === change.kind) return { status: "accepted", state: now };
    if (now.rev !== change.base) return { status: "conflict", state: now };
    return { status: "accepted", state: this.#store(change, content, now, hub, hub) };
  }

  #placeOf(cursor: string): number | null {
    const [life, seq, length] = cursor.split("-").map(Number);
    if (life === undefined || seq === undefined || length === undefined || Number.isNaN(life + seq + length))
      return null;
    for (const lost of this.#lives.slice(life)) {
      if (lost.mode === "refuse-all" || (lost.mode === "refuse-lost" && length > lost.length)) return null;
    }
    return seq;
  }

  /** Says, beside the place, when it was given: one from the lost future may name a place before it. */
  #cursorAt(seq: number): string {
    return `${this.#lives.length}-${seq}-${this.#log.length}`;
  }

  #store(
    record: { readonly id: string; readonly kind: string },
    content: Content,
    parent: CloudState | null,
    by: string,
    hub: string | null,
  ): CloudState {
    this.#revs += 1;
    const seq = this.#log.length + 1;
    const at = new Date(this.#options.wallMs()).toISOString();
    const { id, kind } = record;
    // Neither sorted nor numbered: a hub may compare them for equality and no more.
    const rev = `r${((this.#revs * 7919) % 99991).toString(36)}`;
    const state: CloudState = { ...content, id, kind, rev, seq, parent, by, at, hub };
    if (parent !== null && hub !== null) this.#options.onReplace(parent, state);
    this.#log.push(state);
    this.#newest.set(id, state);
    this.#byRev.set(rev, state);
    const shown = this.#options.nowMs() + this.#options.lagMs();
    this.#visibleAt.push(Math.max(shown, this.#visibleAt.at(-1) ?? 0));
    return state;
  }
}
