import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** A private server's files. */
export interface RedisFiles {
  /** Where it keeps its queue. */
  readonly folder: string;
  /** Absolute path of its socket: in the folder, or in a folder of its own where that path is too long. */
  readonly socket: string;
  /** The socket of the server that ran on this folder before, if another one. */
  readonly former: string | null;
  /** Removes the socket's own folder, if it has one. */
  dispose(): void;
}

/** `sun_path` of Linux' unix(7) holds 108 bytes with the closing zero. */
const LONGEST_SOCKET = 107;
const NOTE = "socket-path";
const SOCKET = "redis.sock";
const OWN_FOLDER = "glucohub-redis-";

/** Makes the folder `redis` in the data folder, for this user only, and chooses the socket. */
export function redisFiles(dataDir: string): RedisFiles {
  const folder = join(dataDir, "redis");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const plain = join(folder, SOCKET);
  const own = Buffer.byteLength(plain) > LONGEST_SOCKET ? mkdtempSync(join(tmpdir(), OWN_FOLDER)) : null;
  const socket = own === null ? plain : join(own, SOCKET);
  const note = join(folder, NOTE);
  const noted = readNote(note);
  writeFileSync(note, socket, { mode: 0o600 });
  return {
    folder,
    socket,
    former: noted === socket ? null : noted,
    dispose: () => {
      if (own !== null) rmSync(own, { recursive: true, force: true });
    },
  };
}

/** Removes what a former hub's socket left behind, if it had a folder of its own. */
export function removeFormer(socket: string): void {
  const folder = dirname(socket);
  if (basename(folder).startsWith(OWN_FOLDER)) rmSync(folder, { recursive: true, force: true });
}

/**
 * What the server at this socket says to a command without arguments, the first line of it (`+PONG`, `-LOADING …`);
 * null if nobody answers within `ms` milliseconds. `""`: it ended the connection.
 */
export async function askRedis(socket: string, command: string, ms: number): Promise<string | null> {
  return await new Promise((resolve) => {
    const connection = connect(socket);
    const end = (answer: string | null): void => {
      connection.destroy();
      resolve(answer);
    };
    let connected = false;
    connection.setTimeout(ms, () => end(null));
    connection.once("connect", () => {
      connected = true;
      connection.write(`${command}\r\n`);
    });
    connection.once("data", (bytes) => end(bytes.toString("latin1").split("\r\n")[0] ?? ""));
    connection.once("error", () => end(connected ? "" : null));
    connection.once("close", () => end(connected ? "" : null));
  });
}

function readNote(file: string): string | null {
  try {
    const text = readFileSync(file, "utf8");
    return text.endsWith(`/${SOCKET}`) ? text : null;
  } catch {
    return null;
  }
}
