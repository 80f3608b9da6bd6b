import type { Clock } from "../../../src/domain/clock.js";
import type { MeterStatus } from "../../../src/domain/status.js";
import type { SimulatedReading } from "../../../src/kit/driver.js";
import type { Gate } from "./cable.js";
import { cutByAmount, cutInMidRead } from "./cut.js";
import { difference, invented } from "./difference.js";
import type { LabHub } from "./hub.js";
import { type Stored, wordsOf } from "./stored.js";
import { until } from "./until.js";

/** A meter as it is handled here, whatever carries its conversation. */
export interface HandledMeter {
  readonly driver: string;
  /** Null for a meter that does not tell one. */
  readonly serial: string | null;
  /** Whether no reading is told before all have come. */
  readonly toldAtEnd: boolean;
  /**
   * True on the air: a hub that lost a link, or was about to ask again, tries for minutes to have it back before it misses
   * the meter. That it tries in vain is enough then, and the meter comes back meanwhile.
   */
  readonly missedLate?: boolean;
  /** Plugs it in, always with the same readings in its memory, and returns those. */
  plug(gate: Gate): readonly SimulatedReading[];
  /** Switches it on again; nothing for a meter without a switch. */
  switchOn(): void;
  unplug(): void;
}

/** Who reads it, and where it looks. */
export interface HubSide {
  readonly hub: Pick<LabHub, "meters">;
  readonly stored: Pick<Stored, "readings" | "brokenOff">;
  readonly clock: Clock;
  /** Told what was right, a few words at a time. */
  readonly right: (step: string, node?: string) => void;
}

/** Longest that one reading may take, milliseconds: many drivers may be tried before, on an emulated processor. */
const LIMIT_MS = 240_000;
/** How long a person looks on before switching the meter on again, milliseconds. */
const SWITCH_ON_MS = 4_000;
const open: Gate = async () => undefined;

/**
 * Lets the hub read a meter as a person would: plugs it in and pulls it out in mid-read, and sees that nothing was invented;
 * plugs it in again, waits until it is read and compares all; and once more, after which nothing may be there twice.
 * Throws an Error that says what was wrong. Returns how many readings were alike.
 */
export async function readByHub(meter: HandledMeter, { hub, stored, clock, right }: HubSide): Promise<number> {
  let last: string | null = null;
  const status = async (): Promise<MeterStatus | null> => {
    const all = await hub.meters();
    const own = all.filter(({ driver, serial }) => driver === meter.driver && serial === meter.serial);
    const now = own.find(({ port }) => port !== null) ?? own[0] ?? null;
    const others = all.filter(({ port }) => port !== null).map(sentence);
    last = now === null ? `nothing of this meter; attached are ${others.join(" ") || "none"}` : sentence(now);
    return now;
  };
  const wait = <T>(what: string, ask: (now: MeterStatus | null) => T | null): Promise<T> =>
    until(
      what,
      LIMIT_MS,
      clock,
      async () => ask(await status()),
      () => `The hub says: ${last}`,
    );
  const waitForReading = <T>(what: string, ask: (now: MeterStatus | null) => T | null): Promise<T> => {
    let switchedAt = clock.now();
    return wait(what, (now) => {
      const noticed = now?.state === "reading" || now?.state === "done";
      if (!noticed && clock.now() - switchedAt > SWITCH_ON_MS) {
        switchedAt = clock.now();
        meter.switchOn();
      }
      return ask(now);
    });
  };
  const gone = (now: MeterStatus | null): true | null => {
    const inVain = meter.missedLate === true && (now?.state === "failed" || now?.state === "waiting");
    return now === null || now.port === null || inVain ? true : null;
  };
  const readings = (): readonly string[] => stored.readings(meter.driver, meter.serial);

  /** Pulls the cable out in the middle; the meter's memory, and whether the hub had begun to read. */
  const pulledOut = async (): Promise<{ readonly memory: readonly string[]; readonly begun: boolean }> => {
    const cut = cutInMidRead(status, () => meter.unplug(), meter.toldAtEnd, clock);
    const memory = meter.plug(cut.gate).map(wordsOf).sort();
    const isOver = (now: MeterStatus | null): true | null =>
      cut.done() || (now?.state === "done" && now.port !== null) ? true : null;
    await waitForReading("pulled out in mid-read", isOver);
    const begun = cut.done();
    if (!begun) {
      // The hub said that it reads only when all had come: what the meter sends is measured instead.
      meter.unplug();
      await wait("away after it was read too fast", gone);
      const again = cutByAmount(cut.sum(), () => meter.unplug());
      meter.plug(again.gate);
      await waitForReading("pulled out in the middle of what it sends", () => (again.done() ? true : null));
    }
    await wait("away after pulling it out in mid-read", gone);
    return { memory, begun };
  };

  const { memory, begun } = await pulledOut();
  const kept = readings();
  const extra = invented(memory, kept);
  if (extra !== null) throw new Error(`pulled out in mid-read, the store has what the meter never held: ${extra}`);
  const brokenOff = stored.brokenOff(meter.driver, meter.serial);
  const partly = begun && kept.length > 0 && kept.length < memory.length;
  if (partly && brokenOff === 0) throw new Error("the session that was cut short counts as whole");
  right(begun ? `cut in mid-read: ${kept.length} of ${memory.length} kept` : "cut in mid-dump");

  for (const step of ["whole", "again"]) {
    meter.plug(open);
    const { port } = await waitForReading("read to the end", (now) =>
      now?.state === "done" && now.port !== null ? now : null,
    );
    const found = difference(memory, readings());
    if (found !== null) throw new Error(`the store differs from the meter: ${found}`);
    right(`${step}: ${memory.length}`, port ?? undefined);
    meter.unplug();
    await wait("away after it was read", gone);
  }
  if (brokenOff > stored.brokenOff(meter.driver, meter.serial)) throw new Error("a session that broke off is gone");
  return memory.length;
}

function sentence({ state, port, detail }: MeterStatus): string {
  return `${state} at ${port ?? "no port"}: ${detail}`;
}
