import type { BleDriver, BleSimulator } from "../../../../src/kit/driver.js";
import { systemClock } from "../../../../src/kit/system-clock.js";
import type { Gate } from "../cable.js";
import { difference } from "../difference.js";
import type { LabHub } from "../hub.js";
import { ZONE } from "../hub.js";
import { type HandledMeter, type HubSide, readByHub } from "../read-by-hub.js";
import { wordsOf } from "../stored.js";
import { until } from "../until.js";
import type { Air } from "./air.js";
import { pairByHub } from "./pair-by-hub.js";
import { RadioMeter } from "./radio-meter.js";

/** How many readings a meter holds. */
const READINGS = 16;
/** About how often it takes a new one, once its clock goes on, milliseconds. */
const TEST_EVERY_MS = 60_000;
const LIMIT_MS = 240_000;

/** A hub that can be told to pair. */
export interface OnAirSide extends HubSide {
  readonly hub: Pick<LabHub, "meters" | "call">;
}

/**
 * Lets the hub read a meter on the air as a person would: pairs it, after which it is read as any other, the link being lost
 * in the middle first; then takes a test, and sees that the hub has that one too and asked for little more. Throws an Error
 * that says what was wrong. Returns how many readings were alike.
 */
export async function readOnAir(driver: BleDriver, seed: number, air: Air, side: OnAirSide): Promise<number> {
  const { display, radio } = air;
  const adapter = radio.freeAdapter();
  const meter = new Memory(driver, seed);
  const onAir = await RadioMeter.make(radio.line, adapter, meter.simulator());
  const { serial } = meter.simulator();
  const port = `ble:${onAir.address}`;
  const pairing = {
    ...{ hub: side.hub, clock: side.clock, right: side.right, shows: () => display.shows(adapter) },
    async watchDisplay() {
      display.blank(adapter);
      await display.takeOver();
    },
  };
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  let last: Promise<void> = Promise.resolve();
  /** One thing after the other: coming near while it still goes away would cut the new link. */
  const after = (work: () => Promise<void>): void => {
    last = last.then(work).catch(fail);
  };
  let sent = 0;
  let paired = false;
  const near = (gate: Gate): BleSimulator => {
    const simulator = meter.simulator();
    after(() =>
      onAir.comeNear(simulator, async (amount) => {
        sent += amount;
        await gate(amount);
      }),
    );
    return simulator;
  };
  const handled: HandledMeter = {
    ...{ driver: driver.id, serial, toldAtEnd: driver.integrity.over === "dump", missedLate: true },
    plug(gate) {
      sent = 0;
      const { memory } = near(gate);
      if (!paired) void last.then(() => pairByHub(port, pairing)).catch(fail);
      paired = true;
      return memory;
    },
    switchOn: () => undefined,
    unplug: () => after(() => onAir.goAway()),
  };
  try {
    const alike = await Promise.race([readByHub(handled, side), failed]);
    meter.takeTests();
    return alike + (await Promise.race([readNew(alike), failed]));
  } finally {
    await last;
    await onAir.end();
  }

  async function readNew(known: number): Promise<number> {
    sent = 0;
    const memory = near(async () => undefined)
      .memory.map(wordsOf)
      .sort();
    const more = memory.length - known;
    if (more <= 0) throw new Error("the meter took no test");
    const found = (): string | null => difference(memory, side.stored.readings(driver.id, serial));
    const read = async (): Promise<true | null> => {
      const status = (await side.hub.meters()).find((one) => one.port === port);
      return status?.state === "done" && found() === null ? true : null;
    };
    await until("a new test to be read", LIMIT_MS, side.clock, read, () => found() ?? "It is in the store.");
    if (driver.capabilities.incremental === "yes" && sent > known) {
      throw new Error(`the meter sent ${sent} notices for ${more} new tests: all was asked for again`);
    }
    side.right(`${more} new, in ${sent} notices`);
    return more;
  }
}

/** What a meter holds: the same whenever it is looked at, until tests are taken. */
class Memory {
  readonly #driver: BleDriver;
  readonly #seed: number;
  readonly #made = Date.now();
  #goesOn = false;

  constructor(driver: BleDriver, seed: number) {
    this.#driver = driver;
    this.#seed = seed;
  }

  /** The meter anew, with that memory. */
  simulator(): BleSimulator {
    let making = true;
    const now = (): number => {
      if (making) return this.#made;
      // Until then its clock stands before the next test.
      return this.#goesOn ? this.#made + 1.5 * TEST_EVERY_MS : Math.min(Date.now(), this.#made + TEST_EVERY_MS / 2);
    };
    const simulator = this.#driver.simulate({
      ...{ count: READINGS, seed: this.#seed, zone: ZONE, clock: { ...systemClock, now } },
      newReadingEveryMs: TEST_EVERY_MS,
    });
    making = false;
    return simulator;
  }

  /** From now on it holds one test more, or two. */
  takeTests(): void {
    this.#goesOn = true;
  }
}
