import { SIMULATED_KEYS } from "../../drivers/freestyle-libre2/simulator.js";
import type { MeterDriver, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { type Misbehaviour, misbehaving } from "../../src/kit/misbehave.js";
import type { VirtualClock } from "../../src/kit/virtual-clock.js";
import { misbehavingBle } from "./misbehaving-ble.js";
import { misbehavingHid } from "./misbehaving-hid.js";
import { hearBle } from "./simulated-ble.js";
import { hearBlock } from "./simulated-block.js";
import { hearHid } from "./simulated-hid.js";
import { type Heard, hear } from "./simulated-line.js";

/** A virtual meter of any kind, and what a session with it told. */
export interface MeterHeard {
  readonly heard: Heard;
  readonly serial: string | null;
  readonly memory: readonly SimulatedReading[];
  /** Reads the same meter once more, as a hub does that was declined; null where that is never asked for. */
  readonly again: (() => Promise<Heard>) | null;
}

/** Makes a driver's own virtual meter, lets it misbehave on its wire where it can, and reads it in virtual time. */
export async function hearMeter(
  driver: MeterDriver,
  simulated: SimulatorOptions,
  clock: VirtualClock,
  kinds: readonly Misbehaviour[] = [],
  seed = 9,
): Promise<MeterHeard> {
  if (driver.transport === "hid") {
    const meter = driver.simulate(simulated);
    const heard = await hearHid(driver, misbehavingHid(meter, kinds, clock, seed), clock, { keys: SIMULATED_KEYS });
    return { heard, serial: meter.serial, memory: meter.memory, again: null };
  }
  if (driver.transport === "block") {
    const meter = driver.simulate(simulated);
    return { heard: await hearBlock(driver, meter, clock), serial: meter.serial, memory: meter.memory, again: null };
  }
  if (driver.transport === "ble") {
    const meter = driver.simulate(simulated);
    const answerer = misbehavingBle(meter, kinds, clock, seed);
    const again = (): Promise<Heard> => hearBle(driver, answerer, clock);
    return { heard: await again(), serial: meter.serial, memory: meter.memory, again };
  }
  const meter = driver.simulate(simulated);
  const heard = await hear(driver, misbehaving(meter, kinds, clock, seed), clock);
  return { heard, serial: meter.serial, memory: meter.memory, again: null };
}
