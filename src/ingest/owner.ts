/** Whose readings a meter's are, and the zone in which its clock runs. */
export interface Owner {
  /** A patient's id; null if nobody is named for this meter. */
  readonly patient: string | null;
  /** IANA name. */
  readonly zone: string;
}

/** Finds the owner by a meter's serial number; null stands for a source that tells none. */
export type OwnerOf = (serial: string | null) => Owner;

/** A patient with the serials of their meters, as the settings name them. */
export interface PatientMeters {
  readonly id: string;
  /** IANA name; null or absent: the hub's. */
  readonly zone?: string | null;
  readonly meters: readonly string[];
}

/**
 * Looks the owner up by serial, to the letter: a near match could be another person's meter. `fallback` is the patient
 * of everything that no list names (the --patient of an import), null for nobody.
 */
export function ownerBySerial(
  patients: readonly PatientMeters[],
  zone: string,
  fallback: string | null = null,
): OwnerOf {
  const owners = new Map<string, Owner>();
  for (const patient of patients) {
    for (const serial of patient.meters) owners.set(serial, { patient: patient.id, zone: patient.zone ?? zone });
  }
  const nobody: Owner = { patient: fallback, zone: patients.find(({ id }) => id === fallback)?.zone ?? zone };
  return (serial) => (serial === null ? nobody : (owners.get(serial) ?? nobody));
}
