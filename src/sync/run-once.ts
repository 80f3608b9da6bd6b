import { randomUUID } from "node:crypto";
import type { Clock, Log } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { StoreAddress } from "../store/address.js";
import { Store } from "../store/store.js";
import { type CloudSettings, openCloud } from "./clouds/index.js";
import { type EngineState, startEngine } from "./engine.js";

/**
 * Syncs until nothing is left to do, in this process, while no hub runs on the store (the caller holds the hub's lock).
 * Resolves with how it ended. Throws SETTINGS_INVALID where no cloud is set.
 */
export async function syncOnce(options: {
  store: StoreAddress;
  cloud: CloudSettings;
  /** Compare every record with the cloud. */
  full: boolean;
  clock: Clock;
  log: Log;
}): Promise<EngineState> {
  const cloud = openCloud(options.cloud);
  if (cloud === null)
    throw new Problem(
      "SETTINGS_INVALID",
      "No cloud is set: give cloud.kind and cloud.url (GLUCOHUB_CLOUD_KIND, GLUCOHUB_CLOUD_URL).",
    );
  const store = await Store.open({ ...options.store, role: "sync" });
  const engine = startEngine({
    store,
    cloud,
    clock: options.clock,
    log: options.log,
    holder: `once-${randomUUID()}`,
    // Other hubs on a database don't take this one's lock.
    alone: options.store.url === null,
    newId: randomUUID,
    random: Math.random,
  });
  try {
    await engine.ring("asked", true, options.full);
    return engine.state();
  } finally {
    await engine.stop();
    await store.close();
  }
}
