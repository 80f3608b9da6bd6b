import type { Clock } from "../../src/domain/clock.js";
import type { MeterSimulator } from "../../src/kit/driver.js";
import {
  type SimulatedObject,
  type SimulatedSegment,
  simulatedDevice,
  timeBytes,
  two,
} from "../shared/ieee11073/simulated-device.js";
import { entryMap, guideAttributes, OBJECTS } from "./simulator.js";

/** A meter of the tests: a Guide, but for what is said otherwise. */
export interface Script {
  readonly clock: Clock;
  readonly segments: readonly SimulatedSegment[];
  readonly objects?: readonly SimulatedObject[];
  readonly serial?: string;
  /** What its clock shows; it stands still. */
  readonly shows?: string;
  readonly attributes?: readonly (readonly [number, readonly number[]])[];
  readonly declines?: number;
  readonly entriesPerEvent?: number;
  /** Takes a new time; without it the meter declines. */
  readonly setClock?: (time: readonly number[]) => boolean;
}

/** A meter that holds just these segments, entry by entry. */
export function scriptedMeter(script: Script): Required<Pick<MeterSimulator, "start" | "receive">> {
  const { clock, segments, serial = "92517304468", shows = "2024-05-06T08:08:41" } = script;
  return simulatedDevice({
    objects: script.objects ?? Object.values(OBJECTS),
    storeHandle: OBJECTS.store.handle,
    attributes: () => script.attributes ?? guideAttributes(serial, shows),
    segments: () => segments,
    setClock: script.setClock ?? (() => false),
    declines: script.declines ?? 0,
    entriesPerEvent: script.entriesPerEvent ?? 80,
    clock,
    seed: 1,
  });
}

/** An entry: its time, and so many words. */
export function entry(time: string, ...words: readonly number[]): number[] {
  return [...timeBytes(time), ...words.flatMap(two)];
}

/** Segments as a Guide has them, with these entries. */
export const SEGMENT = {
  glucose: (...entries: number[][]) => segment(0, OBJECTS.glucose, [0x0a4c, 0x0947], entries),
  control: (...entries: number[][]) => segment(1, OBJECTS.control, [0x0a4c, 0x0947], entries),
  status: (...entries: number[][]) => segment(2, OBJECTS.status, [0x0a66], entries),
  meal: (...entries: number[][]) => segment(3, OBJECTS.meal, [0x0a49], entries),
} as const;

/** A segment of any object. */
export function segment(
  instance: number,
  object: SimulatedObject,
  attributes: readonly number[],
  entries: readonly (readonly number[])[],
): SimulatedSegment {
  return { instance, label: `PMSeg${instance}`, map: entryMap(object, attributes), entries };
}
