/** 1 January 2009, from which the receiver counts seconds (sheets a and b). */
export const EPOCH_MS = Date.UTC(2009, 0, 1);
/** Where a time stands that was never set. */
export const NO_TIME = 0xffff_ffff;

/** Seconds since the receiver's epoch as wall time: `2024-05-06T08:08:09`. */
export function wallOf(seconds: number): string {
  return new Date(EPOCH_MS + seconds * 1000).toISOString().slice(0, 19);
}

/** Wall time as seconds since the receiver's epoch. */
export function secondsOf(wall: string): number {
  return Math.floor((Date.parse(`${wall}Z`) - EPOCH_MS) / 1000);
}
