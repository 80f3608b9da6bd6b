/** Bounds of the display, mg/dL: sheet a gives HI as 601 and LO as 19, which are the numbers next beyond. */
export const limits = { low: 20, high: 600 } as const;
