import { access, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, parse } from "node:path";

/**
 * Moves a file into a folder (made if missing) under its name, or `name-2.xml` and so on if that is taken; with `text`,
 * a file of the same name and `.txt` stands beside it before it is moved. Gives the new name. Throws what the system
 * threw; the file is then where it was.
 */
export async function putAway(path: string, folder: string, name: string, text: string | null = null): Promise<string> {
  await mkdir(folder, { recursive: true });
  const free = await freeName(folder, name);
  const beside = join(folder, `${free}.txt`);
  if (text !== null) await writeFile(beside, text);
  try {
    await rename(path, join(folder, free));
  } catch (error) {
    if (text !== null) await rm(beside, { force: true });
    throw error;
  }
  return free;
}

async function freeName(folder: string, name: string): Promise<string> {
  const { name: stem, ext } = parse(name);
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${stem}-${number}${ext}`;
    const taken = (await exists(join(folder, candidate))) || (await exists(join(folder, `${candidate}.txt`)));
    if (!taken) return candidate;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
