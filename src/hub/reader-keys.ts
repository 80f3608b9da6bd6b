import { readFile } from "node:fs/promises";
import { Problem } from "../domain/problem.js";
import { parseKeyFile } from "../kit/key-file.js";
import type { Settings } from "../settings/settings.js";

/** The keys in the file that the settings name; undefined where they name none. Throws SETTINGS_INVALID for a file that can't be read or understood. */
export async function readerKeys({ keyFile }: Settings): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  if (keyFile === null) return undefined;
  const text = await readFile(keyFile, "utf8").catch((cause: unknown) => {
    throw new Problem("SETTINGS_INVALID", `keyFile: ${keyFile} can't be read.`, {}, { cause });
  });
  return parseKeyFile(text);
}
