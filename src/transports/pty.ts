import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Problem } from "../domain/problem.js";
import { concat, latin1 } from "../kit/bytes.js";

/** A pseudo-terminal whose far side is ours: what a program finds at `path` behaves as a serial port. */
export interface Pty {
  /** Of the device: `/dev/pts/3`. */
  readonly path: string;
  /** The process that holds it: the device vanishes with it. */
  readonly pid: number;
  /** Who gets what a program writes to the device, from the first byte on; one listener, the last given. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Sends to the program that has the device open; kept by the system until it reads. */
  send(bytes: Uint8Array): void;
  /** Unplugs at once, as a pulled cable does. */
  kill(): void;
  /** Unplugs and resolves when the device is gone; may be called twice. */
  close(): Promise<void>;
}

/**
 * Makes a pseudo-terminal without native code: the `script` program of every Debian holds it and passes its bytes
 * through untouched. It ends with this process, however that ends. Rejects with TRANSPORT_LIBRARY where `script` is
 * missing, TRANSPORT_OPEN where it gives no device, or the signal's reason.
 */
export async function openPty(signal?: AbortSignal): Promise<Pty> {
  signal?.throwIfAborted();
  const child = spawnHolder();
  const backlog: Uint8Array[] = [];
  let listener = (bytes: Uint8Array): void => {
    backlog.push(bytes);
  };
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  const gone = once(child, "close").catch(() => undefined);
  try {
    const { path, rest } = await firstLine(child, signal);
    if (rest.length > 0) backlog.push(rest);
    child.stdout.on("data", (bytes: Buffer) => listener(Uint8Array.from(bytes)));
    return {
      path,
      pid: child.pid ?? 0,
      onData(next) {
        listener = next;
        for (const bytes of backlog.splice(0)) next(bytes);
      },
      send: (bytes) => {
        if (child.stdin.writable) child.stdin.write(bytes);
      },
      kill,
      async close() {
        kill();
        await gone;
      },
    };
  } catch (error) {
    kill();
    throw error;
  }
}

/**
 * The command that makes a pseudo-terminal, prints its path on a line and holds it for as long as the owner lives.
 * `script` outlives the pipe that it is fed by: with setpriv the kernel ends it, without, the shell inside looks
 * every 2 s.
 */
export function ptyCommand(ownerPid: number, setpriv: boolean): readonly [string, readonly string[]] {
  const keep = setpriv ? "exec sleep 2147483647" : `while kill -0 ${ownerPid} 2>/dev/null; do sleep 2; done`;
  const script = ["-qfec", `stty raw -echo && tty && ${keep}`, "/dev/null"];
  return setpriv ? ["setpriv", ["--pdeathsig", "KILL", "script", ...script]] : ["script", script];
}

function spawnHolder(): ChildProcessWithoutNullStreams {
  const [command, args] = ptyCommand(process.pid, onPath("setpriv"));
  const child = spawn(command, args, { stdio: "pipe", env: { ...process.env, SHELL: "/bin/sh", LC_ALL: "C" } });
  // A broken pipe is how writing to an unplugged device shows; the exit tells what is needed.
  child.stdin.on("error", () => undefined);
  child.stderr.resume();
  return child;
}

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/** The device's path, which the inner shell prints first, and what came behind it. */
function firstLine(
  child: ChildProcessWithoutNullStreams,
  signal: AbortSignal | undefined,
): Promise<{ path: string; rest: Uint8Array }> {
  return new Promise((resolve, reject) => {
    let head: Uint8Array = new Uint8Array();
    const settle = (act: () => void): void => {
      child.stdout.off("data", take);
      signal?.removeEventListener("abort", cancel);
      act();
    };
    const take = (chunk: Buffer): void => {
      head = concat([head, chunk]);
      const end = head.indexOf(0x0a);
      if (end < 0) return;
      const path = latin1(head.subarray(0, end)).trim();
      const rest = head.slice(end + 1);
      if (path.startsWith("/dev/")) settle(() => resolve({ path, rest }));
      else settle(() => reject(new Problem("TRANSPORT_OPEN", `no pseudo-terminal: ${path}`)));
    };
    const cancel = (): void => settle(() => reject(signal?.reason));
    const missing = "virtual serial ports need the program script (Debian package bsdutils)";
    child.once("error", (cause) =>
      settle(() => reject(new Problem("TRANSPORT_LIBRARY", missing, { package: "bsdutils" }, { cause }))),
    );
    child.once("exit", (code) =>
      settle(() =>
        reject(
          code === 127
            ? new Problem("TRANSPORT_LIBRARY", missing, { package: "bsdutils" })
            : new Problem("TRANSPORT_OPEN", `no pseudo-terminal: script ended with ${code}`),
        ),
      ),
    );
    child.stdout.on("data", take);
    signal?.addEventListener("abort", cancel, { once: true });
  });
}
