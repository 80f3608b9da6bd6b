import type { Clock, Log } from "../../domain/clock.js";
import { isProblem, Problem } from "../../domain/problem.js";
import { until, wordsOf } from "../bounded.js";
import { type Bus, type BusAnswer, type BusCall, type BusSaying, connectBus } from "./bus.js";
import { dbusLibrary } from "./library.js";
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from "./limits.js";
import { BLUEZ, DBUS, DBUS_PATH, OBJECT_MANAGER, PROPERTIES, ROOT_PATH } from "./names.js";
import { ObjectTree } from "./object-tree.js";
import { text } from "./plain.js";
import { Refusal } from "./refusal.js";

/** The only rules by which the bus chooses what to send us: all that BlueZ says, and its own coming and going. */
export const MATCH_RULES = [
  `type='signal',sender='${BLUEZ}'`,
  `type='signal',sender='${DBUS}',interface='${DBUS}',member='NameOwnerChanged',arg0='${BLUEZ}'`,
] as const;

/** A call to BlueZ. */
export type BluezCall = Omit<BusCall, "destination">;

/** Where BlueZ is looked for. */
export interface LinkOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly address: string;
}

type State =
  | { readonly is: "connecting" }
  | { readonly is: "up"; readonly bus: Bus; readonly over: AbortController }
  | { readonly is: "missing"; readonly problem: Problem };

/**
 * The way to BlueZ, which is looked for anew, with growing pauses, whenever the bus or BlueZ goes away; and the tree of
 * its objects, empty whenever it is away.
 */
export class BluezLink {
  readonly tree = new ObjectTree();
  /** Who answers calls of BlueZ to us; null: no method of ours. */
  answer: (saying: BusSaying) => Promise<BusAnswer> | null = () => null;
  readonly #options: LinkOptions;
  readonly #closed = new AbortController();
  readonly #onUp = new Set<() => void>();
  readonly #onState = new Set<() => void>();
  #state: State = { is: "connecting" };
  #owner: string | null = null;
  #bus: Bus | null = null;
  #running: Promise<void> | null = null;
  /** Ends the pause before the next try. */
  #hurry = new AbortController();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Why BlueZ can't be used now; null while it can, or while that is not known yet. */
  get trouble(): Problem | null {
    return this.#state.is === "missing" ? this.#state.problem : null;
  }

  /** True while the bus is there, with or without BlueZ. */
  get onBus(): boolean {
    return this.#bus !== null;
  }

  /** Calls that wait for their answer. */
  get waiting(): number {
    return this.#bus?.waiting ?? 0;
  }

