import { Problem } from "../../src/domain/problem.js";
import type { ConstantKeys } from "../shared/abbott-hid/encryption/challenge.js";

/** Names of the four keys in the user's key file. */
export const KEY_NAMES = {
  authEnc: "libre2.authEnc",
  authMac: "libre2.authMac",
  sessionEnc: "libre2.sessionEnc",
  sessionMac: "libre2.sessionMac",
} as const satisfies Record<keyof ConstantKeys, string>;

const KEY_BYTES = 16;

/**
 * The four keys. They are written with the highest digit first, as a number, and used with the lowest byte first. Throws
 * METER_UNSUPPORTED, and says what is needed, where one is missing.
 */
export function constantKeys(keys: ReadonlyMap<string, Uint8Array> | undefined): ConstantKeys {
  const named = (name: keyof ConstantKeys): Uint8Array => {
    const key = keys?.get(KEY_NAMES[name]);
    if (key === undefined || key.length !== KEY_BYTES) throw missing(KEY_NAMES[name]);
    return Uint8Array.from(key).reverse();
  };
  return {
    authEnc: named("authEnc"),
    authMac: named("authMac"),
    sessionEnc: named("sessionEnc"),
    sessionMac: named("sessionMac"),
  };
}

function missing(name: string): Problem {
  const detail =
    "This reader speaks encrypted, and Glucohub brings no keys for it: a key file with the four libre2 keys is needed " +
    "(see drivers/freestyle-libre2/README.md).";
  return new Problem("METER_UNSUPPORTED", detail, { missing: name });
}
