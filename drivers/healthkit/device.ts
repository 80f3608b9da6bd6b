/** Maker and model of the device that a record names. */
export interface RecordDevice {
  readonly manufacturer: string | null;
  readonly model: string | null;
  /** An export names none that could be trusted to be a serial number. */
  readonly serial: null;
}

const FIELD = /(?:^|, )(name|manufacturer|model|hardware|firmware|software|localIdentifier|UDIDeviceIdentifier):/g;

/**
 * Reads an HKDevice as printed: `<<HKDevice: 0x281e3c0a0>, name:Dexcom G7, manufacturer:Dexcom, model:G7>`. The number
 * in front is an address in the phone's memory that changes with each export and is never looked at. Where it names no
 * model, its name stands in, then its hardware. Null if it tells nothing.
 */
export function parseDevice(printed: string): RecordDevice | null {
  const body = printed.startsWith("<<") && printed.endsWith(">") ? printed.slice(0, -1) : printed;
  const fields = new Map<string, string>();
  const marks = [...body.matchAll(FIELD)];
  marks.forEach((mark, index) => {
    const value = body.slice(mark.index + mark[0].length, marks[index + 1]?.index ?? body.length).trim();
    if (value !== "") fields.set(mark[1] ?? "", value);
  });
  const manufacturer = fields.get("manufacturer") ?? null;
  const model = fields.get("model") ?? fields.get("name") ?? fields.get("hardware") ?? null;
  return manufacturer === null && model === null ? null : { manufacturer, model, serial: null };
}
