import type { SimulatedMemory, SimulatedTest } from "../../../src/kit/simulated.js";

/** A virtual meter's memory whose clock can be set. */
export interface SettableMemory extends SimulatedMemory {
  /** The clock shows this wall time from now on; tests taken before keep their stamps. */
  set(wall: string): void;
}

/** Adds a clock that can be set to a memory. Tests taken after that are stamped by the clock as it was set. */
export function settable(memory: SimulatedMemory): SettableMemory {
  let shiftMs = 0;
  const stamped = new Map<SimulatedTest, SimulatedTest>();
  const tests = (): readonly SimulatedTest[] =>
    memory.tests().map((test) => {
      const known = stamped.get(test) ?? { ...test, deviceTime: shifted(test.deviceTime, shiftMs) };
      stamped.set(test, known);
      return known;
    });
  return {
    tests,
    clock: () => shifted(memory.clock(), shiftMs),
    set(wall) {
      tests();
      shiftMs = Date.parse(`${wall}Z`) - Date.parse(`${memory.clock()}Z`);
    },
  };
}

/** Tests are stamped to the minute. */
function shifted(wall: string, ms: number): string {
  return ms === 0 ? wall : new Date(Date.parse(`${wall}Z`) + ms).toISOString().slice(0, 19);
}
