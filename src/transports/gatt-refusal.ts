import { isProblem, Problem } from "../domain/problem.js";

/** What a hub does to a characteristic. */
export type GattOperation = "read" | "write" | "subscribe";

/** That a meter declined an operation, as a transcript has it behind `! error`. */
export interface GattRefusal {
  readonly operation: GattOperation;
  readonly channel: string;
  /** What the operation rejects with. */
  readonly problem: Problem;
}

const FORM = /^(GATT_REFUSED|METER_UNPAIRED) (read|write|subscribe) \[([^\]]+)\](?: 0x([0-9a-f]{2}))?$/;
const OPERATIONS: Readonly<Record<string, GattOperation>> = { read: "read", write: "write", subscribe: "subscribe" };

/**
 * The text of an operation that the meter declined: `GATT_REFUSED write [2a52] 0x80`, with the attribute protocol's error
 * code where it is known; null for any other error. The link may be used on afterwards, as after no other error.
 */
export function printRefusal(operation: GattOperation, channel: string, error: unknown): string | null {
  if (!isProblem(error, "GATT_REFUSED", "METER_UNPAIRED")) return null;
  const { att } = error.context;
  const known = typeof att === "number" && Number.isInteger(att) && att >= 0 && att <= 0xff;
  return `${error.code} ${operation} [${channel}]${known ? ` 0x${att.toString(16).padStart(2, "0")}` : ""}`;
}

/** The refusal that such a text tells of; null if it tells of something else. */
export function parseRefusal(text: string): GattRefusal | null {
  const [, code, word = "", channel = "", att] = FORM.exec(text) ?? [];
  const operation = OPERATIONS[word];
  if (operation === undefined) return null;
  const kind = code === "METER_UNPAIRED" ? code : "GATT_REFUSED";
  const context = att === undefined ? {} : { att: Number.parseInt(att, 16) };
  return { operation, channel, problem: new Problem(kind, undefined, context) };
}
