import type { Settings } from "../settings/settings.js";

/** The zone in which a patient's wall-clock times are meant: their own where the settings name one, else the hub's. */
export function zoneOf({ patients, zone }: Settings, patient: string | null): string {
  return patients.find(({ id }) => id === patient)?.zone ?? zone;
}
