import { Problem } from "../domain/problem.js";
import { isZone } from "../domain/zone.js";
import { type OwnerOf, ownerBySerial } from "../ingest/owner.js";
import type { Settings } from "../settings/settings.js";

/**
 * Whose readings are whose in a command that may be given a zone and a patient. A zone that was given is meant for
 * everybody in it; the patient is that of what no list of meters names. Throws USAGE for a zone that does not exist.
 */
export function ownersFor(
  settings: Settings,
  given: { readonly zone?: string | undefined; readonly patient?: string | undefined },
): { readonly ownerOf: OwnerOf; readonly zone: string } {
  const { zone = settings.zone, patient = null } = given;
  if (!isZone(zone)) throw new Problem("USAGE", `--zone must be a zone name such as Europe/London, not "${zone}".`);
  const patients =
    given.zone === undefined ? settings.patients : settings.patients.map((known) => ({ ...known, zone }));
  return { ownerOf: ownerBySerial(patients, zone, patient), zone };
}
