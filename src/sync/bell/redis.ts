import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import type { Clock, Log } from "../../domain/clock.js";
import { findRedis, programFolders, redisCommand } from "./redis-program.js";
import { askRedis, redisFiles, removeFormer } from "./redis-socket.js";

/**
 * `starting`: it does not answer yet; `up`: it does; `down`: it ended, and is started again after a pause;
 * `missing`: there is no server program on this machine (it is looked for again each minute).
 */
export type RedisState = "starting" | "up" | "down" | "missing";

/** The hub's own Redis server. */
export interface RedisSupervisor {
  /** Absolute path of the socket on which it listens as soon as it is up. */
  readonly socket: string;
  state(): RedisState;
  /** Ends the server; resolves when it is gone, within some 4 s. */
  close(): Promise<void>;
}

/** What the supervisor needs. */
export interface RedisOptions {
  /** The hub's data folder, which no other hub uses at the same time: a server found running there is ended. */
  readonly dataDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Hears every change of state. */
  readonly onState: (state: RedisState) => void;
  /** Where to look for the server's program; if left out, in PATH and where packages put it. */
  readonly folders?: readonly string[];
}

/** Pauses before it is started again, milliseconds: they grow while it goes on dying. */
const PAUSES_MS = [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
/** A server that was up for so long is sound: its death is the first again. */
const SOUND_MS = 60_000;
const LOOK_AGAIN_MS = 60_000;
const ASK_EVERY_MS = 20;
const ASK_TIMEOUT_MS = 1_000;
/** Longest start: the file is small, but memory cards are slow. */
const START_MS = 20_000;
const END_MS = 4_000;
/** After so many starts in a row that failed the file is taken to be damaged. The store is the truth: it may go. */
const DAMAGED_AFTER = 3;

/**
 * Keeps a private Redis server running on a socket in the data folder until closed. Returns at once; a server that is
 * missing or fails is a state and no error. Throws the system's error if its folder can't be made. Call it on the main thread: the server ends with the thread that started it, also
 * when that is killed, where `setpriv` is there; else a killed hub leaves it to the next hub, which ends it.
 */
export function superviseRedis(options: RedisOptions): RedisSupervisor {
  const { clock, log } = options;
  const folders = options.folders ?? programFolders(process.env["PATH"]);
  const files = redisFiles(options.dataDir);
  const end = new AbortController();
  let state: RedisState = "starting";
  let child: ChildProcess | null = null;

  const enter = (next: RedisState): void => {
    if (state === next) return;
    state = next;
    options.onState(next);
  };
  const endChild = (): void => void child?.kill("SIGTERM");
  process.once("exit", endChild);
  const told = new Set<string>();
  const warnOnce = (message: string): void => {
    if (!told.has(message)) log.warn({}, message);
    told.add(message);
  };

  /** One life of the server; resolves when it ended: true if it had been up. */
  const live = async (command: string, args: readonly string[]): Promise<boolean> => {
    // Out of the terminal's process group: Ctrl-C is the hub's to answer, which ends the server last.
    const started = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    child = started;
    let gone = false;
    const exit = new Promise<void>((resolve) => {
      const done = (): void => {
        gone = true;
        resolve();
      };
      started.once("exit", done);
      started.once("error", done);
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (bytes: Buffer) => log.debug({ said: bytes.toString("utf8").trim().slice(0, 500) }, "redis"));
    }
    const starting = new AbortController();
    let late = false;
    const deadline = clock.sleep(START_MS, starting.signal).then(
      () => {
        late = true;
      },
      () => undefined,
    );
    let up = false;
    while (!gone && !up && !late && !end.signal.aborted) {
      await clock.sleep(ASK_EVERY_MS, end.signal).catch(() => undefined);
      up = !gone && (await askRedis(files.socket, "PING", ASK_TIMEOUT_MS)) === "+PONG";
    }
    starting.abort();
    await deadline;
    if (up && !end.signal.aborted) {
      enter("up");
      log.info({ socket: files.socket }, "the private Redis server is up");
    } else if (late) {
      started.kill("SIGKILL");
    }
    await exit;
    child = null;
    return up;
  };

  const run = async (): Promise<void> => {
    for (const socket of [files.former, files.socket]) if (socket !== null) await endFormer(socket, clock);
    if (files.former !== null) removeFormer(files.former);
    let failed = 0;
    while (!end.signal.aborted) {
      const program = await findRedis(folders);
      if (program === null) {
        enter("missing");
        warnOnce("no redis-server found: the hub rings by its own timer until one is installed");
        await clock.sleep(LOOK_AGAIN_MS, end.signal);
        continue;
      }
      if (program.setpriv === null) {
        warnOnce("no setpriv found: if the hub is killed its Redis server goes on until the next start");
      }
      if (end.signal.aborted) break;
      enter("starting");
      mkdirSync(files.folder, { recursive: true, mode: 0o700 });
      const since = clock.now();
      const wasUp = await live(...redisCommand(program, files.socket, files.folder));
      if (end.signal.aborted) break;
      enter("down");
      failed = wasUp && clock.now() - since >= SOUND_MS ? 1 : failed + 1;
      const pause = PAUSES_MS[failed - 1] ?? PAUSES_MS.at(-1) ?? 0;
      log.warn({ pauseMs: pause, wasUp }, "the private Redis server ended and is started again");
      if (!wasUp && failed % DAMAGED_AFTER === 0) setAside(files.folder, log);
      await clock.sleep(pause, end.signal);
    }
  };
  const running = run().catch((error: unknown) => {
    if (!end.signal.aborted) log.error({ error: String(error) }, "the private Redis server can't be looked after");
    enter("down");
  });

  return {
    socket: files.socket,
    state: () => state,
    close: async () => {
      end.abort();
      process.removeListener("exit", endChild);
      endChild();
      const ended = new AbortController();
      const kill = clock.sleep(END_MS, ended.signal).then(
        () => void child?.kill("SIGKILL"),
        () => undefined,
      );
      await running;
      ended.abort();
      await kill;
      enter("down");
      files.dispose();
    },
  };
}

/** A server that a killed hub left on these files would write to them beside ours. */
async function endFormer(socket: string, clock: Clock): Promise<void> {
  if (!existsSync(socket)) return;
  for (let waited = 0; waited < END_MS; waited += ASK_EVERY_MS) {
    const answer = await askRedis(socket, "SHUTDOWN", ASK_TIMEOUT_MS);
    if (answer === null) return;
    await clock.sleep(ASK_EVERY_MS);
  }
}

/** Its file is damaged, and holds nothing but bells to ring: it is kept for inspection, out of the way. */
function setAside(folder: string, log: Log): void {
  const aside = `${folder}.damaged`;
  rmSync(aside, { recursive: true, force: true });
  renameSync(folder, aside);
  log.warn({ aside }, "the private Redis server does not start on its file: it begins anew, nothing is lost");
}
