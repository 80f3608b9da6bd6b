import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "../store/store.js";
import { createToken, tokenName } from "../store/tokens.js";

/** Where a running hub is to be found, for commands on this machine. */
export interface HubAddress {
  readonly url: string;
  readonly pid: number;
}

const ADDRESS = "hub.json";
const TOKEN = "this-machine.token";

/** Leaves word in the data folder where the hub listens; returns what takes it back. */
export function leaveAddress(dataDir: string, address: HubAddress): () => void {
  const file = join(dataDir, ADDRESS);
  writeSecret(file, `${JSON.stringify(address)}\n`);
  return () => rmSync(file, { force: true });
}

/** The address that a hub left in the data folder; null if there is none. It may have died since. */
export function readAddress(dataDir: string): HubAddress | null {
  try {
    return JSON.parse(readFileSync(join(dataDir, ADDRESS), "utf8")) as HubAddress;
  } catch {
    return null;
  }
}

/**
 * The token with which commands of this machine's user talk to the hub: whoever can read the data folder can read the
 * store anyway. Made once, kept in a file that only its owner can read.
 */
export async function localToken(store: Store, dataDir: string, at: string): Promise<string> {
  const known = readLocalToken(dataDir);
  if (known !== null && (await tokenName(store, known)) !== null) return known;
  const { secret } = await createToken(store, "this machine", at);
  writeSecret(join(dataDir, TOKEN), `${secret}\n`);
  return secret;
}

/** The token kept in the data folder; null if there is none. */
export function readLocalToken(dataDir: string): string | null {
  try {
    return readFileSync(join(dataDir, TOKEN), "utf8").trim();
  } catch {
    return null;
  }
}

function writeSecret(file: string, text: string): void {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
