import type { Clock } from "../../domain/clock.js";
import { Problem } from "../../domain/problem.js";
import { within } from "../../kit/exchange.js";
import { demandAdapter } from "./adapter.js";
import type { BluezLink } from "./bluez-link.js";
import { connectProblem, notInReach } from "./connect-problem.js";
import { type DeviceObject, deviceOf, findDevice, nameFor } from "./device.js";
import { CONNECT_MS, RELEASE_MS, SERVICES_MS } from "./limits.js";
import { DEVICE } from "./names.js";
import { refusalOf } from "./refusal.js";
import type { Scanner } from "./scanner.js";
import { treeUntil } from "./tree-until.js";

/** What connecting needs. */
export interface ConnectParts {
  readonly link: BluezLink;
  readonly scanner: Scanner;
  readonly clock: Clock;
}

/** How to connect. */
export interface ConnectOptions {
  /** Refuses to connect to a meter that is not bonded with this hub; default true. */
  readonly mustBePaired?: boolean;
}

/**
 * Connects to the device of that address and waits until its services are known. Rejects with TRANSPORT_OPEN (context
 * `reason`), METER_UNPAIRED, BLUETOOTH_MISSING or the signal's reason; then the connection is given up.
 */
export async function connectDevice(
  parts: ConnectParts,
  address: string,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<DeviceObject> {
  const { link, scanner, clock } = parts;
  const up = await link.ready(signal);
  demandAdapter(link.tree);
  const device = findDevice(link.tree, address);
  if (device === null) throw notInReach(address);
  const meter = nameFor(address, device.name);
  if (options.mustBePaired !== false && !device.paired) {
    throw new Problem("METER_UNPAIRED", `${meter} is not paired with this hub`, { path: meter });
  }
  const over = new AbortController();
  const stop = (reason: AbortSignal): (() => void) => follow(reason, over);
  const stops = [stop(signal), stop(up)];
  const resume = await scanner.pause();
  try {
    await connect(link, device, meter, over.signal);
    const late = (): Problem => {
      const detail = `${meter} is connected, but does not tell what it can do within ${SERVICES_MS} ms`;
      return new Problem("TRANSPORT_OPEN", detail, { path: meter, reason: "slow" });
    };
    return await within(
      clock,
      SERVICES_MS,
      over.signal,
      late,
      async (inner) => await services(link, device, meter, inner),
    );
  } catch (error) {
    await hangUp(link, device);
    throw error;
  } finally {
    for (const end of stops) end();
    resume();
  }
}

async function connect(link: BluezLink, device: DeviceObject, meter: string, signal: AbortSignal): Promise<void> {
  const late = (): Problem => {
    const detail = `${meter} does not let itself be connected within ${CONNECT_MS} ms`;
    return new Problem("TRANSPORT_OPEN", detail, { path: meter, reason: "slow" });
  };
  try {
    await link.call({ path: device.path, interface: DEVICE, member: "Connect", ms: CONNECT_MS, late, signal });
  } catch (error) {
    // BlueZ connects to meters that it knows by itself as well: then ours is under way or done.
    const refusal = refusalOf(error, "AlreadyConnected", "InProgress");
    if (refusal === null) throw connectProblem(error, meter);
    if (refusal.short === "InProgress" && link.tree.get(device.path, DEVICE)?.get("Connected") !== true) {
      throw connectProblem(error, meter);
    }
  }
}

/** Resolves with the device when all its attributes are known. */
async function services(
  link: BluezLink,
  { path }: DeviceObject,
  meter: string,
  signal: AbortSignal,
): Promise<DeviceObject> {
  return await treeUntil(link.tree, path, signal, () => {
    const properties = link.tree.get(path, DEVICE);
    if (properties?.get("Connected") !== true) {
      const detail = `${meter} hung up right after it was connected`;
      throw new Problem("TRANSPORT_OPEN", detail, { path: meter, reason: "refused" });
    }
    return properties.get("ServicesResolved") === true ? deviceOf(path, properties) : null;
  });
}

/** Gives a connection up that is there or just being made, as far as that goes. */
export async function hangUp(link: BluezLink, { path }: DeviceObject): Promise<void> {
  const call = { path, interface: DEVICE, member: "Disconnect", ms: RELEASE_MS };
  if (link.tree.get(path, DEVICE) !== undefined) await link.call(call).catch(() => undefined);
}

/** Aborts the one when the other is, until the returned function is called. */
export function follow(signal: AbortSignal, controller: AbortController): () => void {
  const cancel = (): void => controller.abort(signal.reason);
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  return () => signal.removeEventListener("abort", cancel);
}
