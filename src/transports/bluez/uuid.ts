/** What stands behind a short id in a full one (Core Specification, volume 3, part B, section 2.5.1). */
const BASE = "-0000-1000-8000-00805f9b34fb";

/** An id as BlueZ writes it (`00001808-0000-1000-8000-00805f9b34fb`) as `GattName` does: `1808`, or in full. */
export function shortUuid(full: string): string {
  const lower = full.toLowerCase();
  return lower.startsWith("0000") && lower.length === 36 && lower.endsWith(BASE) ? lower.slice(4, 8) : lower;
}

/** The same, backwards. */
export function fullUuid(id: string): string {
  const lower = id.toLowerCase();
  return /^[0-9a-f]{4}$/.test(lower) ? `0000${lower}${BASE}` : lower;
}
