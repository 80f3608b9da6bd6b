import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The programs that run a private Redis on this machine. */
export interface RedisProgram {
  /** Path of `redis-server` or `valkey-server`. */
  readonly server: string;
  /** Path of a `setpriv` that can tie a child's life to its parent's (util-linux 2.33); null if there is none. */
  readonly setpriv: string | null;
}

/** Valkey is Redis' free continuation: same protocol, same options. */
const SERVERS = ["redis-server", "valkey-server"];
/** Where packages put them though a user's PATH often lacks it. */
const MORE_FOLDERS = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];

/** Where to look for programs: the folders of `path` (as in PATH), then where packages put them. */
export function programFolders(path: string | undefined): readonly string[] {
  return [...(path ?? "").split(delimiter).filter((folder) => folder !== ""), ...MORE_FOLDERS];
}

/** The programs found in these folders, the first that has one; null without a server. */
export async function findRedis(folders: readonly string[]): Promise<RedisProgram | null> {
  const server = findIn(folders, SERVERS);
  if (server === null) return null;
  const setpriv = findIn(folders, ["setpriv"]);
  // BusyBox has a setpriv without the option: only trying tells.
  const works = setpriv !== null && (await succeeds(setpriv, [...TIED, server, "--version"]));
  return { server, setpriv: works ? setpriv : null };
}

const TIED = ["--pdeathsig", "TERM"];

/** Memory that the queue may take: it needs a hundredth of it. */
const MEMORY = "32mb";
/** Redis rewrites its file when it has doubled and is larger than this; its own 64 MB is much for a memory card. */
const REWRITE = "4mb";

/**
 * The command that runs a server on this socket, with its file in `folder`: no port, no other user, every job in the
 * file before long, nothing thrown away (BullMQ demands `noeviction`). With setpriv it ends when its parent does.
 */
export function redisCommand(program: RedisProgram, socket: string, folder: string): readonly [string, string[]] {
  const options = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: folder,
    daemonize: "no",
    appendonly: "yes",
    "auto-aof-rewrite-min-size": REWRITE,
    save: "",
    databases: "1",
    maxmemory: MEMORY,
    "maxmemory-policy": "noeviction",
    loglevel: "warning",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  if (program.setpriv === null) return [program.server, args];
  return [program.setpriv, [...TIED, program.server, ...args]];
}

function findIn(folders: readonly string[], names: readonly string[]): string | null {
  for (const name of names) {
    for (const folder of folders) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // Not here.
      }
    }
  }
  return null;
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "ignore" });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}
