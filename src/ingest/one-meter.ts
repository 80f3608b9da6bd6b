import type { Driver } from "../kit/driver.js";

/** What a meter is known by: the driver that reads it and its serial number. */
export interface MeterName {
  readonly driver: string | null;
  readonly serial: string | null;
}

/** Tells whether two names are one meter's: the same serial number, by the same driver or by another link to it. */
export function oneMeter(drivers: readonly Driver[]): (a: MeterName, b: MeterName) => boolean {
  const links = new Map(drivers.map((driver) => [driver.id, driver.otherLinks ?? []]));
  const linked = (a: string, b: string): boolean =>
    links.get(a)?.includes(b) === true || links.get(b)?.includes(a) === true;
  return (a, b) =>
    a.serial !== null &&
    a.serial === b.serial &&
    a.driver !== null &&
    b.driver !== null &&
    (a.driver === b.driver || linked(a.driver, b.driver));
}

/** Of the known meters, the last read first, those that are not attached, each once whatever links it was read over. */
export function awayMeters<T extends MeterName>(
  known: readonly T[],
  attached: readonly MeterName[],
  same: (a: MeterName, b: MeterName) => boolean,
): readonly T[] {
  const away: T[] = [];
  for (const one of known) {
    if (![...attached, ...away].some((other) => same(one, other))) away.push(one);
  }
  return away;
}
