import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type GuestMessage, parseMessage } from "../report.js";
import { initramfs } from "./initramfs.js";
import type { LabKit } from "./kit.js";
import { qemuArguments } from "./qemu.js";

/** What runs in the second machine, and who is told. */
export interface BootOptions {
  readonly kit: LabKit;
  readonly command: readonly string[];
  readonly controllers: number;
  /** Whether it has the serial cable. */
  readonly ftdi: boolean;
  /** The checkout whose build runs. */
  readonly checkout: string;
  /** Folders that the command needs besides. */
  readonly keep: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** After this the machine is switched off, milliseconds. */
  readonly limitMs: number;
  readonly onMessage: (message: GuestMessage) => void;
  /** Each line of its console. */
  readonly onLog: (line: string) => void;
}

/**
 * Boots a second machine, runs the command in it and waits until it goes off. Leaves nothing behind: no process, no file.
 * Returns a sentence if it did not go off by itself.
 */
export async function boot(options: BootOptions): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-lab-"));
  const files = {
    ...{ initramfs: join(folder, "initramfs"), report: join(folder, "report"), cable: join(folder, "cable") },
  };
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", clear);
  const server = await listen(files.report, options.onMessage);
  try {
    writeFileSync(files.initramfs, initramfs(options.kit, options));
    return await runQemu(options, qemuArguments(options.kit, files, options.ftdi));
  } finally {
    server.close();
    process.removeListener("exit", clear);
    clear();
  }
}

async function listen(path: string, onMessage: (message: GuestMessage) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    lines(socket, (line) => {
      const message = parseMessage(line);
      if (message !== null) onMessage(message);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return server;
}

async function runQemu({ kit, limitMs, onLog }: BootOptions, args: readonly string[]): Promise<string | null> {
  const { LD_LIBRARY_PATH, ...env } = process.env;
  const libraries = [...kit.libraries, LD_LIBRARY_PATH ?? ""].filter((one) => one !== "");
  const more = libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(":") };
  const child = spawn(kit.qemu, args, { env: { ...env, ...more }, stdio: ["ignore", "pipe", "pipe"] });
  const stop = (): void => void child.kill("SIGKILL");
  process.once("exit", stop);
  lines(child.stdout, onLog);
  lines(child.stderr, (line) => onLog(`qemu: ${line}`));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, limitMs);
  try {
    const ended = await new Promise<string | null>((resolve) => {
      child.once("error", (error) => resolve(`QEMU did not start: ${error.message}`));
      child.once("close", (code, signal) => resolve(code === 0 ? null : `QEMU ended with ${signal ?? code}.`));
    });
    return late ? `The second machine was switched off after ${limitMs / 1_000} s.` : ended;
  } finally {
    clearTimeout(timer);
    process.removeListener("exit", stop);
  }
}

function lines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", onLine);
}
