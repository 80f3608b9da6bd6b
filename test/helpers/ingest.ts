import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import type { MeterSimulator } from "../../src/kit/driver.js";
import type { StreamTransport } from "../../src/kit/transport.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { Store } from "../../src/store/store.js";

/** 5 March 2024 in London: no change of the clocks is near. */
export const NOW_MS = Date.parse("2024-03-05T12:00:00Z");

/** A folder that goes away with the test. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-ingest-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A fresh store in a folder that goes away with the test. */
export async function tempStore(): Promise<Store> {
  const store = await Store.open({ path: join(tempFolder(), "glucohub.db"), role: "local" });
  onTestFinished(() => store.close());
  return store;
}

/** The store through another connection, with SQL that is nobody's but the test's. */
export function look<T = Record<string, unknown>>(store: { readonly path: string }, sql: string): T[] {
  const raw = new Database(store.path, { readonly: true });
  try {
    return raw.prepare(sql).all() as T[];
  } finally {
    raw.close();
  }
}

/** A store whose nth write (from 1) and all after it go through `instead`. */
export function storeWith(
  store: Store,
  nth: number,
  instead: (write: () => Promise<unknown>) => Promise<unknown>,
): Store {
  let writes = 0;
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const bound = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      if (name !== "write") return bound;
      return (...args: unknown[]) => {
        writes += 1;
        return writes < nth ? bound(...args) : instead(() => bound(...args));
      };
    },
  });
}

/** A capillary glucose of a meter, 5.6 mmol/L or what is given. */
export function reading(given: Partial<SourceReading> = {}): SourceReading {
  const deviceTime = given.deviceTime === undefined ? "2024-03-05T08:00:00" : given.deviceTime;
  return {
    kind: "glucose",
    value: 101,
    value2: null,
    unit: "mg/dL",
    outOfRange: null,
    control: false,
    meal: null,
    specimen: null,
    delivery: null,
    note: null,
    instantMs: null,
    endMs: null,
    utcOffset: null,
    index: null,
    asSent: String(given.value ?? 101),
    sourceKey: null,
    device: null,
    sourceName: null,
    raw: Buffer.from(`${deviceTime} ${given.value ?? 101}`),
    ...given,
    deviceTime,
  };
}

/** That many readings, five minutes apart, newest first, values 80 and on. */
export function readings(count: number): SourceReading[] {
  return Array.from({ length: count }, (_, number) => {
    const at = Date.parse("2024-03-05T11:00:00Z") - number * 300_000;
    return reading({ deviceTime: new Date(at).toISOString().slice(0, 19), value: 80 + (number % 400) });
  });
}

/** A meter names itself. */
export function identity(serial: string | null = "SER1"): SessionEvent {
  return {
    type: "identity",
    identity: { manufacturer: "Maker", model: "Model", serial, firmware: "1.0", displayUnit: null },
    source: "meter",
    sourceName: null,
  };
}

/** A meter shows its clock; by default the right one in London at `NOW_MS`. */
export function clock(deviceTime: string | null = "2024-03-05T12:00:00"): SessionEvent {
  return { type: "clock", deviceTime };
}

/** One event with these readings. */
export function told(...list: SourceReading[]): SessionEvent {
  return { type: "readings", readings: list };
}

/** One thing that could not be understood. */
export function unreadable(text: string): SessionEvent {
  return { type: "unreadable", unreadable: { code: "FRAME_CHECKSUM", detail: "damaged", raw: Buffer.from(text) } };
}

/** The events, and then the end or the error. */
export async function* events(list: readonly SessionEvent[], error: unknown = null): AsyncGenerator<SessionEvent> {
  for (const event of list) yield event;
  if (error !== null) throw error;
}

/** Resolves when the condition holds; rejects with its text after ten seconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A cable between the hub and a simulated meter, in memory. */
export interface Cable extends StreamTransport {
  unplug(): void;
  /** How often it was closed. */
  readonly closed: number;
}

/** Connects a simulated meter. */
export function cable(meter: Pick<MeterSimulator, "receive">): Cable {
  const came: Uint8Array[] = [];
  let end: Problem | null = null;
  let closed = 0;
  let wake = (): void => undefined;
  const over = (problem: Problem): void => {
    end ??= problem;
    wake();
  };
  return {
    kind: "stream",
    name: "cable",
    get closed() {
      return closed;
    },
    unplug: () => over(new Problem("TRANSPORT_GONE")),
    async read(signal) {
      for (;;) {
        signal?.throwIfAborted();
        const bytes = came.shift();
        if (bytes !== undefined) return bytes;
        if (end !== null) throw end;
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    },
    async write(bytes, signal) {
      signal?.throwIfAborted();
      if (end !== null) throw end;
      meter.receive(bytes, (answer) => {
        came.push(answer);
        wake();
      });
    },
    async close() {
      closed += 1;
      over(new Problem("TRANSPORT_CANCELED"));
    },
  };
}

/** A virtual clock that goes on by itself to the next alarm as soon as nothing else goes on; ends with the test. */
export function runningClock(startMs: number): VirtualClock {
  const virtual = new VirtualClock(startMs);
  let going = true;
  const tick = (): void => {
    if (!going) return;
    virtual.advanceToNext();
    setImmediate(tick);
  };
  setImmediate(tick);
  onTestFinished(() => {
    going = false;
  });
  return virtual;
}
