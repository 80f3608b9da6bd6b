import { draw } from "./random.js";

/** What can go wrong between a hub and its cloud. */
export const FAULTS = [
  /** Nobody answers. */
  "refuse",
  /** Nobody answers for a while, whoever asks. */
  "outage",
  /** The request gets lost, and the hub waits in vain. */
  "lost-request",
  /** The hub waits in vain; the request arrives when it has given up. */
  "late-request",
  /** Carried out, then the line breaks. */
  "lost-answer",
  /** Carried out, then the line breaks in the middle of the answer. */
  "cut-answer",
  /** Carried out in part, then the line breaks. */
  "partial",
  /** Carried out, and once more later. */
  "duplicate",
  "throttled",
  /** 500, 502 or 503, not carried out. */
  "server-error",
  /** 502, carried out. */
  "error-after",
  /** 401 or 403 for a while. */
  "unauthorised",
  /** Carried out; the answer ends too early but looks whole. */
  "truncated",
  /** Carried out; the answer is JSON of another shape. */
  "other-shape",
  /** A page in HTML, 200, from somebody in between. */
  "html",
  /** Nothing at all, 200, from somebody in between. */
  "empty",
  /** An earlier answer to the same question. */
  "stale",
  /** Somebody edits in the cloud just before. */
  "edit-before",
  /** Somebody edits in the cloud between two changes of a push. */
  "edit-within",
  /** Somebody edits in the cloud just after. */
  "edit-after",
  /** A page tells one change twice. */
  "told-twice",
  /** The results of a push stand in another order, or one is missing. */
  "wrong-results",
  /** The answer takes long. */
  "slow",
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a fault can befall. */
const ONLY: Readonly<Partial<Record<Fault, readonly string[]>>> = {
  partial: ["POST"],
  "edit-within": ["POST"],
  "wrong-results": ["POST"],
  stale: ["GET"],
  "told-twice": ["GET"],
  // A capture's answer has no content that its protocol names: an empty one is as good as any.
  empty: ["GET", "POST"],
  "other-shape": ["GET", "POST"],
  truncated: ["GET", "POST"],
};

/** Which faults there are in a run, and how often. */
export interface FaultMix {
  readonly kinds: readonly Fault[];
  /** Of all requests, how many meet one of all kinds; 0 to 1. */
  readonly rate: number;
}

/**
 * What befalls the request of that number, or null. Drawn from all kinds, and then dropped where the mix lacks it: so
 * that taking one kind out of a run does not move the others.
 */
export function faultOf(seed: number, mix: FaultMix, number: number, method: string): Fault | null {
  if (draw(seed, "fault", number) >= mix.rate) return null;
  const kind = FAULTS[Math.floor(draw(seed, "kind", number) * FAULTS.length)];
  if (kind === undefined || !mix.kinds.includes(kind)) return null;
  const only = ONLY[kind];
  return only === undefined || only.includes(method) ? kind : null;
}
