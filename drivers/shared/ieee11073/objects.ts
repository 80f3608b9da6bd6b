import { Problem } from "../../../src/domain/problem.js";
import { MderReader } from "./mder.js";
import { ATTRIBUTE, CLASS } from "./nomenclature.js";

/** Attributes by their code, each with its bytes. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/** An object that a device is made of. */
export interface DeviceObject {
  readonly classId: number;
  readonly handle: number;
  readonly attributes: Attributes;
}

/** What a device is made of. */
export interface Configuration {
  /** The report's number, to be named in the answer. */
  readonly id: number;
  readonly objects: readonly DeviceObject[];
}

/** A code with the partition in which it stands. */
export interface Nomen {
  readonly partition: number;
  readonly code: number;
}

/** A list of attributes. Throws FRAME_MALFORMED for what does not fit, also for an attribute that stands twice. */
export function readAttributes(reader: MderReader): Attributes {
  const entries = reader.sequence((item) => [item.u16(), item.octets()] as const);
  return asAttributes(entries);
}

/** The event by which a device tells what it is made of: any set of objects, any attributes (sheet a). */
export function readConfiguration(info: Uint8Array): Configuration {
  const reader = new MderReader(info, "A configuration");
  const id = reader.u16();
  const objects = reader.sequence((item) => {
    const [classId, handle, count] = [item.u16(), item.u16(), item.u16()];
    const inner = item.inner();
    const entries = Array.from({ length: count }, () => [inner.u16(), inner.octets()] as const);
    inner.end();
    return { classId, handle, attributes: asAttributes(entries) };
  });
  reader.end();
  if (new Set(objects.map(({ handle }) => handle)).size !== objects.length) {
    throw new Problem("FRAME_MALFORMED", "Two objects of a configuration have the same handle.");
  }
  return { id, objects };
}

/** The persistent store of a device; null if it has none, and so nothing to be read. */
export function storeOf({ objects }: Configuration): DeviceObject | null {
  return objects.find(({ classId }) => classId === CLASS.store) ?? null;
}

/** An attribute of two bytes; null where it is not told, or is of another length. */
export function wordAttribute(attributes: Attributes, id: number): number | null {
  const value = attributes.get(id);
  return value?.length === 2 ? new MderReader(value, "An attribute").u16() : null;
}

/** What an object measures; null where it does not say. */
export function typeOf({ attributes }: DeviceObject): Nomen | null {
  const value = attributes.get(ATTRIBUTE.type);
  if (value?.length !== 4) return null;
  const reader = new MderReader(value, "A type");
  return { partition: reader.u16(), code: reader.u16() };
}

function asAttributes(entries: readonly (readonly [number, Uint8Array])[]): Attributes {
  const attributes = new Map(entries);
  if (attributes.size !== entries.length) throw new Problem("FRAME_MALFORMED", "An attribute stands twice in a list.");
  return attributes;
}
