/** Least and greatest mg/dL that the display shows as a number; beyond them it says LO and HI (sheet a). */
export const limits = { low: 20, high: 600 } as const;
