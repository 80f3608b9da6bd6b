import type { UsbNames } from "./gadget.js";

/**
 * Stands between a meter and the cable: told how much the meter is about to send, at each piece (bytes, reports, or blocks
 * that were asked for), which waits meanwhile. It may pull the cable out.
 */
export type Gate = (amount: number) => Promise<void>;

/** A device that can be plugged in and pulled out; whoever answers behind it is new each time. */
export interface Cable<M> {
  /** Plugs it in with that meter behind it. */
  plug(names: UsbNames, meter: M, gate: Gate): void;
  /** Switches the meter on again, as a person does who sees that nothing happens; nothing for a meter without a switch. */
  switchOn(): void;
  /** Pulls it out, at this very moment; what the meter sends from then on is lost. */
  unplug(): void;
}
