import type { MemoryTraits } from "../../src/kit/simulated.js";
import type { GattName } from "../../src/kit/transport.js";

/** What kind of meter it is. */
export interface Make {
  readonly manufacturer: string;
  readonly model: string;
  readonly firmware: string;
  serial(seed: number): string;
  name(serial: string): string;
  passkey(seed: number): number | null;
  readonly traits: MemoryTraits;
  /** Where its clock is; at `fff1` it is asked and set by words, else it is a value. */
  readonly clock: GattName;
  readonly firstSequence: number;
  /** How far what it shows is ahead of the base time; null: it sends no offset. */
  readonly offsetMinutes: number | null;
  /** Type and location byte of blood, and of control solution. */
  readonly blood: number;
  readonly control: number;
  readonly hasStatus: boolean;
  /** How HI and LO are sent: as infinities with their status bit, as numbers with it, or as plain numbers. */
  readonly beyond: "infinite" | "status" | "plain";
}

/** Year, low byte first, month, day, hour, minute, second. */
export function dateOf(wall: string): number[] {
  const [year = 0, ...rest] = wall.split(/[-T:]/).map(Number);
  return [year % 256, Math.floor(year / 256), ...rest];
}
