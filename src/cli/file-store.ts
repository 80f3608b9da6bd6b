import { Problem } from "../domain/problem.js";
import { type StoreAddress, storeName } from "../store/address.js";

/** For commands that copy the store's file. Throws USAGE where the store lies in a database, naming what copies that. */
export function requireFile(place: StoreAddress): void {
  if (place.url === null) return;
  const name = storeName(place);
  throw new Problem(
    "USAGE",
    `The store lies in the database at ${name}, which PostgreSQL's own programs back up and restore: ` +
      `pg_dump --format=custom --file=glucohub.dump "${name}", and with every hub stopped ` +
      `pg_restore --clean --if-exists --dbname="${name}" glucohub.dump, then glucohub sync --full.`,
  );
}
