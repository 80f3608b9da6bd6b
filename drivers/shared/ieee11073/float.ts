/**
 * A number as IEEE 11073 sends it, decimal: mantissa times a power of ten; or one of the values that stand for no number.
 * `invalid` is "not a number", "not at this resolution" and what is reserved: nothing was measured.
 */
export type MderFloat =
  | { readonly kind: "number"; readonly value: number; readonly mantissa: number; readonly exponent: number }
  | { readonly kind: "above" | "below" | "invalid" };

/** Mantissas that are no numbers (sheet b, vectors): plus and minus infinity; all others of these five are invalid. */
const SFLOAT = { above: 0x7fe, below: 0x802, others: [0x7ff, 0x800, 0x801] } as const;
/** The same in 24 bits (from the standard, not from a capture). */
const FLOAT = { above: 0x7ffffe, below: 0x800002, others: [0x7fffff, 0x800000, 0x800001] } as const;

/** The 16-bit kind: four bits of exponent, twelve of mantissa, both signed (both sheets). */
export function sfloat(word: number): MderFloat {
  return decimal(word & 0xfff, word >>> 12, { mantissaBits: 12, exponentBits: 4, specials: SFLOAT });
}

/** The 32-bit kind: eight bits of exponent, twenty-four of mantissa (from the standard, not from a capture). */
export function float(word: number): MderFloat {
  return decimal(word & 0xffffff, word >>> 24, { mantissaBits: 24, exponentBits: 8, specials: FLOAT });
}

interface Shape {
  readonly mantissaBits: number;
  readonly exponentBits: number;
  readonly specials: { readonly above: number; readonly below: number; readonly others: readonly number[] };
}

function decimal(low: number, high: number, { mantissaBits, exponentBits, specials }: Shape): MderFloat {
  const isSpecial = low === specials.above || low === specials.below || specials.others.includes(low);
  if (isSpecial) {
    // The special words have no exponent; with one they are neither special nor numbers.
    if (high === 0 && low === specials.above) return { kind: "above" };
    if (high === 0 && low === specials.below) return { kind: "below" };
    return { kind: "invalid" };
  }
  const mantissa = signed(low, mantissaBits);
  const exponent = signed(high, exponentBits);
  // Read from its decimal text, so that 58 times a tenth is 5.8 and not the sum of binary dust.
  return { kind: "number", value: Number(`${mantissa}e${exponent}`), mantissa, exponent };
}

function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}
