/** Classes of objects (sheet a; numeric and enumeration also in captured answers of a Guide). */
export const CLASS = { enumeration: 5, numeric: 6, store: 61 } as const;

/** Attributes by their codes (sheet a and captured answers of a Guide; marked ones only from IEEE 11073-10101). */
export const ATTRIBUTE = {
  /** Manufacturer and model. */
  model: 0x0928,
  productionSpecification: 0x092d,
  /** Partition and code of what an object measures. */
  type: 0x092f,
  measurementStatus: 0x0947,
  /** A value with its unit and state (from the standard). */
  numericValue: 0x0950,
  segmentCount: 0x0951,
  segmentUsage: 0x097b,
  systemId: 0x0984,
  absoluteTime: 0x0987,
  /** Stamp of an entry that has none before it (from the standard). */
  timeStamp: 0x0990,
  /** Unit of an object's values (from the standard). */
  unit: 0x0996,
  timeInformation: 0x0a45,
  /** An enumeration's value as a code. */
  enumerationCode: 0x0a49,
  /** A value in 16 bits. */
  numericBasic: 0x0a4c,
  entryMap: 0x0a4e,
  /** A value in 32 bits (from the standard). */
  numericSimple: 0x0a56,
  segmentLabel: 0x0a58,
  /** How much the clock was set on or back since. */
  timeAdjustment: 0x0a62,
  /** An enumeration's value as 32 and 16 flags. */
  enumerationFlags32: 0x0a65,
  enumerationFlags16: 0x0a66,
} as const;

/** Units (from IEEE 11073-10101, not from a capture). */
export const UNIT = { mgPerDl: 0x0852, mmolPerL: 0x1272 } as const;

/** Where codes of measurements, and of what goes with them, stand: SCADA and disease management. */
export const PARTITION = { measurements: 2, context: 128 } as const;

/** Actions and events (sheet a). */
export const ACTION = { segmentInformation: 0x0c0d, setTime: 0x0c17, transferSegment: 0x0c1c } as const;
export const EVENT = { configuration: 0x0d1c, segmentData: 0x0d21 } as const;

/** The handle of the device itself (sheet a). */
export const DEVICE_HANDLE = 0;
