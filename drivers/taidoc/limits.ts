/** mg/dL that the meters show as a number; beyond them they show LO and HI (both sheets, after one program). */
export const limits = { low: 20, high: 600 } as const;

/** mmol/L of ketone above which the meters show HI (both sheets). No lower bound is known. */
export const KETONE_HIGH = 8;
