import { findDriver } from "../../drivers/index.js";
import { Problem } from "../domain/problem.js";
import type { Settings } from "../settings/settings.js";
import type { Attachment } from "../transports/attachments.js";
import { type Bluetooth, type BluetoothState, connectBluetooth } from "../transports/bluez/bluetooth.js";
import type { Cli } from "./cli.js";

/** How long a command listens for meters in reach, milliseconds: they say their name several times a second. */
const LISTEN_MS = 3_000;
/** How long a named meter is waited for, milliseconds: it must be switched on, or a test be taken. */
const AWAIT_MS = 30_000;

/** True if a command that is told so needs the radio: a port or a driver on Bluetooth. Throws DRIVER_UNKNOWN. */
export function needsRadio(named: { readonly port?: string; readonly driver?: string }): boolean {
  if (named.port !== undefined) return named.port.startsWith("ble:");
  return named.driver !== undefined && findDriver(named.driver).transport === "ble";
}

/** Opens the radio for a command that needs it; whoever opens it closes it. Throws BLUETOOTH_MISSING with what is missing. */
export async function openRadio(cli: Cli, settings: Settings): Promise<Bluetooth> {
  const bluetooth = await connectBluetooth({ clock: cli.io.clock, log: cli.quietLog(settings) });
  const lacking = missing(await bluetooth.state());
  if (lacking === null) return bluetooth;
  await bluetooth.close();
  throw new Problem("BLUETOOTH_MISSING", lacking.join(" "));
}

/** Does something with the radio where a command needs it, null else. Throws what `openRadio` throws. */
export async function withRadio<T>(
  cli: Cli,
  settings: Settings,
  needed: boolean,
  work: (bluetooth: Bluetooth | null) => Promise<T>,
): Promise<T> {
  if (!needed) return await work(null);
  const bluetooth = await openRadio(cli, settings);
  try {
    return await work(bluetooth);
  } finally {
    await bluetooth.close();
  }
}

/** Does something with the radio, and lets it go again. Null where it is switched off or there is none. */
export async function withBluetooth<T>(
  cli: Cli,
  settings: Settings,
  work: (bluetooth: Bluetooth | null) => Promise<T>,
): Promise<T> {
  if (settings.bluetooth === "off") return await work(null);
  const bluetooth = await connectBluetooth({ clock: cli.io.clock, log: cli.quietLog(settings) });
  try {
    return await work(missing(await bluetooth.state()) === null ? bluetooth : null);
  } finally {
    await bluetooth.close();
  }
}

/** What keeps Bluetooth from working and what to do about it; null if nothing does. */
export function missing({ bus, bluez, adapters }: BluetoothState): readonly [what: string, remedy: string] | null {
  if (!bus) return ["The system's message bus can't be reached.", "Install it: `sudo apt-get install dbus bluez`."];
  if (!bluez)
    return [
      "BlueZ does not run.",
      "Install and start it: `sudo apt-get install bluez && sudo systemctl start bluetooth`.",
    ];
  if (adapters.length === 0)
    return ["There is no Bluetooth adapter.", "Plug one in that knows Bluetooth 4.0 or newer."];
  return null;
}

/** What is in reach, after a moment of listening; with `port`, as soon as that one is heard. Throws TRANSPORT_CANCELED. */
export async function heard(cli: Cli, bluetooth: Bluetooth, port?: string): Promise<readonly Attachment[]> {
  const { clock } = cli.io;
  const interrupted = cli.io.interruption();
  const enough = new AbortController();
  const signal = AbortSignal.any([interrupted, enough.signal]);
  let there: readonly Attachment[] = [];
  clock.sleep(port === undefined ? LISTEN_MS : AWAIT_MS, signal).then(
    () => enough.abort(),
    () => undefined,
  );
  await bluetooth.watch((attached) => {
    there = attached;
    if (port !== undefined && attached.some((one) => one.port === port)) enough.abort();
  }, signal);
  if (interrupted.aborted) throw new Problem("TRANSPORT_CANCELED");
  return there;
}
