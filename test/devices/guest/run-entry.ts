import { findDriver } from "../../../drivers/index.js";
import type { BleDriver } from "../../../src/kit/driver.js";
import type { PlanEntry } from "../plan.js";
import type { DeviceResult } from "../report.js";
import { type Bench, handledMeter } from "./handled-meter.js";
import { handledStandIn } from "./handled-stand-in.js";
import type { Air } from "./radio/air.js";
import { type OnAirSide, readOnAir } from "./radio/read-on-air.js";
import { readProbe } from "./radio/read-probe.js";
import { type HubSide, readByHub } from "./read-by-hub.js";
import { readStandIn } from "./read-stand-in.js";

/** The hub that reads, and where it is looked at. */
export type LabSide = Omit<OnAirSide, "right">;

/** Plugs one device in, has it read and says what came of it; never throws. `side` is null where there is no hub; `onStep` is told what was right. */
export async function runEntry(
  entry: PlanEntry,
  seed: number,
  bench: Bench,
  side: LabSide | null,
  onStep: (step: string) => void,
): Promise<DeviceResult> {
  const began = performance.now();
  const { id, transport, gadget } = entry;
  const steps: string[] = [];
  let node: string | null = null;
  const right = (step: string, at?: string): void => {
    steps.push(step);
    onStep(step);
    node = at ?? node;
  };
  let compared = 0;
  let problem: string | null = null;
  try {
    compared = await read(entry, seed, bench, side, right);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const readBy = entry.driver === null ? "stand-in" : "hub";
  return { id, transport, gadget, readBy, node, steps, compared, seconds, problem };
}

async function read(
  entry: PlanEntry,
  seed: number,
  bench: Bench,
  side: LabSide | null,
  right: HubSide["right"],
): Promise<number> {
  if (entry.driver === null) return await readWithoutHub(entry, bench, right);
  if (side === null) throw new Error("there is no hub to read it");
  if (entry.transport === "ble")
    return await readOnAir(bleDriver(entry.driver), seed, airOf(bench), { ...side, right });
  const driver = findDriver(entry.driver);
  if (driver.transport === "file" || driver.transport === "ble") throw new Error("it hangs on no cable");
  const meter = await handledMeter(driver, seed, bench);
  try {
    return await readByHub(meter, { ...side, right });
  } finally {
    meter.unplug();
  }
}

async function readWithoutHub(entry: PlanEntry, bench: Bench, right: HubSide["right"]): Promise<number> {
  if (entry.transport === "ble") return await readProbe(airOf(bench), right);
  const { device, reader } = handledStandIn(entry.transport, bench.freeController());
  try {
    return await readStandIn(reader, device, right);
  } finally {
    device.unplug();
  }
}

function airOf({ air }: Bench): Air {
  if (air === null) throw new Error("this machine has no radio");
  return air;
}

function bleDriver(id: string): BleDriver {
  const driver = findDriver(id);
  if (driver.transport !== "ble") throw new Error(`${id} is not heard on the air`);
  return driver;
}
