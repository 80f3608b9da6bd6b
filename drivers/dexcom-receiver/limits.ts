/** Least and greatest mg/dL of the sensor that are told as numbers; beyond them the receiver shows LOW and HIGH (sheet a). */
export const limits = { low: 40, high: 400 } as const;
