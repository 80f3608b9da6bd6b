import type { PlanEntry } from "./plan.js";

/** How many serial meters are plugged in at once; the kernel has lines for four at least. */
const SERIAL_LANES = 3;
/** How many of all others. */
const FUNCTION_LANES = 2;

/** Entries that are done one after the other, beside the other lanes. */
export interface Lane {
  readonly kind: "acm" | "ftdi" | "functions";
  /** Shared by lanes of a kind: each takes the next one. */
  readonly queue: PlanEntry[];
}

/** Lanes for a plan: some with serial meters, one with the FTDI cable, some with all that FunctionFS presents. */
export function makeLanes(plan: readonly PlanEntry[]): readonly Lane[] {
  const serial = plan.filter(({ gadget }) => gadget === "acm");
  const ftdi = plan.filter(({ gadget }) => gadget === "ftdi");
  const functions = plan.filter(({ gadget }) => gadget !== "acm" && gadget !== "ftdi");
  return [
    ...lanesOf("acm", serial, SERIAL_LANES),
    ...lanesOf("ftdi", ftdi, 1),
    ...lanesOf("functions", functions, FUNCTION_LANES),
  ];
}

function lanesOf(kind: Lane["kind"], queue: PlanEntry[], most: number): readonly Lane[] {
  return Array.from({ length: Math.min(most, queue.length) }, () => ({ kind, queue }));
}

/** How many software controllers a plan needs: one a serial lane, used again; one each for all else but the FTDI cable. */
export function controllersFor(plan: readonly PlanEntry[]): number {
  const serial = plan.filter(({ gadget }) => gadget === "acm").length;
  const functions = plan.filter(({ gadget }) => gadget !== "acm" && gadget !== "ftdi").length;
  return Math.min(SERIAL_LANES, serial) + functions;
}
