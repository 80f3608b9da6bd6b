import { Problem, type ProblemContext } from "../../domain/problem.js";
import { type Refusal, refusalOf } from "./refusal.js";

/** What a person can do with the reasons that BlueZ gives for a connection that failed (its doc/errors.txt). */
const CONNECT: readonly (readonly [RegExp, string, string])[] = [
  [/key.?missing|authentication/i, "unpaired", ""],
  [/not.?powered|notready|not ready/i, "off", ""],
  [
    /timeout|timed out|abort-by-local|page-timeout|host is down/i,
    "silent",
    "it does not answer: wake it up, near the hub",
  ],
  [/abort-by-remote|refused|reset|by-remote/i, "refused", "it hung up: it may be connected with a phone just now"],
  [/busy|in.?progress|already in progress/i, "busy", "another connection is just being made"],
  [/concurrent-connection-limit/i, "busy", "the adapter has as many connections as it can take"],
];

/**
 * Why a meter could not be connected, as a problem: TRANSPORT_OPEN with `context.reason` (`silent`, `refused`, `busy`,
 * `other`), METER_UNPAIRED, or BLUETOOTH_MISSING where the adapter is off. What is no refusal stays what it is.
 */
export function connectProblem(error: unknown, meter: string): unknown {
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  const said = `${refusal.short} ${refusal.message}`;
  const [, reason, words] = CONNECT.find(([pattern]) => pattern.test(said)) ?? [null, "other", refusal.message];
  const options = { cause: error };
  if (reason === "unpaired") {
    return new Problem("METER_UNPAIRED", `${meter} does not know this hub any more`, { said }, options);
  }
  if (reason === "off") return adapterOff(options);
  if (isObjectGone(refusal)) return notInReach(meter);
  const detail = `${meter} could not be connected: ${words}`;
  return new Problem("TRANSPORT_OPEN", detail, { path: meter, reason, said }, options);
}

/** A meter of which nothing is heard. */
export function notInReach(meter: string): Problem {
  const detail = `${meter} is not in reach: switch its Bluetooth on and keep it near the hub`;
  return new Problem("TRANSPORT_OPEN", detail, { path: meter, reason: "missing" });
}

/** An adapter that is switched off. */
export function adapterOff(options: { readonly cause?: unknown } = {}): Problem {
  return new Problem("BLUETOOTH_MISSING", "the Bluetooth adapter is switched off", { reason: "off" }, options);
}

/** Reasons of BlueZ for a pairing that failed (its doc/org.bluez.Device.rst, method Pair), for people. */
const PAIR: Readonly<Record<string, readonly [reason: string, words: string]>> = {
  AuthenticationFailed: ["digits", "the digits were wrong, or it is not in pairing mode"],
  AuthenticationTimeout: ["timeout", "nobody answered in time"],
  AuthenticationRejected: ["rejected", "it was rejected"],
  AuthenticationCanceled: ["canceled", "it was cancelled on the meter"],
  InProgress: ["in-progress", "another pairing with it is under way"],
};

/**
 * Why a pairing failed: PAIRING_FAILED with `context.reason` (`digits`, `timeout`, `rejected`, `canceled`, `in-progress`,
 * `other`), or what `connectProblem` makes of a connection that was not even made.
 */
export function pairProblem(error: unknown, meter: string): unknown {
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  const found = PAIR[refusal.short];
  const unmade = found === undefined && (refusal.short === "ConnectionAttemptFailed" || isObjectGone(refusal));
  if (unmade || refusal.short === "NotReady") return connectProblem(error, meter);
  const [reason, words] = found ?? ["other", refusal.message];
  return pairingFailed(meter, reason, words, { said: refusal.message }, error);
}

/** PAIRING_FAILED with its reason in a word and in words. */
export function pairingFailed(
  meter: string,
  reason: string,
  words: string,
  context: ProblemContext = {},
  cause?: unknown,
): Problem {
  const detail = `${meter} could not be paired: ${words}`;
  return new Problem("PAIRING_FAILED", detail, { ...context, reason }, cause === undefined ? {} : { cause });
}

function isObjectGone(refusal: Refusal): boolean {
  return ["UnknownObject", "UnknownMethod", "DoesNotExist"].includes(refusal.short);
}
