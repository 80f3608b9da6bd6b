import { findDriver } from "../../../drivers/index.js";
import type { PlanEntry } from "../plan.js";
import type { DeviceResult } from "../report.js";
import { type Bench, handledMeter } from "./handled-meter.js";
import { handledStandIn } from "./handled-stand-in.js";
import { type HubSide, readByHub } from "./read-by-hub.js";
import { readStandIn } from "./read-stand-in.js";

/** Plugs one device in, has it read and says what came of it; never throws. */
export async function runEntry(
  entry: PlanEntry,
  seed: number,
  bench: Bench,
  side: Omit<HubSide, "right">,
): Promise<DeviceResult> {
  const began = performance.now();
  const { id, transport, gadget } = entry;
  const steps: string[] = [];
  let node: string | null = null;
  const right = (step: string, at?: string): void => {
    steps.push(step);
    node = at ?? node;
  };
  let compared = 0;
  let problem: string | null = null;
  try {
    compared = await read(entry, seed, bench, { ...side, right });
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const readBy = entry.driver === null ? "stand-in" : "hub";
  return { id, transport, gadget, readBy, node, steps, compared, seconds, problem };
}

async function read(entry: PlanEntry, seed: number, bench: Bench, side: HubSide): Promise<number> {
  if (entry.driver === null) {
    const { device, reader } = handledStandIn(entry.transport, bench.freeController());
    try {
      return await readStandIn(reader, device, side.right);
    } finally {
      device.unplug();
    }
  }
  const driver = findDriver(entry.driver);
  if (driver.transport === "file") throw new Error("an export is no device");
  const meter = await handledMeter(driver, seed, bench);
  try {
    return await readByHub(meter, side);
  } finally {
    meter.unplug();
  }
}
