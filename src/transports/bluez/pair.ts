import { Problem } from "../../domain/problem.js";
import { within } from "../../kit/exchange.js";
import { demandAdapter } from "./adapter.js";
import type { PairingAgent, PairingAsk } from "./agent.js";
import type { BluezLink } from "./bluez-link.js";
import { type ConnectParts, follow } from "./connect.js";
import { notInReach, pairingFailed, pairProblem } from "./connect-problem.js";
import { type DeviceObject, findDevice, nameFor } from "./device.js";
import { PAIR_MS, RELEASE_MS, SEARCH_MS } from "./limits.js";
import { ADAPTER, DEVICE, PROPERTIES } from "./names.js";
import type { Reach } from "./reach.js";
import { refusalOf } from "./refusal.js";
import { treeUntil } from "./tree-until.js";

/** What pairing needs. */
export interface PairParts extends ConnectParts {
  readonly agent: PairingAgent;
  readonly reach: Reach;
}

/**
 * Looks for the device, pairs with it, and trusts it, so that it may connect by itself. A pairing that is here already is
 * removed first, as nobody can tell whether the meter still knows of it, but only when the meter is in reach. Rejects
 * with PAIRING_FAILED, TRANSPORT_OPEN, BLUETOOTH_MISSING, or the signal's reason, behind which nothing goes on.
 */
export async function pairDevice(
  parts: PairParts,
  address: string,
  ask: PairingAsk,
  signal: AbortSignal,
): Promise<DeviceObject> {
  const { link, agent } = parts;
  const up = await link.ready(signal);
  await agent.register();
  demandAdapter(link.tree);
  const over = new AbortController();
  const ends = [follow(signal, over), follow(up, over)];
  try {
    let device = await search(parts, address, over.signal);
    if (agent.pairs(device.path)) throw pairProblemInProgress(device);
    if (device.paired) {
      await removeDevice(link, device);
      device = await search(parts, address, over.signal);
    }
    await pairAndTrust(parts, device, ask, over);
    return device;
  } finally {
    for (const end of ends) end();
  }
}

/** Removes the device with its bond; without effect where there is none. */
export async function forgetDevice(link: BluezLink, address: string): Promise<void> {
  await link.ready();
  const device = findDevice(link.tree, address);
  if (device !== null) await removeDevice(link, device);
}

async function pairAndTrust(
  { link, scanner, agent }: PairParts,
  device: DeviceObject,
  ask: PairingAsk,
  over: AbortController,
): Promise<void> {
  const { path } = device;
  const meter = nameFor(device.address, device.name);
  const said = new AbortController();
  const end = agent.begin(path, ask, over.signal, () => said.abort());
  const late = (): Problem => pairingFailed(meter, "timeout", `it took longer than ${PAIR_MS} ms`);
  const resume = await scanner.pause();
  // Digits that are typed on the meter are not waited for by BlueZ: only a cancelled pairing ends that.
  const cancel = (): void => void cancelPairing(link, path);
  said.signal.addEventListener("abort", cancel, { once: true });
  try {
    await link.call({ path, interface: DEVICE, member: "Pair", ms: PAIR_MS, late, signal: over.signal });
  } catch (error) {
    const refusal = refusalOf(error);
    // A pairing that somebody else is at must not be broken off.
    if (refusal === null) await cancelPairing(link, path);
    if (said.signal.aborted) throw pairingFailed(meter, "rejected", "somebody said no here", {}, error);
    if (refusal?.short !== "AlreadyExists") throw pairProblem(error, meter);
  } finally {
    end();
    resume();
  }
  const body = [DEVICE, "Trusted", link.variant("b", true)];
  const trust = { path, interface: PROPERTIES, member: "Set", signature: "ssv", body };
  await link.call(trust).catch((error: unknown) => {
    // It is paired; without trust BlueZ only does not let it connect by itself.
    if (refusalOf(error) === null) throw error;
  });
}

/** Listens until the device is in reach. */
async function search(parts: PairParts, address: string, signal: AbortSignal): Promise<DeviceObject> {
  const { link, scanner, reach, clock } = parts;
  // What was heard long ago, when somebody listened last, is no reach.
  reach.expire();
  const enough = scanner.want();
  try {
    return await within(
      clock,
      SEARCH_MS,
      signal,
      () => notInReach(address),
      (inner) =>
        treeUntil(link.tree, null, inner, () => {
          const device = findDevice(link.tree, address);
          return device !== null && reach.has(device) ? device : null;
        }),
    );
  } finally {
    enough();
  }
}

async function removeDevice(link: BluezLink, { path }: DeviceObject): Promise<void> {
  const adapter = path.slice(0, path.lastIndexOf("/"));
  const call = { path: adapter, interface: ADAPTER, member: "RemoveDevice", signature: "o", body: [path] };
  await link.call(call).catch((error: unknown) => {
    if (refusalOf(error, "DoesNotExist", "UnknownObject") !== null) return;
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    throw new Problem("BLUETOOTH_MISSING", `BlueZ does not forget the meter: ${refusal.message}`, { reason: "bluez" });
  });
}

async function cancelPairing(link: BluezLink, path: string): Promise<void> {
  const call = { path, interface: DEVICE, member: "CancelPairing", ms: RELEASE_MS };
  await link.call(call).catch(() => undefined);
}

function pairProblemInProgress({ address, name }: DeviceObject): Problem {
  return pairingFailed(nameFor(address, name), "in-progress", "another pairing with it is under way");
}
