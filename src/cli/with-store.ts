import { existsSync } from "node:fs";
import type { Settings } from "../settings/settings.js";
import { storeAddress } from "../store/address.js";
import { Store } from "../store/store.js";
import type { Cli } from "./cli.js";

/**
 * Opens the settings' store for everyone's work (never the sync worker's), hands it to `work` and closes it. Says on
 * standard error if there was none: a mistyped folder should not look like an empty store.
 */
export async function withStore<T>(cli: Cli, settings: Settings, work: (store: Store) => Promise<T>): Promise<T> {
  const place = storeAddress(settings);
  if (place.url === null && !existsSync(place.path))
    cli.out.note(`There was no store in ${settings.data}: a new one is made.`);
  const store = await Store.open({ ...place, role: "local", hubId: settings.hub.id });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
