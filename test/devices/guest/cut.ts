import type { Clock } from "../../../src/domain/clock.js";
import type { MeterStatus } from "../../../src/domain/status.js";
import type { Gate } from "./cable.js";

/** How often the hub is asked before it reads, milliseconds: that takes its time from it. */
const ASK_EVERY_MS = 100;
/** With so many readings told it is the middle of a session; */
const READINGS = 3;
/** and so is it after so many pieces, whatever was told; sooner with a meter whose readings are told only at the end. */
const [PIECES, PIECES_OF_A_DUMP] = [30, 4] as const;

/** Of what a meter sent in all, tries of other drivers included: so much, and it is the middle of the next time. */
const SHARE = 0.35;

/** Something that pulls a cable out at the right moment. */
export interface Cut {
  readonly gate: Gate;
  /** Whether it has. */
  done(): boolean;
  /** How much the meter was about to send until then. */
  sum(): number;
}

/** A gate that pulls the cable out when the meter sends what it sent in the middle of an earlier time. */
export function cutByAmount(earlier: number, unplug: () => void): Cut {
  let sum = 0;
  let done = false;
  return {
    async gate(amount) {
      sum += amount;
      if (done || sum < earlier * SHARE) return;
      done = true;
      unplug();
    },
    done: () => done,
    sum: () => sum,
  };
}

/**
 * A gate that pulls the cable out in the middle of a session. What the meter sends passes until the hub says that it reads:
 * a driver that only tries whether it is its meter waits no longer than it must. From then on each piece is held back while
 * the hub is asked how far it is.
 */
export function cutInMidRead(
  status: () => Promise<MeterStatus | null>,
  unplug: () => void,
  toldAtEnd: boolean,
  clock: Pick<Clock, "now">,
): Cut {
  let asked = Number.NEGATIVE_INFINITY;
  let asking = false;
  let reading = false;
  let pieces = 0;
  let done = false;
  let sum = 0;
  const look = async (): Promise<void> => {
    asking = true;
    asked = clock.now();
    const meter = await status().catch(() => null);
    asking = false;
    reading = meter?.state === "reading";
  };
  return {
    async gate(amount) {
      sum += amount;
      if (done) return;
      if (!reading) {
        if (!asking && clock.now() - asked >= ASK_EVERY_MS) void look();
        return;
      }
      const meter = await status();
      if (done || meter?.state !== "reading") return;
      pieces += 1;
      if (meter.progress.read < READINGS && pieces < (toldAtEnd ? PIECES_OF_A_DUMP : PIECES)) return;
      done = true;
      unplug();
    },
    done: () => done,
    sum: () => sum,
  };
}
