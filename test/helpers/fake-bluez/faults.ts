import type { GattNotice } from "../../../src/kit/transport.js";

/** What becomes of one notice on its way: none, one, or several; `index` counts from 0 within a connection. */
export type Twist = (notice: GattNotice, index: number) => readonly GattNotice[];

/** What may go wrong with a meter; may be changed at any time. */
export interface MeterFaults {
  /** The meter has forgotten the bond, though it is kept here. */
  bondForgotten: boolean;
  /** Members of Device1 and GattCharacteristic1 that are never answered. */
  readonly silent: Set<string>;
  /** `Connect` fails with these words of BlueZ. */
  connectFails: string | null;
  /** `Pair` fails with this error's short name, before anybody is asked. */
  pairFails: string | null;
  /** The link drops right behind so many notices of each connection. */
  dropAfterNotices: number | null;
  /** What becomes of notices. */
  twist: Twist | null;
  /** The services are never told as known. */
  servicesHidden: boolean;
}

/** Nothing is wrong. */
export function noFaults(): MeterFaults {
  return {
    bondForgotten: false,
    silent: new Set(),
    connectFails: null,
    pairFails: null,
    dropAfterNotices: null,
    twist: null,
    servicesHidden: false,
  };
}

/** That notice comes twice. */
export function doubled(at: number): Twist {
  return (notice, index) => (index === at ? [notice, notice] : [notice]);
}

/** That notice never comes. */
export function missing(at: number): Twist {
  return (notice, index) => (index === at ? [] : [notice]);
}

/** That notice loses its last bytes. */
export function cutShort(at: number, bytes: number): Twist {
  return (notice, index) => (index === at ? [{ ...notice, bytes: notice.bytes.slice(0, -bytes) }] : [notice]);
}

/** That notice comes behind the next one. */
export function swapped(at: number): Twist {
  let held: GattNotice | null = null;
  return (notice, index) => {
    if (index === at) {
      held = notice;
      return [];
    }
    const late = held;
    held = null;
    return late === null ? [notice] : [notice, late];
  };
}
