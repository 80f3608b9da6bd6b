/** Keys and values of `MetadataEntry` children, in their order, of those keys that matter; a key may repeat. */
export type Metadata = readonly (readonly [key: MetadataKey, value: string])[];

/** Metadata that is read; all else is passed over. */
export const METADATA_KEYS = [
  "HKTimeZone",
  "HKBloodGlucoseMealTime",
  "HKInsulinDeliveryReason",
  "HKMetadataKeySyncIdentifier",
  "HKMetadataKeySyncVersion",
  "HKExternalUUID",
  "HKMetadataKeyQuantityClampedToLowerBound",
  "HKMetadataKeyQuantityClampedToUpperBound",
  "HKDeviceManufacturerName",
  "HKDeviceName",
] as const;
export type MetadataKey = (typeof METADATA_KEYS)[number];

/** The keys by their names. */
export const KEYS: ReadonlyMap<string, MetadataKey> = new Map(METADATA_KEYS.map((key) => [key, key]));
/** Of an element without. */
export const NONE: Metadata = [];
