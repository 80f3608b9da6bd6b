import { wallMs } from "../../../src/domain/zone.js";
import type { SimulatedMemory, SimulatedTest } from "../../../src/kit/simulated.js";

/** A test as it stands in a log: with its number, and the time that the clock showed. */
export interface NumberedTest extends SimulatedTest {
  readonly number: number;
}

/** A clock change as it stands in a log. */
export interface NumberedChange {
  readonly number: number;
  readonly from: string;
  readonly to: string;
}

/** A memory whose tests and clock changes are numbered by one counter, as Abbott's meters do it. */
export interface NumberedMemory {
  /** Newest first. */
  tests(): readonly NumberedTest[];
  changes(): readonly NumberedChange[];
  clockWasSet(from: string, to: string): void;
  moved(ms: number): void;
}

/** Numbers a memory from that number on. `seconds`: whether its stamps have them. */
export function numberedMemory(memory: SimulatedMemory, first: number, seconds: boolean): NumberedMemory {
  const known = new WeakMap<SimulatedTest, NumberedTest>();
  const changes: NumberedChange[] = [];
  let next = first;
  let movedMs = 0;

  function tests(): NumberedTest[] {
    const held = memory.tests();
    const numbered: NumberedTest[] = [];
    for (let at = held.length - 1; at >= 0; at -= 1) {
      const test = held[at];
      if (test === undefined) continue;
      const one = known.get(test) ?? { ...test, deviceTime: shown(test.deviceTime), number: next };
      if (one.number === next) next += 1;
      known.set(test, one);
      numbered.push(one);
    }
    return numbered.reverse();
  }

  function shown(wall: string): string {
    const moved = new Date(wallMs(wall) + movedMs).toISOString().slice(0, 19);
    return seconds ? moved : `${moved.slice(0, 16)}:00`;
  }

  return {
    tests,
    changes: () => changes,
    clockWasSet(from, to) {
      tests();
      changes.unshift({ number: next, from, to });
      next += 1;
    },
    moved(ms) {
      tests();
      movedMs = ms;
    },
  };
}
