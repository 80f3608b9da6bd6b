import { createHash, timingSafeEqual } from "node:crypto";
import { Problem } from "../domain/problem.js";
import type { Store } from "../store/store.js";
import { tokenName } from "../store/tokens.js";

/** Name under which the token of the settings changes things. */
export const SETTINGS_TOKEN_NAME = "api";

/**
 * The name of the token that an `Authorization` header carries (RFC 6750 section 2.1). Throws TOKEN_INVALID if it
 * carries none in force.
 *
 * @param fixed a token fixed from outside; null for none
 */
export async function authorize(store: Store, fixed: string | null, header: string | undefined): Promise<string> {
  const secret = /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
  if (secret === undefined) throw new Problem("TOKEN_INVALID");
  if (fixed !== null && same(secret, fixed)) return SETTINGS_TOKEN_NAME;
  const name = await tokenName(store, secret);
  if (name === null) throw new Problem("TOKEN_INVALID", "The request's token is unknown or was revoked.");
  return name;
}

/** Takes the same time wherever the texts differ. */
function same(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
