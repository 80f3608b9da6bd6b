import type { Clock } from "../domain/clock.js";
import { isProblem, Problem } from "../domain/problem.js";
import type { AnyInbox } from "./any-inbox.js";
import { bounded, SYSTEM_TIMEOUT_MS, wordsOf } from "./bounded.js";
import { nodeOf, watchNode } from "./device-node.js";

/** How long callers are kept waiting for a device to be closed, milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;

/** What an open device is to those who look after it. */
export interface OpenDeviceFacts {
  /** Its path, or what else it is known by. */
  readonly name: string;
  readonly clock: Clock;
  /** Where what it sends of its own accord is kept; left out where it sends nothing. */
  readonly inbox?: AnyInbox;
  /** Gives it back to the system, which may take long or fail. Called once. */
  readonly release: () => Promise<unknown>;
}

/** The life of a device that is open, from the first call into the system to its end, which comes once and for one reason. */
export class OpenDevice {
  readonly name: string;
  readonly #facts: OpenDeviceFacts;
  /** Aborted with the reason when the device ends: what calls wait for beside the system. */
  readonly #over = new AbortController();
  #unwatch: () => void = () => undefined;
  #ending: Promise<void> | null = null;

  constructor(facts: OpenDeviceFacts) {
    this.name = facts.name;
    this.#facts = facts;
  }

  /** Aborted with the reason when the device ends. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Ends the device when the node at the path is gone or another one. Where there is none from the start the device is
   * gone already, unless the node `mayLack`: then only the calls tell of an unplugging.
   */
  async watch(path: string, mayLack = false): Promise<void> {
    const node = await nodeOf(path);
    if (this.over.aborted) return;
    if (node !== null) this.#unwatch = watchNode(path, node, () => void this.end(this.lost()));
    else if (!mayLack) void this.end(this.lost());
  }

  /** Takes what the device sent, also in the middle of its end; without room for it the device ends. */
  receive(bytes: Uint8Array): void {
    const { inbox } = this.#facts;
    if (inbox === undefined || inbox.push(bytes)) return;
    const flood = `${this.name} sent more than ${inbox.limit} that nobody asked for`;
    void this.end(new Problem("FRAME_MALFORMED", flood));
  }

  /**
   * A call into the system: whatever it fails with ends the device, as nobody knows what that has got, unless it is a
   * problem of its own or the signal's reason. So does a call that takes too long, of which `hung` tells: "the system
   * takes nothing".
   */
  async call<T>(hung: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
    const { over } = this;
    signal?.throwIfAborted();
    over.throwIfAborted();
    const done = act().catch((error: unknown) => {
      const own = isProblem(error) || (signal?.aborted === true && error === signal.reason);
      throw own ? error : this.lost(wordsOf(error), error);
    });
    const late = (): Problem => this.lost(`${hung} within ${SYSTEM_TIMEOUT_MS} ms`);
    try {
      return await bounded({ clock: this.#facts.clock, ms: SYSTEM_TIMEOUT_MS, over, signal, late }, done);
    } catch (error) {
      if (isProblem(error, "TRANSPORT_GONE")) void this.end(error);
      throw error;
    }
  }

  /** Ends the device as its user wishes: what has come is dropped. */
  async close(): Promise<void> {
    const canceled = new Problem("TRANSPORT_CANCELED");
    this.#facts.inbox?.end(canceled, true);
    await this.end(canceled);
  }

  /** Ends everything, once; resolves when the device is closed, or could not be within the bound. */
  end(problem: Problem): Promise<void> {
    this.#ending ??= this.#finish(problem);
    return this.#ending;
  }

  /** The problem that the device went away, with what was said of it. */
  lost(said?: string, cause?: unknown): Problem {
    const detail = said === undefined ? undefined : `${this.name} went away: ${said}`;
    return new Problem("TRANSPORT_GONE", detail, { path: this.name }, cause === undefined ? {} : { cause });
  }

  async #finish(problem: Problem): Promise<void> {
    const { clock, inbox, release } = this.#facts;
    this.#unwatch();
    this.#over.abort(problem);
    const bounds = { clock, ms: CLOSE_TIMEOUT_MS, over: new AbortController().signal, late: () => problem };
    await bounded(bounds, release()).catch(() => undefined);
    if (inbox === undefined) return;
    // What the system had given before the end may still be on its way to the listener.
    await new Promise(setImmediate);
    inbox.end(problem);
  }
}
