import { createHash, randomBytes, randomUUID } from "node:crypto";
import { Problem } from "../domain/problem.js";
import type { Store } from "./store.js";

/** A token as it may be shown: never its secret. */
export interface TokenInfo {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Makes a token; its secret is returned once and only its hash is kept. */
export async function createToken(
  store: Store,
  name: string,
  at: string,
  secret: string = randomBytes(24).toString("base64url"),
): Promise<{ id: string; secret: string }> {
  const id = randomUUID();
  await store.write((tx) =>
    tx.db
      .insertInto("tokens")
      .values({ id, name, hash: hashOf(secret), created_at: at, revoked_at: null })
      .execute(),
  );
  return { id, secret };
}

/** Every token that was ever made, oldest first. */
export async function listTokens(store: Store): Promise<TokenInfo[]> {
  const rows = await store.read.selectFrom("tokens").selectAll().orderBy("created_at").execute();
  return rows.map((row) => ({ id: row.id, name: row.name, createdAt: row.created_at, revokedAt: row.revoked_at }));
}

/** Ends a token, by its id or its name. Throws TOKEN_INVALID if no token in force has it. */
export async function revokeToken(store: Store, idOrName: string, at: string): Promise<void> {
  const done = await store.write((tx) =>
    tx.db
      .updateTable("tokens")
      .set({ revoked_at: at })
      .where((eb) => eb.or([eb("id", "=", idOrName), eb("name", "=", idOrName)]))
      .where("revoked_at", "is", null)
      .executeTakeFirst(),
  );
  if (Number(done.numUpdatedRows) === 0)
    throw new Problem("TOKEN_INVALID", `No token in force is called "${idOrName}".`);
}

/** The name of the token in force with this secret; null if there is none. */
export async function tokenName(store: Store, secret: string): Promise<string | null> {
  const row = await store.read
    .selectFrom("tokens")
    .select("name")
    .where("hash", "=", hashOf(secret))
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return row?.name ?? null;
}
