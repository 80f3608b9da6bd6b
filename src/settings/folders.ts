import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

type Env = Readonly<Record<string, string | undefined>>;

/** The path as an absolute one: `~/` means the user's home, anything else relative is meant from `base`. */
export function absolutePath(path: string, base: string, env: Env): string {
  if (path === "~" || path.startsWith("~/")) return join(home(env), path.slice(1));
  return resolve(base, path);
}

/**
 * Where the store lies if nobody says: `glucohub` in the user's data folder (XDG Base Directory Specification 0.8:
 * `$XDG_DATA_HOME` if absolute, else `~/.local/share`).
 */
export function defaultDataFolder(env: Env): string {
  const shared = env["XDG_DATA_HOME"];
  const parent = shared !== undefined && isAbsolute(shared) ? shared : join(home(env), ".local", "share");
  return join(parent, "glucohub");
}

/** The `config/default.yaml` of this package, from its sources or from what is built; null if there is none. */
export function packagedDefaults(): string | null {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, "config", "default.yaml");
    if (existsSync(file)) return file;
    const parent = dirname(folder);
    if (parent === folder || existsSync(join(folder, "package.json"))) return null;
    folder = parent;
  }
}

function home(env: Env): string {
  const named = env["HOME"];
  return named !== undefined && isAbsolute(named) ? named : homedir();
}
