/** Least and greatest mg/dL that the display shows as a number: the numbers beside them stand for LO and HI (sheet a). */
export const limits = { low: 20, high: 600 } as const;

/** What the memory holds for LO and HI (sheet a). */
export const STORED = { low: 19, high: 601 } as const;
