import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { promisify } from "node:util";
import type { Settings } from "../../settings/settings.js";
import type { AttachmentTransport } from "../../transports/attachments.js";
import { connectBluetooth } from "../../transports/bluez/bluetooth.js";
import { sysText } from "../../transports/sysfs.js";
import type { AttachedPort } from "../attached.js";
import type { Cli } from "../cli.js";
import { missing } from "../radio.js";
import { bad, type Finding, ok, warn } from "./finding.js";

const OLDEST_NODE = 20;
/** No clock that is right shows an earlier year. */
const EARLIEST_YEAR = 2024;
const PROGRAM_MS = 3_000;

/** Node.js is new enough. */
export function checkNode(): Finding {
  const version = process.versions.node;
  return Number.parseInt(version, 10) >= OLDEST_NODE
    ? ok("node", `Node.js ${version}.`)
    : bad("node", `Node.js ${version} is too old.`, `Install Node.js ${OLDEST_NODE} or newer.`);
}

/** The clock, by which every meter's clock is judged. */
export async function checkClock({ io }: Cli): Promise<Finding> {
  const now = new Date(io.clock.now());
  const remedy = "Set the clock and switch time synchronisation on: `sudo timedatectl set-ntp true`.";
  if (now.getUTCFullYear() < EARLIEST_YEAR)
    return bad("clock", `The clock shows ${now.toISOString()}: readings would get wrong times.`, remedy);
  const synchronised = await output("timedatectl", ["show", "--property=NTPSynchronized", "--value"]);
  if (synchronised === "no") return warn("clock", "The clock is not synchronised over the network.", remedy);
  const known = synchronised === "yes" ? "synchronised over the network" : "nothing is known of its synchronisation";
  return ok("clock", `The clock shows ${now.toISOString()}; ${known}.`);
}

/** udev tells which meter is behind a port. */
export async function checkUdev(): Promise<Finding> {
  const version = await output("udevadm", ["--version"]);
  return version === null
    ? warn("udev", "The program udevadm is missing: less is known of attached meters.", "Install the package udev.")
    : ok("udev", `udev ${version}.`);
}

/** This user may open the serial ports that are attached, or those that will be. */
export async function checkSerial(cli: Cli, attached: readonly AttachedPort[]): Promise<Finding[]> {
  const real = attached
    .filter(({ attachment: { virtual, transport = "serial" } }) => !virtual && transport === "serial")
    .map(({ attachment }) => attachment.port);
  if (real.length > 0) return Promise.all(real.map((port) => checkPort(cli, port)));
  const dialout = groups().find(({ name }) => name === "dialout");
  const member =
    process.getuid?.() === 0 || dialout === undefined || process.getgroups?.().includes(dialout.id) === true;
  return [
    member
      ? ok("serial", "No meter's cable is attached; this user may open one that is.")
      : warn(
          "serial",
          "This user is not in the group dialout, to which serial ports belong.",
          joinGroup(cli, "dialout"),
        ),
  ];
}

async function checkPort(cli: Cli, port: string): Promise<Finding> {
  if (await mayOpen(port)) return ok("serial", `${port} may be opened.`);
  const gid = (await stat(port).catch(() => null))?.gid;
  const group = groups().find(({ id }) => id === gid)?.name ?? "dialout";
  return bad("serial", `This user may not open ${port}.`, joinGroup(cli, group));
}

/** This user may open the meters on USB that have no serial port; else, which of our rules for udev is missing. */
export async function checkUsb(attached: readonly AttachedPort[]): Promise<Finding[]> {
  const meters = attached.filter(
    ({ attachment: { transport = "serial" }, claim }) => transport in RULES && claim.drivers.length > 0,
  );
  return await Promise.all(
    meters.map(async ({ attachment: { transport = "serial", port } }) => {
      const node = transport === "usb" ? await usbNode(port) : port;
      const may = node !== null && (await mayOpen(node));
      if (may) return ok("usb", `${port} may be opened.`);
      const rule = RULES[transport] ?? "it";
      return bad(
        "usb",
        `This user may not open ${port}${node === null || node === port ? "" : ` (${node})`}: the rule for ${rule} is missing or not in force.`,
        `\`sudo cp ${RULES_FILE} /etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger\`, then plug the meter in again.`,
      );
    }),
  );
}

