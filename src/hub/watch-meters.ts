import type { OpenMeter } from "../ingest/read-meter.js";
import type { Attachment } from "../transports/attachments.js";
import type { Bluetooth } from "../transports/bluez/bluetooth.js";
import { type WatchDevicesOptions, watchDevices } from "../transports/devices.js";
import { openMeter } from "../transports/open-meter.js";

/** What to watch: everything that is plugged in, and what is in reach of the radio where there is one. */
export interface WatchMetersOptions extends Omit<WatchDevicesOptions, "onChange"> {
  readonly bluetooth: Pick<Bluetooth, "watch"> | null;
  readonly onChange: (attached: readonly Attachment[]) => void;
}

/** Tells of every change of what is plugged in or in reach, each time the whole list, until the signal is aborted. */
export async function watchMeters({ bluetooth, onChange, ...wired }: WatchMetersOptions): Promise<void> {
  let plugged: readonly Attachment[] = [];
  let heard: readonly Attachment[] = [];
  const tell = (): void => onChange([...plugged, ...heard]);
  await Promise.all([
    watchDevices({
      ...wired,
      onChange: ({ devices }) => {
        plugged = devices;
        tell();
      },
    }),
    bluetooth?.watch((attached) => {
      heard = attached;
      tell();
    }, wired.signal),
  ]);
}

/** Opens meters of every kind; those on Bluetooth by the radio. Without one they reject with BLUETOOTH_MISSING. */
export function meterOpener(bluetooth: Pick<Bluetooth, "open"> | null): OpenMeter {
  if (bluetooth === null) return openMeter;
  return (driver, port, signal) => openMeter(driver, port, signal, (meter, given) => bluetooth.open(meter, given));
}
