import { join } from "node:path";
import { addressText } from "./postgres/connect.js";

/** Where a store lies: in a file, or in a database where one is set. */
export interface StoreAddress {
  readonly path: string;
  /** postgres://user@host/database */
  readonly url: string | null;
}

/** Where the store of a hub with these settings lies. */
export function storeAddress(settings: {
  readonly data: string;
  readonly database: { readonly url: string | null };
}): StoreAddress {
  return { path: join(settings.data, "glucohub.db"), url: settings.database.url };
}

/** The address for people: a path, or a database without user and password. */
export function storeName({ path, url }: StoreAddress): string {
  return url === null ? path : addressText(url);
}
