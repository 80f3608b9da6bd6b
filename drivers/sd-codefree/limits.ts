/** Least and greatest mg/dL that the display shows as a number (the maker's published range; the sheet is silent). */
export const limits = { low: 10, high: 600 } as const;

/** Beyond this a number is no result above the range but something unknown: the display has three digits. */
export const FARTHEST = 999;
