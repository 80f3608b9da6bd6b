/** How the meters of one maker differ from the profile; facts and their sources stand in README.md. */
export interface Row {
  readonly id: "roche" | "ascensia" | "isens" | "tng" | "taidoc" | "trividia" | "generic";
  /** Stands where the meter does not name its maker; null: unknown. */
  readonly maker: string | null;
  /** What it says in 2a29, and how its advertised name begins; null: not known by that. */
  readonly manufacturer: RegExp | null;
  readonly name: RegExp | null;
  /** False where a sequence number does not name a record for good: everything is read each time. */
  readonly sequenceLasts: boolean;
  /** Whole mg/dL below and above which a plain number stands for LO and HI; null where it is only a number. */
  readonly plainBounds: { readonly low: number; readonly high: number } | null;
  /** True where meal 6 of the context makes the measurement one of ketone. */
  readonly marksKetone: boolean;
  /** True where month 13 of a base time is January. */
  readonly mendsMonth: boolean;
  /** True where the clock is asked for at a characteristic of the maker's own. */
  readonly ownClock: boolean;
  /** True where the serial number is the model's number and the digits of the advertised name. */
  readonly serialInName: boolean;
  /** True where the same meter can be read over USB, which tells each test alike. */
  readonly hasTwin: boolean;
  /** How many records it holds, where what it sends beyond may be none. */
  readonly capacity: number | null;
}

/** As the profile has it. */
const PROFILE = {
  sequenceLasts: true,
  plainBounds: null,
  marksKetone: false,
  mendsMonth: false,
  ownClock: false,
  serialInName: false,
  hasTwin: false,
  capacity: null,
} as const;

/** A meter of a maker that no row names. */
const GENERIC: Row = { ...PROFILE, id: "generic", maker: null, manufacturer: null, name: null };

/** The rows, in the order in which they are tried. */
export const ROWS: readonly Row[] = [
  {
    ...PROFILE,
    id: "roche",
    maker: "Roche",
    manufacturer: /^roche/i,
    name: /^meter\+\d/i,
    // As over USB, so that both links tell the same of one test (drivers/accu-chek): a number below 10 is LO.
    plainBounds: { low: 10, high: 600 },
    serialInName: true,
    hasTwin: true,
  },
  { ...PROFILE, id: "ascensia", maker: "Ascensia", manufacturer: /^(?:ascensia|contour)/i, name: /^contour/i },
  {
    ...PROFILE,
    id: "isens",
    maker: "i-SENS",
    manufacturer: /^i-?sens/i,
    name: /^caresens|^relion (?:2395|0015)/i,
    plainBounds: { low: 20, high: 600 },
    marksKetone: true,
    mendsMonth: true,
    ownClock: true,
  },
  {
    ...PROFILE,
    id: "tng",
    maker: "Fora",
    manufacturer: null,
    name: /^tng voice/i,
    sequenceLasts: false,
    capacity: 450,
  },
  { ...PROFILE, id: "taidoc", maker: "TaiDoc", manufacturer: /^taidoc/i, name: null, sequenceLasts: false },
  { ...PROFILE, id: "trividia", maker: "Trividia", manufacturer: /^trividia/i, name: /^true ?metrix/i },
  GENERIC,
];

/** The row of a meter: by what it says of its maker, else by its advertised name, else the profile's own. */
export function rowOf(manufacturer: string | null, advertised: string | null): Row {
  const byMaker = ROWS.find((row) => manufacturer !== null && row.manufacturer?.test(manufacturer) === true);
  const byName = ROWS.find((row) => advertised !== null && row.name?.test(advertised) === true);
  return byMaker ?? byName ?? GENERIC;
}

/**
 * What LO and HI are told as: the bound that holds for every model that is known. Less than 10 is also less than 20, and more
 * than 630 also more than 600; the other way round it might not be so.
 */
export const BOUNDS = {
  "mg/dL": { low: 20, high: 600 },
  "mmol/L": { low: 1.1, high: 33.3 },
} as const;

/** Numbers that no meter shows as blood glucose, from there on either way: another unit than it says, or damage. */
export const PLAUSIBLE = {
  "mg/dL": { from: 10, below: 1_000 },
  "mmol/L": { from: 0.5, below: 56 },
} as const;

/** Ketone of i-SENS: above that it says HI, mmol/L (sheet b). */
export const KETONE_HIGH = 8;