  /** Calls back each time that BlueZ is found, and at once if it is there; until the returned function is called. */
  onUp(found: () => void): () => void {
    this.#onUp.add(found);
    if (this.#state.is === "up") found();
    return () => void this.#onUp.delete(found);
  }

  /** Starts looking for BlueZ, if that was not done yet. */
  start(): void {
    if (!this.#closed.signal.aborted) this.#running ??= this.#run();
  }

  /**
   * Resolves when BlueZ is there and its objects are known, with a signal that is aborted with BLUETOOTH_MISSING when it
   * goes. Rejects with BLUETOOTH_MISSING if it was looked for and is not there, and with the signal's reason.
   */
  async ready(signal?: AbortSignal): Promise<AbortSignal> {
    signal?.throwIfAborted();
    this.#closed.signal.throwIfAborted();
    this.start();
    if (this.#bus === null && this.#state.is === "missing") {
      // Somebody asks: no time for pauses, and what was found before is not what they ask for.
      this.#set({ is: "connecting" });
      this.#hurry.abort();
    }
    let look = (): void => undefined;
    const settled = new Promise<AbortSignal>((resolve, reject) => {
      look = (): void => {
        const state = this.#state;
        if (state.is === "up") resolve(state.over.signal);
        if (state.is === "missing") reject(state.problem);
      };
      this.#onState.add(look);
      look();
    });
    try {
      return await until(signal ?? this.#closed.signal, settled);
    } finally {
      this.#onState.delete(look);
    }
  }

  /** Calls BlueZ. Rejects as `Bus.call` does, and with BLUETOOTH_MISSING if it is not there. */
  async call(call: BluezCall): Promise<readonly unknown[]> {
    const state = this.#state;
    if (state.is !== "up") throw this.trouble ?? new Problem("BLUETOOTH_MISSING", undefined, { reason: "bus" });
    try {
      return await state.bus.call({ ...call, destination: BLUEZ });
    } catch (error) {
      // The name was given up while the call was under way.
      const gone = error instanceof Refusal && ["ServiceUnknown", "NameHasNoOwner"].includes(error.short);
      throw gone ? bluezProblem(error.message) : error;
    }
  }

  /** A value with its type, for calls whose signature says `v`. */
  variant(signature: string, value: unknown): unknown {
    if (this.#bus === null) throw new Problem("BLUETOOTH_MISSING", undefined, { reason: "bus" });
    return this.#bus.variant(signature, value);
  }

  async close(): Promise<void> {
    this.#closed.abort(new Problem("TRANSPORT_CANCELED"));
    this.#hurry.abort();
    this.#bus?.close();
    await this.#running;
    this.#lose(new Problem("TRANSPORT_CANCELED"));
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    let pause = FIRST_PAUSE_MS;
    while (!this.#closed.signal.aborted) {
      this.#hurry = new AbortController();
      this.#set({ is: "connecting" });
      try {
        const over = await this.#connect();
        pause = FIRST_PAUSE_MS;
        await new Promise((resolve) => over.addEventListener("abort", resolve, { once: true }));
        throw over.reason;
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        const said = wordsOf(error);
        const problem = isProblem(error)
          ? error
          : new Problem("BLUETOOTH_MISSING", `the system's message bus declines us: ${said}`, { reason: "bus", said });
        log.debug({ problem: problem.message, pause }, "no way to Bluetooth");
        this.#lose(problem);
      }
      await clock.sleep(pause, this.#hurry.signal).catch(() => undefined);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    }
  }

  /** Connects to the bus and asks for BlueZ; gives what is aborted when the bus goes. */
  async #connect(): Promise<AbortSignal> {
    const { clock, address } = this.#options;
    const ears = {
      signal: (saying: BusSaying): void => this.#hear(saying),
      // Nobody but BlueZ may ask for a pairing's digits.
      call: (saying: BusSaying) => (saying.sender === this.#owner ? this.answer(saying) : null),
    };
    const bus = await connectBus(await loadLibrary(), address, clock, ears);
    this.#bus = bus;
    if (this.#closed.signal.aborted) bus.close();
    try {
      for (const rule of MATCH_RULES) await bus.call(toBus("AddMatch", rule));
      const owner = await bus.call(toBus("GetNameOwner", BLUEZ)).catch((error: unknown) => {
        if (error instanceof Refusal) return [];
        throw error;
      });
      // It may have been told meanwhile.
      this.#follow(this.#owner ?? text(owner[0]) ?? "");
    } catch (error) {
      bus.close();
      throw error;
    }
    return bus.over;
  }

  #hear({ sender, path, interface: name, member, body }: BusSaying): void {
    const { tree } = this;
    if (sender === DBUS) {
      if (member === "NameOwnerChanged" && body[0] === BLUEZ) this.#follow(text(body[2]) ?? "");
      return;
    }
    if (sender !== this.#owner) return;
    const [first, second, third] = body;
    if (name === OBJECT_MANAGER && member === "InterfacesAdded") tree.added(text(first) ?? "", second);
    if (name === OBJECT_MANAGER && member === "InterfacesRemoved") tree.removed(text(first) ?? "", second);
    if (name === PROPERTIES && member === "PropertiesChanged") tree.changed(path, text(first) ?? "", second, third);
  }

  /** BlueZ is that connection from now on; an empty name: it is away. */
  #follow(owner: string): void {
    if (owner === this.#owner) return;
    this.#owner = owner;
    this.#down(bluezProblem("its service bluetooth does not run"), owner === "");
    if (owner !== "") void this.#load(owner);
  }

  /** Asks for all objects, until that works or BlueZ is another one. */
  async #load(owner: string): Promise<void> {
    const { clock, log } = this.#options;
    const bus = this.#bus;
    for (let pause = FIRST_PAUSE_MS; bus !== null && bus === this.#bus && this.#owner === owner; pause *= 2) {
      try {
        await bus.call({
          destination: BLUEZ,
          path: ROOT_PATH,
          interface: OBJECT_MANAGER,
          member: "GetManagedObjects",
          // At once, so that the changes that come right behind it are not lost on objects that are not there yet.
          arrived: ([objects]) => {
            if (this.#owner === owner) this.tree.reset(objects);
          },
        });
        if (bus !== this.#bus || this.#owner !== owner) return;
        this.#set({ is: "up", bus, over: new AbortController() });
        for (const found of [...this.#onUp]) found();
        return;
      } catch (error) {
        if (bus.over.aborted || this.#owner !== owner) return;
        log.warn({ said: wordsOf(error) }, "BlueZ does not tell what there is");
        this.#set({ is: "missing", problem: bluezProblem(wordsOf(error)) });
        await clock.sleep(Math.min(LONGEST_PAUSE_MS, pause), bus.over).catch(() => undefined);
      }
    }
  }

  /** The bus is gone, and BlueZ with it. */
  #lose(problem: Problem): void {
    this.#bus = null;
    this.#owner = null;
    this.#down(problem, true);
  }

  /** @param known false: another BlueZ is just being asked */
  #down(problem: Problem, known: boolean): void {
    const was = this.#state;
    this.#set(known ? { is: "missing", problem } : { is: "connecting" });
    if (was.is === "up") was.over.abort(problem);
    this.tree.clear();
  }

  #set(state: State): void {
    this.#state = state;
    for (const look of [...this.#onState]) look();
  }
}

async function loadLibrary(): Promise<Awaited<ReturnType<typeof dbusLibrary>>> {
  try {
    return await dbusLibrary();
  } catch (cause) {
    const said = wordsOf(cause);
    throw new Problem("BLUETOOTH_MISSING", `the D-Bus library can't be loaded: ${said}`, { reason: "bus" }, { cause });
  }
}

function toBus(member: string, argument: string): BusCall {
  return { destination: DBUS, path: DBUS_PATH, interface: DBUS, member, signature: "s", body: [argument] };
}

function bluezProblem(said: string): Problem {
  const detail = `BlueZ, which Linux does Bluetooth with, does not answer: ${said}`;
  return new Problem("BLUETOOTH_MISSING", detail, { reason: "bluez", said });
}
