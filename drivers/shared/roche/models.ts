/** A model by the number that it tells, which is also how its serial number begins (sheet a). */
export interface Model {
  readonly name: string;
  /** Whether LO stands for below 10 mg/dL, not 20 (sheet a). */
  readonly isInstant: boolean;
}

/** Names and numbers (sheet a). */
const FAMILIES: readonly (Model & { readonly numbers: readonly number[] })[] = [
  { name: "Accu-Chek Aviva Connect", isInstant: false, numbers: [483, 484, 497, 498, 499, 500, 502, 685] },
  { name: "Accu-Chek Performa Connect", isInstant: false, numbers: [479, 501, 503, 765] },
  { name: "Accu-Chek Guide", isInstant: false, numbers: [921, 922, 923, 925, 926, 929, 930, 932] },
  { name: "Accu-Chek Guide Me", isInstant: false, numbers: [897, 898, 901, 902, 903, 904, 905] },
  { name: "Accu-Chek Instant", isInstant: true, numbers: [958, 959, 960, 961, 963, 964, 965] },
  { name: "Accu-Chek Instant", isInstant: true, numbers: [972, 973, 975, 976, 977, 978, 979, 980] },
  { name: "Accu-Chek Instant S", isInstant: true, numbers: [966, 967, 968, 969, 970, 971] },
  { name: "ReliOn Platinum", isInstant: false, numbers: [982] },
];

/** The model of that number; one that nobody has listed keeps what it says of itself. */
export function modelOf(told: string | null): { readonly name: string | null; readonly isInstant: boolean } {
  const number = /^\d{3}$/.test(told ?? "") ? Number(told) : null;
  const family = FAMILIES.find(({ numbers }) => number !== null && numbers.includes(number));
  if (family === undefined) return { name: told, isInstant: false };
  return { name: `${family.name} (${told})`, isInstant: family.isInstant };
}

/** All marketing names. */
export const MODEL_NAMES: readonly string[] = [...new Set(FAMILIES.map(({ name }) => name))];
