import type { Clock, Log } from "../../domain/clock.js";
import { wordsOf } from "../bounded.js";
import { type AdapterObject, chooseAdapter } from "./adapter.js";
import type { BluezLink } from "./bluez-link.js";
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, RELEASE_MS } from "./limits.js";
import { ADAPTER, PROPERTIES } from "./names.js";
import { refusalOf } from "./refusal.js";

/**
 * Lets the adapter listen for what is in reach while somebody wants that and nobody connects: many adapters can't do both
 * at once. It listens all the time, as a meter may advertise for no more than some seconds after a test; the hub is on
 * the mains. An adapter that was off is switched on first; one that somebody switches off stays off.
 */
export class Scanner {
  readonly #link: BluezLink;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #closed = new AbortController();
  readonly #onListening = new Set<(deafMs: number) => void>();
  readonly #forget: readonly (() => void)[];
  #wants = 0;
  #pauses = 0;
  /** The path of the adapter that listens for us. */
  #listening: string | null = null;
  /** When listening ended last, by the clock; before the first time everything is excused. */
  #deafSince = 0;
  /** Adapters that somebody switched off while we were there: that was meant. */
  readonly #leftOff = new Set<string>();
  /** Why it can't; told once. */
  #trouble: string | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #retry = new AbortController();
  #work: Promise<void> = Promise.resolve();

  constructor(link: BluezLink, clock: Clock, log: Log) {
    this.#link = link;
    this.#clock = clock;
    this.#log = log;
    this.#forget = [
      link.onUp(() => void this.#look()),
      link.tree.listen(null, ({ type, path, interface: name, news }) => {
        if (name !== ADAPTER) return;
        // BlueZ forgets that we wanted to listen when the adapter goes, or goes off.
        const stopped = type !== "changed" || news.get("Discovering") === false || news.get("Powered") === false;
        if (stopped && path === this.#listening) this.#ended();
        if (type !== "changed" || news.get("Powered") === true) this.#leftOff.delete(path);
        else if (news.get("Powered") === false) this.#leftOff.add(path);
        if (stopped || news.has("Powered")) void this.#look();
      }),
    ];
  }

  /** True while adverts are heard, so that silence means that nobody is there. */
  get listening(): boolean {
    return this.#listening !== null;
  }

  /** Why it does not listen though somebody wants it to; null if nothing is wrong. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Calls back whenever listening begins, with how long nobody listened before, until the returned function is called. */
  onListening(begun: (deafMs: number) => void): () => void {
    this.#onListening.add(begun);
    return () => void this.#onListening.delete(begun);
  }

  /** Listens until the returned function is called. */
  want(): () => void {
    this.#wants += 1;
    void this.#look();
    return once(() => {
      this.#wants -= 1;
      void this.#look();
    });
  }

  /** Resolves when nobody listens, which lasts until the returned function is called. */
  async pause(): Promise<() => void> {
    this.#pauses += 1;
    await this.#look();
    return once(() => {
      this.#pauses -= 1;
      void this.#look();
    });
  }

  async close(): Promise<void> {
    for (const forget of this.#forget) forget();
    this.#closed.abort();
    this.#retry.abort();
    await this.#look();
  }

  /** Makes it so, after what is being done already. */
  #look(): Promise<void> {
    this.#work = this.#work.then(() => this.#step());
    return this.#work;
  }

  /** Never rejects. */
  async #step(): Promise<void> {
    if (this.#link.trouble !== null && this.#listening !== null) this.#ended();
    const wanted = this.#wants > 0 && this.#pauses === 0 && !this.#closed.signal.aborted;
    const adapter = this.#link.trouble === null ? chooseAdapter(this.#link.tree) : null;
    if (!wanted && this.#listening !== null) await this.#stop(this.#listening);
    if (!wanted || this.#listening !== null || adapter === null) return;
    try {
      await this.#start(adapter);
      this.#trouble = null;
      this.#pauseMs = FIRST_PAUSE_MS;
      const deafMs = this.#clock.now() - this.#deafSince;
      for (const begun of [...this.#onListening]) begun(deafMs);
    } catch (error) {
      this.#tell(adapter, wordsOf(error));
      this.#later();
    }
  }

  async #start({ path, powered }: AdapterObject): Promise<void> {
    if (!powered) {
      if (this.#leftOff.has(path)) throw new Error("somebody switched it off");
      const body = [ADAPTER, "Powered", this.#link.variant("b", true)];
      await this.#link.call({ path, interface: PROPERTIES, member: "Set", signature: "ssv", body });
    }
    // With a filter BlueZ tells of every advert that it hears, not only of the first.
    const filter = { Transport: this.#link.variant("s", "le"), DuplicateData: this.#link.variant("b", true) };
    await this.#link.call({
      path,
      interface: ADAPTER,
      member: "SetDiscoveryFilter",
      signature: "a{sv}",
      body: [filter],
    });
    await this.#link.call({ path, interface: ADAPTER, member: "StartDiscovery" }).catch((error: unknown) => {
      // We listen already: BlueZ only paused for a moment.
      if (refusalOf(error, "InProgress") === null) throw error;
    });
    this.#listening = path;
  }

  #ended(): void {
    this.#listening = null;
    this.#deafSince = this.#clock.now();
  }

  async #stop(path: string): Promise<void> {
    this.#ended();
    const call = { path, interface: ADAPTER, member: "StopDiscovery", ms: RELEASE_MS };
    await this.#link.call(call).catch(() => undefined);
  }

  #tell({ name }: AdapterObject, said: string): void {
    const trouble = `the adapter ${name} does not listen: ${said}`;
    if (trouble !== this.#trouble) this.#log.warn({ adapter: name, said }, "the Bluetooth adapter does not listen");
    this.#trouble = trouble;
  }

  #later(): void {
    this.#retry.abort();
    this.#retry = new AbortController();
    const pause = this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, pause * 2);
    this.#clock.sleep(pause, this.#retry.signal).then(
      () => this.#look(),
      () => undefined,
    );
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
