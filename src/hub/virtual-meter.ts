import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { Driver } from "../kit/driver.js";
import { type Misbehaviour, misbehaving } from "../kit/misbehave.js";
import { announceVirtualPort } from "../transports/attachments-virtual.js";
import { openPty } from "../transports/pty.js";

/** How long a meter that nobody heeds stays on before it is switched off and on again, milliseconds. */
const SWITCH_ON_MS = 6_000;

/** A virtual meter on a real pseudo-terminal. */
export interface VirtualMeter {
  readonly port: string;
  /** Null for a meter that does not tell one. */
  readonly serial: string | null;
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
  declines?: number;
  unit?: "mg/dL" | "mmol/L";
  misbehave?: readonly Misbehaviour[];
}): Promise<VirtualMeter> {
  const { driver, portsDir, misbehave = [], ...simulator } = options;
  if (driver.transport !== "serial")
    throw new Problem("DRIVER_UNKNOWN", `${driver.id} is a kind of file: it can't be simulated on a port.`);
  const meter = misbehaving(driver.simulate(simulator), misbehave, options.clock, options.seed);
  const pty = await openPty();
  const send = (bytes: Uint8Array): void => pty.send(bytes);
  const unplugged = new AbortController();
  let heeded = false;
  pty.onData((bytes) =>
    meter.receive(bytes, (answer) => {
      heeded = true;
      send(answer);
    }),
  );
  // A meter that speaks only when it is switched on is switched off and on again until somebody heeds it.
  const switchOn = async (): Promise<void> => {
    while (!heeded && meter.start !== undefined) {
      meter.start(send);
      await options.clock.sleep(SWITCH_ON_MS, unplugged.signal);
    }
  };
  switchOn().catch(() => undefined);
  const withdraw = announceVirtualPort(portsDir, `${driver.id}-${meter.serial ?? options.seed}`, {
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
      unplugged.abort();
      withdraw();
      await pty.close();
    },
  };
}
