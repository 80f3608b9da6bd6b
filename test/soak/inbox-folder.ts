import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";

/** Moves a file into the inbox under its name, whole at once. */
export function drop(path: string, inbox: string): void {
  mkdirSync(inbox, { recursive: true });
  renameSync(path, join(inbox, basename(path)));
}

/** Names of the files that wait in the inbox. */
export function waitingIn(inbox: string): string[] {
  return filesIn(inbox);
}

/** What stands beside a refused file; null if that file was not refused. */
export function refusalOf(inbox: string, name: string): string | null {
  const path = join(inbox, "refused", name);
  return existsSync(path) ? readFileSync(`${path}.txt`, "utf8") : null;
}

/** Where something is not as it is in the end: all sound files in `done`, the bad one in `refused` with its text; a sentence each. */
export function misplaced(inbox: string, sound: readonly string[], bad: string): string[] {
  const name = basename(bad);
  const [done, refused] = [filesIn(join(inbox, "done")), filesIn(join(inbox, "refused"))];
  const names = sound.map((path) => basename(path)).sort();
  const text = refusalOf(inbox, name) ?? "nothing";
  return [
    ...(waitingIn(inbox).length === 0 ? [] : [`the inbox holds ${waitingIn(inbox).join(", ")}`]),
    ...(done.join() === names.join() ? [] : [`done holds ${done.join(", ")}`]),
    ...(refused.join() === [name, `${name}.txt`].join() ? [] : [`refused holds ${refused.join(", ")}`]),
    ...(/could not be imported/.test(text) && /Kept: nothing\./.test(text) ? [] : [`beside ${name} stands: ${text}`]),
  ];
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}
