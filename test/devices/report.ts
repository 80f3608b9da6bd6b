import type { Gadget, LabTransport } from "./plan.js";

/** What came of one device. */
export interface DeviceResult {
  readonly id: string;
  readonly transport: LabTransport;
  readonly gadget: Gadget;
  /** `hub`: a driver of the catalogue, in the hub; `stand-in`: the lab itself, through the transport's library. */
  readonly readBy: "hub" | "stand-in";
  /** Device node, or the USB device's place. */
  readonly node: string | null;
  /** What was right, each a few words, in order. */
  readonly steps: readonly string[];
  /** Readings compared, alike in the end; blocks, reports or packets of a stand-in. */
  readonly compared: number;
  readonly seconds: number;
  /** Null if all was right. */
  readonly problem: string | null;
}

/** What the second machine tells the first, a line each. */
export type GuestMessage =
  | { readonly type: "up"; readonly kernel: string; readonly node: string; readonly readOnlyRoot: boolean }
  | { readonly type: "progress"; readonly line: string }
  | { readonly type: "device"; readonly result: DeviceResult }
  | { readonly type: "end"; readonly hub: HubEnd | null; readonly problem: string | null };

/** What the store says of the whole run. */
export interface HubEnd {
  readonly records: number;
  /** Sessions that were kept, and how many of them broke off. */
  readonly sessions: number;
  readonly brokenOff: number;
  /** What the database says of itself; `ok`. */
  readonly integrity: string;
}

/** A message from a line; null for what is none (a line cut short, the console's noise). */
export function parseMessage(line: string): GuestMessage | null {
  try {
    const parsed: unknown = JSON.parse(line);
    return isMessage(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function isMessage(value: unknown): value is GuestMessage {
  const types = ["up", "progress", "device", "end"];
  return typeof value === "object" && value !== null && "type" in value && types.includes(String(value.type));
}
