import type { BleSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { seededRandom, simulatedSerial } from "../../src/kit/simulated.js";
import type { Make } from "./simulated-make.js";
import { simulatedMeter } from "./simulated-meter.js";

/** An Accu-Chek Guide: an hour of time offset, LO as an infinity with its status bit, the clock in the Glucose Service. */
export const GUIDE: Make = {
  manufacturer: "Roche",
  model: "925",
  firmware: "v1.9.6\0",
  // As its virtual meter on USB makes it from the same seed, with the same memory: both are one meter.
  serial: (seed) => simulatedSerial(seed, "925NNNNNNNN"),
  name: (serial) => `meter+${serial.slice(3)}`,
  passkey: (seed) => Math.floor(seededRandom(seed ^ 0x9a55)() * 1_000_000),
  traits: {
    capacity: 720,
    low: 20,
    high: 600,
    seconds: true,
    meals: ["before", "after", "fasting", "bedtime"],
    control: true,
    ketone: false,
  },
  clock: { service: "1808", characteristic: "2a08" },
  firstSequence: 4,
  offsetMinutes: 60,
  blood: 0xf8,
  control: 0xfa,
  hasStatus: true,
  beyond: "infinite",
};

/** A CareSens Dual: ketone marked as meal 6, HI and LO as plain numbers, and a clock at a place of its maker's own. */
export const DUAL: Make = {
  manufacturer: "i-SENS",
  model: "CareSens Dual",
  firmware: "1.5",
  serial: (seed) => simulatedSerial(seed, "DNNNANNNNNN"),
  name: (serial) => `CareSens ${serial.slice(-4)}`,
  passkey: () => null,
  traits: {
    capacity: 1_000,
    low: 20,
    high: 600,
    seconds: true,
    meals: ["before", "after", "fasting"],
    control: true,
    ketone: true,
  },
  clock: { service: "fff0", characteristic: "fff1" },
  firstSequence: 1,
  offsetMinutes: 0,
  blood: 0x11,
  control: 0x4a,
  hasStatus: false,
  beyond: "plain",
};

/** A meter as the profile alone describes it: a Current Time Service, no offset, HI and LO by status beside a number. */
export const PLAIN: Make = {
  ...GUIDE,
  manufacturer: "Example",
  model: "Plain 1",
  firmware: "1.0",
  serial: (seed) => simulatedSerial(seed, "PANNNNNNA"),
  name: () => "Plain",
  passkey: () => null,
  clock: { service: "1805", characteristic: "2a2b" },
  firstSequence: 0,
  offsetMinutes: null,
  blood: 0x11,
  control: 0x1a,
  beyond: "status",
};

/** A virtual Accu-Chek Guide, with a memory that its seed decides; it holds up to 5,000 tests if it is asked to. */
export function simulate(options: SimulatorOptions): BleSimulator {
  return simulatedMeter(options, GUIDE);
}
