import { asProblem } from "../domain/problem.js";
import type { MeterStatus } from "../domain/status.js";
import { type KnownMeter, listMeters } from "../store/meters.js";
import type { Attachment } from "../transports/attachments.js";
import { claim, mayBeMeter, sameAttachment } from "./attachment.js";
import { awayStatus } from "./meter-status.js";
import { awayMeters, oneMeter } from "./one-meter.js";
import { PortLoop, type PortLoopOptions } from "./port-loop.js";

/**
 * Tells of every change of what is attached, each time the whole list, the first time at once; until the signal is
 * aborted (`watchDevices` of the transports, or a stand-in).
 */
export type WatchPorts = (onChange: (attached: readonly Attachment[]) => void, signal: AbortSignal) => unknown;

/** What the meters' watch is started with. */
export interface MetersOptions extends Omit<PortLoopOptions, "rereadEveryMs"> {
  readonly watchPorts: WatchPorts;
  /** A meter that was read is read again after that many milliseconds (the demo); default: only when plugged in again. */
  readonly rereadEveryMs?: number | null;
}

/** The running watch. */
export interface Meters {
  /** Attached ports first, then known meters that are away. */
  status(): Promise<MeterStatus[]>;
  /** Reads the meter at that port now; false if nothing that a driver claims is attached there. */
  readAgain(port: string): boolean;
  /** Ends everything within five seconds; what was told by then is stored. */
  stop(): Promise<void>;
}

/** How long stopping may take, milliseconds. */
const STOP_MS = 5_000;

/**
 * Reads every meter that is plugged in, each port by itself, until stopped. A meter that was read is left alone until
 * it is plugged in again; one that does not answer yet is tried again while it is attached.
 */
export function startMeters(options: MetersOptions): Meters {
  const { store, clock, log } = options;
  const watching = new AbortController();
  const loops = new Map<string, PortLoop>();
  const leaving = new Set<PortLoop>();
  const same = oneMeter(options.drivers);
  const loopOptions: PortLoopOptions = { ...options, rereadEveryMs: options.rereadEveryMs ?? null };

  async function detach(loop: PortLoop): Promise<void> {
    loops.delete(loop.attachment.port);
    leaving.add(loop);
    await loop.detach();
    leaving.delete(loop);
    const { status } = loop;
    const port = status.serial === null ? status.port : null;
    options.onStatus({ ...status, port, state: "away", detail: unplugged(status) });
  }

  function attach(attachment: Attachment): void {
    if (watching.signal.aborted) return;
    loops.set(attachment.port, new PortLoop(attachment, loopOptions));
  }

  function onChange(attached: readonly Attachment[]): void {
    if (watching.signal.aborted) return;
    const meant = attached.filter((one) => mayBeMeter(one, claim(options.drivers, one)));
    const now = new Map(meant.map((attachment) => [attachment.port, attachment]));
    for (const [port, loop] of [...loops]) {
      const there = now.get(port);
      if (there === undefined) void detach(loop);
      else if (!sameAttachment(there, loop.attachment)) {
        void detach(loop);
        log.debug({ port }, "another device is at a port");
      }
    }
    for (const attachment of now.values()) if (!loops.has(attachment.port)) attach(attachment);
  }

  Promise.resolve(options.watchPorts(onChange, watching.signal)).catch((error: unknown) => {
    if (!watching.signal.aborted) log.error({ code: asProblem(error).code }, "the ports can't be watched any more");
  });

  return {
    async status() {
      const known = await listMeters(store);
      const attached = [...loops.values()].map(({ status }) => withPast(status, known));
      return [...attached, ...awayMeters(known, attached, same).map(away)];
    },
    readAgain: (port) => loops.get(port)?.readAgain() ?? false,
    async stop() {
      watching.abort();
      const all = Promise.all([...leaving, ...loops.values()].map((loop) => loop.stop()));
      loops.clear();
      const bound = new AbortController();
      await Promise.race([all, clock.sleep(STOP_MS, bound.signal).catch(() => undefined)]);
      bound.abort();
    },
  };
}

function unplugged({ state, detail }: MeterStatus): string {
  return state === "failed" ? `Unplugged. ${detail}` : "Unplugged.";
}

function withPast(status: MeterStatus, known: readonly KnownMeter[]): MeterStatus {
  const past = known.find(({ driver, serial }) => driver === status.driver && serial === status.serial);
  return past === undefined ? status : { ...status, lastRead: status.lastRead ?? past.lastReadAt };
}

function away(meter: KnownMeter): MeterStatus {
  const { outcome } = meter;
  const detail = outcome === "done" ? "Read to the end the last time." : `The last session ended with ${outcome}.`;
  return awayStatus(meter, detail);
}
