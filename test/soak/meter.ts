import { onetouchUltra2 } from "../../drivers/onetouch-ultra2/index.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { announceVirtualPort } from "../../src/transports/attachments-virtual.js";
import { openPty } from "../../src/transports/pty.js";

/** By how much the meter's clock is ahead: each hub finds that out on its own. */
const CLOCK_ERROR_MS = 240_000;

/**
 * One meter, carried to several hubs: each finds it among its ports, with the same memory, on a line of its own.
 *
 * @param portsDirs the folders in which hubs look for virtual ports
 */
export async function plugMeterIn(options: {
  readonly portsDirs: readonly string[];
  readonly count: number;
  readonly seed: number;
}): Promise<{ readonly serial: string; unplug(): Promise<void> }> {
  // A memory reaches back from the moment at which it is made: all must be made at the same one.
  const made = Date.now();
  let making = true;
  const clock = { ...systemClock, now: () => (making ? made : systemClock.now()) };
  const meters = options.portsDirs.map((portsDir) => ({
    portsDir,
    meter: onetouchUltra2.simulate({
      count: options.count,
      seed: options.seed,
      clock,
      zone: "Europe/London",
      clockErrorMs: CLOCK_ERROR_MS,
    }),
  }));
  making = false;
  const plugged = await Promise.all(
    meters.map(async ({ portsDir, meter }) => {
      const pty = await openPty();
      pty.onData((bytes) => meter.receive(bytes, (answer) => pty.send(answer)));
      const { vendorId, productId } = meter.usb;
      const usb = { vendorId, productId, serial: null, product: "a meter of the soak" };
      const withdraw = announceVirtualPort(portsDir, `soak-${meter.serial}`, { port: pty.path, pid: pty.pid, usb });
      return { pty, withdraw };
    }),
  );
  return {
    serial: meters[0]?.meter.serial ?? "",
    async unplug() {
      for (const { pty, withdraw } of plugged.splice(0)) {
        withdraw();
        await pty.close();
      }
    },
  };
}
