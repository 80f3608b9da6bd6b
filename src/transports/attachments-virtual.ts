import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { Problem } from "../domain/problem.js";
import type { SerialAttachment, UsbFacts } from "./attachments.js";

const hex4 = z.string().regex(/^[0-9a-f]{4}$/);

/** A virtual meter's announcement. */
const Announcement = z.object({
  port: z.string().startsWith("/"),
  pid: z.int().positive(),
  startedAt: z.string().min(1),
  usb: z
    .object({
      vendorId: hex4,
      productId: hex4,
      serial: z.string().nullable().default(null),
      product: z.string().nullable().default(null),
    })
    .nullable()
    .default(null),
});

/** What a virtual meter tells about itself. */
export interface VirtualPort {
  readonly port: string;
  readonly usb: UsbFacts | null;
  /** The process without which the port is gone; this one if left out. */
  readonly pid?: number;
}

/**
 * Announces a virtual port as `<name>.json` in the folder (made if missing), whole at once. Returns a function that
 * takes the announcement back, if it is still this one. Throws USAGE for a name that is no plain file name, and
 * TRANSPORT_GONE if the process does not live.
 */
export function announceVirtualPort(portsDir: string, name: string, virtual: VirtualPort): () => void {
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) throw new Problem("USAGE", `no name for a virtual port: ${name}`);
  const pid = virtual.pid ?? process.pid;
  const startedAt = startTimeOf(readStat(pid));
  if (startedAt === null) throw new Problem("TRANSPORT_GONE", `there is no process ${pid}`, { pid });
  const text = `${JSON.stringify({ port: virtual.port, pid, startedAt, usb: virtual.usb })}\n`;
  const file = join(portsDir, `${name}.json`);
  // Not `.json`: half a file is never taken for an announcement.
  const draft = join(portsDir, `.${name}.${process.pid}.draft`);
  mkdirSync(portsDir, { recursive: true });
  writeFileSync(draft, text, { mode: 0o644 });
  renameSync(draft, file);
  return () => {
    try {
      if (readFileSync(file, "utf8") === text) rmSync(file, { force: true });
    } catch {
      // Taken back already.
    }
  };
}

/**
 * The virtual ports announced in the folder whose process lives and whose device exists. Announcements of processes
 * that are gone are removed: the system gives their device path to the next program that asks. Files that are no
 * announcements are left alone; a folder that does not exist has none.
 */
export async function listVirtualPorts(portsDir: string): Promise<readonly SerialAttachment[]> {
  const names = await readdir(portsDir).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith(".json") && !name.startsWith("."))
      .map((name) => readOne(join(portsDir, name))),
  );
  return found.filter((one) => one !== null).sort((a, b) => (a.port < b.port ? -1 : 1));
}

async function readOne(file: string): Promise<SerialAttachment | null> {
  const text = await readFile(file, "utf8").catch(() => "");
  const parsed = Announcement.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const { port, pid, startedAt, usb } = parsed.data;
  // A process number alone is used again; with its start time it names one process.
  const process = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (startTimeOf(process) !== startedAt) {
    // Read again, as another meter may have announced itself under this name just now.
    if ((await readFile(file, "utf8").catch(() => "")) === text) await rm(file, { force: true });
    return null;
  }
  const exists = await stat(port).then(
    () => true,
    () => false,
  );
  return exists ? { port, usb, virtual: true } : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readStat(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
}

/**
 * When a process started: field 22 of its `/proc/<pid>/stat` (clock ticks since boot), as text; null if it is gone or
 * only waits to be buried (state Z or X). Its name, field 2, may hold spaces and brackets: counted from the last one.
 */
function startTimeOf(text: string | null): string | null {
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return fields[22 - 3] ?? null;
}
