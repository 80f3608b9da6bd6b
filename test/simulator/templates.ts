import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Store } from "../../src/store/store.js";
import { hubIdOf } from "./names.js";

/** Most hubs in one run. */
const HUBS = 2;

/** Empty stores with their tables, one for each hub, and the folder for those of the runs. */
export interface Templates {
  readonly folder: string;
  readonly paths: readonly string[];
  remove(): void;
}

/** Makes them where files are quickest: in memory, if this machine shows memory as a folder. */
export async function makeTemplates(): Promise<Templates> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "glucohub-simulator-"));
  const paths: string[] = [];
  for (let hub = 0; hub < HUBS; hub += 1) {
    const path = join(folder, `template-${hub}.db`);
    const store = await Store.open({ path, role: "local", hubId: hubIdOf(hub) });
    await store.close();
    paths.push(path);
  }
  return { folder, paths, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
