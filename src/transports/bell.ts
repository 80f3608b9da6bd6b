import { type FSWatcher, watch } from "node:fs";

/** How long events are gathered before looking, milliseconds: a plugged meter shows in several steps. */
const GATHER_MS = 100;

/** Waits for a ring, then a little longer for what comes with it; or for the slow beat, or the signal. */
export class Bell {
  readonly #everyMs: number;
  readonly #signal: AbortSignal;
  #rung = false;
  #wake: (() => void) | null = null;

  /** @param everyMs the slow beat */
  constructor(everyMs: number, signal: AbortSignal) {
    this.#everyMs = everyMs;
    this.#signal = signal;
  }

  /** Something may have changed. */
  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves when it is time to look. */
  async wait(): Promise<void> {
    if (!this.#rung) await this.#pause(this.#everyMs, true);
    if (this.#rung) await this.#pause(GATHER_MS, false);
    this.#rung = false;
  }

  #pause(ms: number, ringEnds: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#signal.removeEventListener("abort", done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (ringEnds) this.#wake = done;
      this.#signal.addEventListener("abort", done, { once: true });
      if (this.#signal.aborted) done();
    });
  }
}

/** Rings when a name that matters comes or goes. Where the system can't tell, only the slow look is left. */
export function listen(folder: string, matters: (name: string) => boolean, bell: Bell): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, (event, name) => {
      // Traffic on an open port shows as `change` too: only its coming and going is worth a look at once.
      if (event === "rename" && (name === null || matters(name))) bell.ring();
    });
    watcher.on("error", () => undefined);
    return [watcher];
  } catch {
    return [];
  }
}
