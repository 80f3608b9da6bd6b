import { existsSync } from "node:fs";

/**
 * The address of a file of the repository that is not compiled, from the sources as from what they are compiled to.
 *
 * @param path relative to the repository's root
 */
export function repositoryFile(path: string): URL {
  for (let folder = new URL("./", import.meta.url); folder.pathname !== "/"; folder = new URL("../", folder))
    if (existsSync(new URL("biome.json", folder))) return new URL(path, folder);
  throw new Error("this is no checkout of Glucohub");
}
