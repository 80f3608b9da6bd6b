import { setImmediate as turn } from "node:timers/promises";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { MeterSimulator, SerialDriver, SessionContext, SimulatedReading } from "../../src/kit/driver.js";
import type { MeterTransport, StreamTransport } from "../../src/kit/transport.js";
import type { VirtualClock } from "../../src/kit/virtual-clock.js";

/** What answers at the other end of a line. */
export type Answerer = Pick<MeterSimulator, "receive" | "start">;

/** A line with an answerer at its end; keeps what was written, one entry a write. */
export function lineTo(answerer: Answerer): StreamTransport & { readonly written: Uint8Array[]; unplug(): void } {
  const came: Uint8Array[] = [];
  const written: Uint8Array[] = [];
  let wake = (): void => undefined;
  let gone = false;
  const send = (chunk: Uint8Array): void => {
    if (gone) return;
    came.push(chunk);
    wake();
  };
  answerer.start?.(send);
  return {
    kind: "stream",
    name: "bench",
    written,
    async read(signal) {
      while (came.length === 0) {
        signal?.throwIfAborted();
        if (gone) throw new Problem("TRANSPORT_GONE");
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener("abort", () => resolve(), { once: true });
        });
      }
      return came.shift() ?? new Uint8Array();
    },
    async write(bytes) {
      if (gone) throw new Problem("TRANSPORT_GONE");
      written.push(Uint8Array.from(bytes));
      answerer.receive(bytes, send);
    },
    async close() {},
    unplug() {
      gone = true;
      wake();
    },
  };
}

/** All that a session told, and how it ended. */
export interface Heard {
  readonly events: readonly SessionEvent[];
  readonly readings: readonly SourceReading[];
  /** Problem code; null if it ended by itself. */
  readonly code: string | null;
  readonly reason: unknown;
  readonly written: readonly Uint8Array[];
  /** Virtual milliseconds. */
  readonly tookMs: number;
}

/** What may be said beside the driver and who answers it. */
export interface HearOptions {
  readonly patience?: "full" | "probe";
  readonly stop?: (event: SessionEvent) => boolean;
  readonly keys?: ReadonlyMap<string, Uint8Array>;
  /** What the last whole session told to go on from. */
  readonly resume?: (serial: string | null) => Promise<string | null>;
}

/**
 * Runs a driver's session against an answerer on the virtual clock, which goes on whenever the program has come to
 * rest. `stop` is asked at each event; true ends the session as a person would.
 */
export async function hear(
  driver: Pick<SerialDriver, "session">,
  answerer: Answerer,
  clock: VirtualClock,
  options: HearOptions = {},
): Promise<Heard> {
  const transport = lineTo(answerer);
  return { ...(await hearOn(driver, transport, clock, options)), written: transport.written };
}

/** The same as `hear` on any transport; what was written is for that to tell. */
export async function hearOn<T extends MeterTransport>(
  driver: { session(context: SessionContext<T>): AsyncIterable<SessionEvent> },
  transport: T,
  clock: VirtualClock,
  options: HearOptions,
): Promise<Omit<Heard, "written">> {
  const abort = new AbortController();
  const events: SessionEvent[] = [];
  const startMs = clock.now();
  let reason: unknown = null;
  const { patience = "full", keys, resume } = options;
  const context: SessionContext<T> = {
    transport,
    clock,
    signal: abort.signal,
    log: silentLog,
    patience,
    ...(keys === undefined ? {} : { keys }),
    ...(resume === undefined ? {} : { resume }),
  };
  await inVirtualTime(clock, async () => {
    try {
      for await (const event of driver.session(context)) {
        events.push(event);
        if (options.stop?.(event) === true) abort.abort(new Problem("TRANSPORT_CANCELED"));
      }
    } catch (error) {
      reason = error;
    }
  });
  return {
    events,
    readings: events.flatMap((event) => (event.type === "readings" ? event.readings : [])),
    code: reason === null ? null : asProblem(reason).code,
    reason,
    tookMs: clock.now() - startMs,
  };
}

/** Awaits the work while the clock goes on whenever the program has come to rest. Throws if it never ends. */
export async function inVirtualTime<T>(clock: VirtualClock, work: () => Promise<T>): Promise<T> {
  let ended = false;
  const running = work().finally(() => {
    ended = true;
  });
  running.catch(() => undefined);
  for (let rest = 0; !ended && rest < 1_000; ) {
    await turn();
    rest = clock.advanceToNext() ? 0 : rest + 1;
  }
  if (!ended) throw new Error("nothing goes on any more, and the work has not ended");
  return await running;
}

/** A reading in the words of a simulator's memory. */
export function inMemoryWords(reading: SourceReading): SimulatedReading {
  const { deviceTime, kind, value, unit, outOfRange, control, meal } = reading;
  return {
    deviceTime: deviceTime ?? "",
    kind,
    value: value ?? Number.NaN,
    unit: unit ?? "",
    outOfRange,
    control,
    meal,
  };
}
