import type { FSWatcher } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { SerialPorts } from "./attachments.js";
import { listVirtualPorts } from "./attachments-virtual.js";
import { Bell, listen } from "./bell.js";
import { type ListOptions, listSerialPorts, SERIAL_PORT_NAME } from "./serial-ports.js";

/** What to watch, and whom to tell. */
export interface WatchOptions extends ListOptions {
  readonly signal: AbortSignal;
  /** How often to look even if nothing was heard, milliseconds; default 5000. */
  readonly everyMs?: number;
  /** Gets all ports: at once at the start, then whenever something came, went or was replaced. */
  readonly onChange: (ports: SerialPorts) => void;
}

/**
 * Watches serial ports come and go until the signal is aborted; resolves then, with all that it opened closed. Looks
 * when the system says that a name came or went, and now and then in case it missed one; a look costs a few file
 * reads, and only a change makes it ask for the full list. Rejects with what `onChange` throws.
 */
export async function watchSerialPorts(options: WatchOptions): Promise<void> {
  const { signal, portsDir } = options;
  const devDir = options.devDir ?? "/dev";
  const watchers: FSWatcher[] = [];
  const bell = new Bell(options.everyMs ?? 5000, signal);
  if (portsDir !== null) await mkdir(portsDir, { recursive: true }).catch(() => undefined);
  watchers.push(...listen(devDir, (name) => SERIAL_PORT_NAME.test(name), bell));
  if (portsDir !== null) watchers.push(...listen(portsDir, (name) => name.endsWith(".json"), bell));
  try {
    let seen: string | null = null;
    while (!signal.aborted) {
      const now = await fingerprint(devDir, portsDir);
      if (now !== seen) {
        seen = now;
        const ports = await listSerialPorts(options);
        if (!signal.aborted) options.onChange(ports);
      }
      await bell.wait();
    }
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

/** Tells cheaply whether anything changed: names, what stands behind them, who may open them, live virtual ports. */
async function fingerprint(devDir: string, portsDir: string | null): Promise<string> {
  const names = (await readdir(devDir).catch(() => [])).filter((name) => SERIAL_PORT_NAME.test(name)).sort();
  const nodes = await Promise.all(
    names.map(async (name) => {
      const node = await stat(join(devDir, name)).catch(() => null);
      return [name, node?.ino, node?.mode, node?.gid];
    }),
  );
  return JSON.stringify([nodes, portsDir === null ? [] : await listVirtualPorts(portsDir)]);
}
