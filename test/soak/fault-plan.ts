import type { Random } from "./random.js";

/** What can go wrong between a hub and its cloud. */
export const FAULT_KINDS = [
  /** The connection is reset before the cloud has anything. */
  "reset",
  /** Half of the request reaches the cloud, then both connections are reset. */
  "cut-request",
  /** The cloud did it all, and the connection is reset instead of the answer. */
  "reset-after",
  /** The same in the middle of the answer. */
  "cut-answer",
  /** Half of the answer, as if it were whole. */
  "truncated",
  /** A captive portal's page instead of the cloud. */
  "html",
  /** The cloud did it all; a gateway answers with its own page of an error. */
  "html-after",
  /** JSON of another program. */
  "nonsense",
  /** The token is refused, for a few requests. */
  "unauthorized",
  /** Pushes of more than a few changes are too large, for a few requests. */
  "too-large",
  "slow-down",
  "busy",
  /** The answer comes byte by byte. */
  "drip",
  /** The request is delivered twice; the answer is that of the first or of the second. */
  "twice",
  /** The connection is reset, and the request reaches the cloud all the same, later. */
  "late",
  /** The cloud has lost its sequence of changes. */
  "cursor-lost",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What a request is to a hub's cloud: `poll` waits for a change, `pull` does not. */
export type RequestKind = "push" | "pull" | "poll" | "capture" | "other";

/** Most requests in a row that one refusal of a token, or one small limit, lasts. */
const BURST = 4;
/** Kinds that make sense for one kind of request only. */
const ONLY: Readonly<Partial<Record<FaultKind, readonly RequestKind[]>>> = {
  "cut-request": ["push", "capture"],
  "too-large": ["push"],
  // For a capture any JSON with the status of success is success.
  nonsense: ["push", "pull", "poll", "other"],
  "cursor-lost": ["pull", "poll"],
};
/** Rare, because each makes the hub compare everything, or wait for a person. */
const RARE: ReadonlySet<FaultKind> = new Set<FaultKind>(["cursor-lost", "unauthorized"]);

/** Decides for each request what goes wrong with it. */
export interface FaultPlan {
  /** How often (0 to 1) something goes wrong, and what of it may; `null` for all kinds. */
  set(rate: number, kinds: readonly FaultKind[] | null): void;
  /** Null: nothing. */
  next(request: RequestKind): FaultKind | null;
  /** Most changes that one push may hold now. */
  limit(): number;
}

/** A plan under which nothing goes wrong until it is told to. */
export function makeFaultPlan(random: Random): FaultPlan {
  let rate = 0;
  let allowed: readonly FaultKind[] = FAULT_KINDS;
  let burst: { readonly kind: FaultKind; left: number } | null = null;
  let largest = Number.POSITIVE_INFINITY;

  const fits = (kind: FaultKind, request: RequestKind): boolean => ONLY[kind]?.includes(request) ?? true;

  return {
    set(nextRate, kinds) {
      rate = nextRate;
      allowed = kinds ?? FAULT_KINDS;
      burst = null;
      largest = Number.POSITIVE_INFINITY;
    },
    next(request) {
      if (burst !== null && rate > 0) {
        const { kind } = burst;
        burst.left -= 1;
        if (burst.left <= 0) burst = null;
        if (fits(kind, request)) return kind;
        return null;
      }
      largest = Number.POSITIVE_INFINITY;
      if (!random.chance(rate)) return null;
      const kinds = allowed.filter((kind) => fits(kind, request));
      if (kinds.length === 0) return null;
      const kind = random.pick(kinds);
      if (RARE.has(kind) && kinds.length > RARE.size && !random.chance(0.25)) return null;
      if (kind === "unauthorized" || kind === "too-large") burst = { kind, left: random.int(BURST) };
      if (kind === "too-large") largest = 1 + random.int(5);
      return kind;
    },
    limit: () => largest,
  };
}
