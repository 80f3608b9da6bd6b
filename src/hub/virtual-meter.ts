import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { Driver } from "../kit/driver.js";
import { announceVirtualPort } from "../transports/attachments-virtual.js";
import { openPty } from "../transports/pty.js";

/** A virtual meter on a real pseudo-terminal. */
export interface VirtualMeter {
  readonly port: string;
  readonly serial: string;
  unplug(): Promise<void>;
}

/**
 * Plugs a virtual meter in: `glucohub read --port` opens it like a device, and a hub that watches `portsDir` finds it.
 * Throws DRIVER_UNKNOWN for a driver without a simulator.
 */
export async function plugIn(options: {
  driver: Driver;
  portsDir: string;
  clock: Clock;
  zone: string;
  count: number;
  seed: number;
  clockErrorMs?: number;
  newReadingEveryMs?: number;
}): Promise<VirtualMeter> {
  const { driver, portsDir, ...simulator } = options;
  if (driver.transport !== "serial")
    throw new Problem("DRIVER_UNKNOWN", `${driver.id} is a kind of file: it can't be simulated on a port.`);
  const meter = driver.simulate(simulator);
  const pty = await openPty();
  pty.onData((bytes) => meter.receive(bytes, (answer) => pty.send(answer)));
  const withdraw = announceVirtualPort(portsDir, `${driver.id}-${meter.serial}`, {
    port: pty.path,
    pid: pty.pid,
    usb: {
      vendorId: meter.usb.vendorId,
      productId: meter.usb.productId,
      serial: null,
      product: `virtual ${driver.models[0] ?? driver.id}`,
    },
  });
  return {
    port: pty.path,
    serial: meter.serial,
    async unplug() {
      withdraw();
      await pty.close();
    },
  };
}
