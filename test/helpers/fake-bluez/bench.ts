import { type Clock, type Log, silentLog } from "../../../src/domain/clock.js";
import { systemClock } from "../../../src/kit/system-clock.js";
import { type Bluetooth, connectBluetooth } from "../../../src/transports/bluez/bluetooth.js";
import { FakeBluez, type FakeBluezOptions } from "./fake-bluez.js";
import { type PrivateBus, privateBus } from "./private-bus.js";

/** What a bench is made with. */
export interface BenchOptions extends FakeBluezOptions {
  /** Of the client; default the system's. */
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A client on a private bus with the stand-in for BlueZ. */
export interface BluetoothBench {
  readonly bus: PrivateBus;
  readonly bluez: FakeBluez;
  readonly bluetooth: Bluetooth;
  dispose(): Promise<void>;
}

/** Starts all three. */
export async function bluetoothBench(options: BenchOptions = {}): Promise<BluetoothBench> {
  const bus = privateBus();
  await bus.start();
  const bluez = await FakeBluez.start(bus.address, options);
  const { clock = systemClock, log = silentLog } = options;
  const bluetooth = await connectBluetooth({ clock, log, busAddress: bus.address });
  return {
    bus,
    bluez,
    bluetooth,
    dispose: async () => {
      await bluetooth.close();
      await bluez.vanish();
      await bus.dispose();
    },
  };
}

/** Resolves when the condition holds; looks again whenever something may have happened. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
