import type { MeterDriver, SimulatorOptions } from "../../../src/kit/driver.js";
import { systemClock } from "../../../src/kit/system-clock.js";
import { AcmCable } from "./acm-cable.js";
import { BulkCable } from "./bulk-cable.js";
import type { Cable } from "./cable.js";
import { DiskCable } from "./disk-cable.js";
import { HidCable } from "./hid-cable.js";
import { ZONE } from "./hub.js";
import { numbersReports } from "./numbered-reports.js";
import type { Air } from "./radio/air.js";
import type { HandledMeter } from "./read-by-hub.js";

/** Any meter that hangs on a cable. */
export type PluggedDriver = Exclude<MeterDriver, { transport: "ble" }>;

/** Which cables there are. */
export interface Bench {
  /** Serial cables are few and used again and again. */
  readonly serial: Cable<ReturnType<SerialSimulate>>;
  /** Number of a software controller that nothing hangs on; a new one each time. */
  freeController(): number;
  /** Null where nothing of the plan is on the air. */
  readonly air: Air | null;
}

type SerialSimulate = Extract<MeterDriver, { transport: "serial" }>["simulate"];

/** How many readings a meter holds. */
const READINGS = 16;

/** A meter of that driver on the cable that its transport asks for. Meters of equal seeds are equal. */
export async function handledMeter(driver: PluggedDriver, seed: number, bench: Bench): Promise<HandledMeter> {
  // A memory reaches back from the moment at which it is made: each of this meter's is made at the same one.
  const made = Date.now();
  const options = (count: number, now: () => number): SimulatorOptions => ({
    ...{ count, seed, zone: ZONE, clock: { ...systemClock, now } },
  });
  const own = await plugOf(driver, bench);
  const sample = driver.simulate(options(1, () => made));
  const names = {
    vendorId: sample.usb.vendorId,
    productId: sample.usb.productId,
    maker: driver.maker,
    product: driver.models[0] ?? driver.id,
    serial: sample.serial ?? `lab-${seed}`,
  };
  return {
    driver: driver.id,
    serial: sample.serial,
    toldAtEnd: driver.integrity.over === "dump",
    plug(gate) {
      let making = true;
      const simulated = own.simulate(options(READINGS, () => (making ? made : Date.now())));
      making = false;
      own.plug(names, simulated, gate);
      return simulated.memory;
    },
    switchOn: () => own.switchOn(),
    unplug: () => own.unplug(),
  };
}

/** A driver's simulator together with the cable that fits it. */
interface Fitted<M> extends Cable<M> {
  simulate(options: SimulatorOptions): M;
}
type AnyMeter = ReturnType<PluggedDriver["simulate"]>;

async function plugOf(driver: PluggedDriver, bench: Bench): Promise<Fitted<AnyMeter>> {
  switch (driver.transport) {
    case "serial":
      return fitted(driver, bench.serial);
    case "hid": {
      const { reportBytes } = driver.simulate({ count: 1, seed: 1, zone: ZONE, clock: systemClock });
      return fitted(driver, new HidCable(bench.freeController(), reportBytes, await numbersReports(driver)));
    }
    case "block":
      return fitted(driver, new DiskCable(bench.freeController()));
    case "usb":
      return fitted(driver, new BulkCable(bench.freeController(), driver.interfaceNumber));
  }
}

/** Keeps a cable together with the only kind of meter that is ever put behind it. */
function fitted<M extends AnyMeter>(
  driver: { simulate(options: SimulatorOptions): M },
  cable: Cable<M>,
): Fitted<AnyMeter> {
  return {
    simulate: (options) => driver.simulate(options),
    plug: (names, meter, gate) => cable.plug(names, meter as M, gate),
    switchOn: () => cable.switchOn(),
    unplug: () => cable.unplug(),
  };
}

/** The serial cable on the software controller of that number. */
export function serialCable(number: number): Bench["serial"] {
  return new AcmCable(number);
}
