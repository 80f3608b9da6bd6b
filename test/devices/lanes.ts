import type { PlanEntry } from "./plan.js";

/** How many serial meters are plugged in at once; the kernel has lines for four at least. */
const SERIAL_LANES = 3;
/** How many of all others. */
const FUNCTION_LANES = 2;

/** Entries that are done one after the other, beside the other lanes. */
export interface Lane {
  readonly kind: "acm" | "ftdi" | "functions" | "radio";
  /** Shared by lanes of a kind: each takes the next one. */
  readonly queue: PlanEntry[];
}

/** Lanes for a plan: some with serial meters, one with the FTDI cable, some with all that FunctionFS presents, one on the air. */
export function makeLanes(plan: readonly PlanEntry[]): readonly Lane[] {
  const serial = plan.filter(({ gadget }) => gadget === "acm");
  const ftdi = plan.filter(({ gadget }) => gadget === "ftdi");
  const radio = plan.filter(({ gadget }) => gadget === "radio");
  const functions = plan.filter(isFunction);
  return [
    ...lanesOf("acm", serial, SERIAL_LANES),
    ...lanesOf("ftdi", ftdi, 1),
    ...lanesOf("functions", functions, FUNCTION_LANES),
    // One after the other: BlueZ has one agent for all who pair, and meters would be paired in each other's place.
    ...lanesOf("radio", radio, 1),
  ];
}

function lanesOf(kind: Lane["kind"], queue: PlanEntry[], most: number): readonly Lane[] {
  return Array.from({ length: Math.min(most, queue.length) }, () => ({ kind, queue }));
}

/** How many software controllers a plan needs: one a serial lane, used again; one each for functions. */
export function controllersFor(plan: readonly PlanEntry[]): number {
  const serial = plan.filter(({ gadget }) => gadget === "acm").length;
  return Math.min(SERIAL_LANES, serial) + plan.filter(isFunction).length;
}

/** How many meters a plan has on the air. */
export function radiosFor(plan: readonly PlanEntry[]): number {
  return plan.filter(({ gadget }) => gadget === "radio").length;
}

function isFunction({ gadget }: PlanEntry): boolean {
  return gadget === "hid" || gadget === "disk" || gadget === "bulk";
}