/** The file with our rules, from the checkout's root. */
const RULES_FILE = "config/70-glucohub.rules";
/** What the rule is about that lets a user open such a meter. */
const RULES: { readonly [transport in AttachmentTransport]?: string } = {
  hid: "SUBSYSTEM hidraw",
  usb: "SUBSYSTEM usb",
  block: "SUBSYSTEM block",
};

/** The node of a USB device: its bus and device numbers stand in sysfs (Documentation/ABI/stable/sysfs-bus-usb). */
async function usbNode(port: string): Promise<string | null> {
  const folder = `/sys/bus/usb/devices/${port.replace(/^usb:/, "")}`;
  const number = async (name: string): Promise<string | null> =>
    (await sysText(`${folder}/${name}`))?.padStart(3, "0") ?? null;
  const [bus, device] = [await number("busnum"), await number("devnum")];
  return bus === null || device === null ? null : `/dev/bus/usb/${bus}/${device}`;
}

async function mayOpen(node: string): Promise<boolean> {
  return await access(node, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** The library without which meters on USB HID can't be read. */
export function checkLibusb(): Finding {
  const folders = ["/usr/lib", "/lib", "/usr/local/lib"];
  const found = folders.some((folder) => holds(folder) || list(folder).some((name) => holds(`${folder}/${name}`)));
  return found
    ? ok("libusb", "libusb is there.")
    : warn(
        "libusb",
        "libusb is not installed: meters on USB HID can't be read.",
        "Install it: `sudo apt-get install libusb-1.0-0`.",
      );
}

function holds(folder: string): boolean {
  return list(folder).some((name) => name.startsWith("libusb-1.0.so"));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function joinGroup({ io }: Cli, group: string): string {
  return `\`sudo usermod -aG ${group} ${io.user}\`, then log in again.`;
}

/** The groups of this machine: group(5), `name:password:id:members`. */
function groups(): { name: string; id: number }[] {
  try {
    const lines = readFileSync("/etc/group", "utf8").split("\n");
    return lines.map((line) => line.split(":")).map(([name = "", , id]) => ({ name, id: Number(id) }));
  } catch {
    return [];
  }
}

/** What a program prints, trimmed; null if it is not there or fails. */
async function output(program: string, args: readonly string[]): Promise<string | null> {
  try {
    return (await promisify(execFile)(program, [...args], { timeout: PROGRAM_MS })).stdout.trim();
  } catch {
    return null;
  }
}

/** Bluetooth, without which the meters that have no cable can't be read; the rest of the hub does not need it. */
export async function checkBluetooth(cli: Cli, settings: Settings): Promise<Finding> {
  if (settings.bluetooth === "off") return ok("bluetooth", "Bluetooth meters are not looked for (GLUCOHUB_BLUETOOTH).");
  const bluetooth = await connectBluetooth({ clock: cli.io.clock, log: cli.quietLog(settings) });
  try {
    const state = await bluetooth.state();
    const lacking = missing(state);
    if (lacking !== null) return warn("bluetooth", `${lacking[0]} Bluetooth meters can't be read.`, lacking[1]);
    const powered = state.adapters.find((adapter) => adapter.powered);
    const names = state.adapters.map(({ address }) => address).join(", ");
    return powered === undefined
      ? warn(
          "bluetooth",
          `The adapter ${names} is switched off.`,
          "A starting hub switches it on, unless `rfkill` blocks it.",
        )
      : ok("bluetooth", `The adapter ${powered.address} is switched on.`);
  } finally {
    await bluetooth.close();
  }
}
