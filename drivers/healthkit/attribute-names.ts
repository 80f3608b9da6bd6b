/** A bit for each attribute that is read. */
export const [TYPE_BIT, UNIT_BIT, VALUE_BIT, SOURCE_BIT, START_BIT, END_BIT, DEVICE_BIT] = [
  1, 2, 4, 8, 16, 32, 64,
] as const;
/** The attributes by their length; on all but the device a reading stands or falls. */
const ATTRIBUTES: readonly (readonly { readonly name: Buffer; readonly bit: number }[])[] = byLength([
  ["type", TYPE_BIT],
  ["unit", UNIT_BIT],
  ["value", VALUE_BIT],
  ["sourceName", SOURCE_BIT],
  ["startDate", START_BIT],
  ["endDate", END_BIT],
  ["device", DEVICE_BIT],
]);

function byLength(names: readonly (readonly [name: string, bit: number])[]): { name: Buffer; bit: number }[][] {
  const table: { name: Buffer; bit: number }[][] = Array.from({ length: 16 }, () => []);
  for (const [name, bit] of names) table[name.length]?.push({ name: Buffer.from(name), bit });
  return table;
}

/** The attribute's bit; 0 if it is none that is read. */
export function attributeAt(window: Uint8Array, from: number, to: number): number {
  const alike = ATTRIBUTES[to - from];
  if (alike === undefined) return 0;
  for (const { name, bit } of alike) {
    let index = 0;
    while (index < name.length && name[index] === window[from + index]) index++;
    if (index === name.length) return bit;
  }
  return 0;
}
