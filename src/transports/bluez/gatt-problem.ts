import { Problem } from "../../domain/problem.js";
import { wordsOf } from "../bounded.js";
import { type Refusal, refusalOf } from "./refusal.js";

/** Error codes of the attribute protocol (Core Specification, volume 3, part F, table 3.4) by which a bond is missing. */
const UNPAIRED = new Set([
  0x05, // insufficient authentication
  0x08, // insufficient authorisation
  0x0c, // encryption key too short
  0x0f, // insufficient encryption
]);

/** What BlueZ says in place of a code (its src/gatt-client.c, `create_gatt_dbus_error`). */
const SAID: readonly (readonly [RegExp, number])[] = [
  [/^not paired$/i, 0x05],
  [/^read not permitted$/i, 0x02],
  [/^write not permitted$/i, 0x03],
  [/^invalid offset$/i, 0x07],
  [/^invalid length$/i, 0x0d],
];
const NAMED: Readonly<Record<string, number>> = { NotAuthorized: 0x08, NotSupported: 0x06 };

/**
 * What an operation on a meter's attribute failed with, as a problem: METER_UNPAIRED and GATT_REFUSED with `context.att`
 * (null where the code is not known), TRANSPORT_GONE where nobody is connected any more or the attributes are gone.
 * Problems and reasons of signals stay what they are.
 *
 * @param what was done, for people: `write to 2a52`
 */
export function gattProblem(error: unknown, meter: string, what: string): unknown {
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  const said = refusal.message;
  const gone = ["UnknownObject", "UnknownMethod", "UnknownInterface", "NotConnected", "DoesNotExist"];
  if (gone.includes(refusal.short) || /^not connected$|no att transport|characteristic not available/i.test(said)) {
    return new Problem("TRANSPORT_GONE", `${meter} went away: ${said}`, { path: meter }, { cause: error });
  }
  const att = attOf(refusal);
  if (att !== null && UNPAIRED.has(att)) {
    const detail = `${meter} wants a pairing for this ${what}: one side has forgotten the other`;
    return new Problem("METER_UNPAIRED", detail, { att, said }, { cause: error });
  }
  const code = att === null ? said : `error 0x${att.toString(16).padStart(2, "0")}`;
  return new Problem("GATT_REFUSED", `${meter} declined the ${what}: ${code}`, { att, said }, { cause: error });
}

function attOf(refusal: Refusal): number | null {
  const said = wordsOf(refusal);
  const code = /ATT error:? 0x([0-9a-f]{1,2})\b/i.exec(said)?.[1];
  if (code !== undefined) return Number.parseInt(code, 16);
  return SAID.find(([pattern]) => pattern.test(said))?.[1] ?? NAMED[refusal.short] ?? null;
}
