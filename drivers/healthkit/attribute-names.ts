/** A bit for each attribute that is read. */
export const [TYPE_BIT, UNIT_BIT, VALUE_BIT, SOURCE_BIT, START_BIT, END_BIT, DEVICE_BIT] = [
  1, 2, 4, 8, 16, 32, 64,
] as const;
/** Of a `MetadataEntry`, beside its value. */
export const KEY_BIT = 1;

/** Attributes by the length of their names. */
type Names = readonly (readonly { readonly name: Buffer; readonly bit: number }[])[];

/** Those of a record; on all but the device a reading stands or falls. */
const ATTRIBUTES: Names = byLength([
  ["type", TYPE_BIT],
  ["unit", UNIT_BIT],
  ["value", VALUE_BIT],
  ["sourceName", SOURCE_BIT],
  ["startDate", START_BIT],
  ["endDate", END_BIT],
  ["device", DEVICE_BIT],
]);

const ENTRY_ATTRIBUTES = byLength([
  ["key", KEY_BIT],
  ["value", VALUE_BIT],
]);

function byLength(names: readonly (readonly [name: string, bit: number])[]): Names {
  const table: { name: Buffer; bit: number }[][] = Array.from({ length: 16 }, () => []);
  for (const [name, bit] of names) table[name.length]?.push({ name: Buffer.from(name), bit });
  return table;
}

/** The bit of a record's attribute; 0 if it is none that is read. */
export function attributeAt(window: Uint8Array, from: number, to: number): number {
  return bitOf(ATTRIBUTES, window, from, to);
}

/** The same of a `MetadataEntry`'s. */
export function entryAttributeAt(window: Uint8Array, from: number, to: number): number {
  return bitOf(ENTRY_ATTRIBUTES, window, from, to);
}

function bitOf(names: Names, window: Uint8Array, from: number, to: number): number {
  const alike = names[to - from];
  if (alike === undefined) return 0;
  for (const { name, bit } of alike) {
    let index = 0;
    while (index < name.length && name[index] === window[from + index]) index++;
    if (index === name.length) return bit;
  }
  return 0;
}
