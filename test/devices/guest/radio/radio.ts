import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { systemClock } from "../../../../src/kit/system-clock.js";
import { until } from "../until.js";
import { BusLine } from "./bus-line.js";
import type { RadioPrograms } from "./radio-programs.js";

const FOLDER = "/run/lab-radio";
/** Where every program looks for the system's bus. */
const BUS_FOLDER = "/run/dbus";
const SOCKET = `${BUS_FOLDER}/system_bus_socket`;
const LIMIT_MS = 60_000;
const LOG_LINES = 400;

/** Everybody may do everything: it is a machine of its own. */
const BUS_SETTINGS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${SOCKET}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
`;

/**
 * BlueZ's own Device Information would stand beside the meter's. And two BlueZ would speak over several channels at once,
 * which no meter does, and on which notices overtake one another.
 */
const BLUEZ_SETTINGS = `[General]
DeviceID = false
ControllerMode = le
AlwaysPairable = true
[Policy]
AutoEnable = false
[GATT]
Channels = 1
`;

/** The radio: BlueZ with as many controllers as were asked for, the first of which is the hub's. */
export interface Radio {
  /** A connection for whoever plays the meters. */
  readonly line: BusLine;
  /** Takes the next controller that nobody has, switched off: `/org/bluez/hci1`. */
  freeAdapter(): string;
  /** What the programs printed last. */
  output(): readonly string[];
}

/** The hub's controller. */
export const HUB_ADAPTER = "/org/bluez/hci0";

/**
 * Starts a message bus where the system's would be, controllers made of software, and BlueZ; the hub's controller is on.
 * They end with the second machine. Throws an Error with what they printed where one does not come up.
 */
export async function startRadio(programs: RadioPrograms, meters: number): Promise<Radio> {
  for (const folder of [FOLDER, BUS_FOLDER]) mkdirSync(folder, { recursive: true });
  writeFileSync(`${FOLDER}/bus.conf`, BUS_SETTINGS);
  writeFileSync(`${FOLDER}/bluez.conf`, BLUEZ_SETTINGS);
  const printed: string[] = [];
  const start = (program: string, args: readonly string[]): ChildProcess => {
    const libraries = programs.libraries.length === 0 ? {} : { LD_LIBRARY_PATH: programs.libraries.join(":") };
    const child = spawn(program, args, { env: { ...process.env, ...libraries }, stdio: ["ignore", "pipe", "pipe"] });
    const name = program.slice(program.lastIndexOf("/") + 1);
    const heard = (text: string): void => {
      printed.push(...text.split("\n").flatMap((one) => (one === "" ? [] : [`${name}: ${one}`])));
      printed.splice(0, printed.length - LOG_LINES);
    };
    child.stdout.setEncoding("utf8").on("data", heard);
    child.stderr.setEncoding("utf8").on("data", heard);
    child.once("error", (error) => heard(error.message));
    child.once("exit", (code, signal) => heard(`ended with ${signal ?? code}`));
    return child;
  };
  const wait = (what: string, ask: () => Promise<true | null>): Promise<true> =>
    until(what, LIMIT_MS, systemClock, ask, () => printed.join("; "));
  start(programs.dbusDaemon, [`--config-file=${FOLDER}/bus.conf`, "--nofork", "--nopidfile"]);
  await wait("the message bus", async () => (existsSync(SOCKET) ? true : null));
  const line = await BusLine.open();
  const controllers = 1 + meters;
  start(programs.btvirt, ["-L", `-l${controllers}`]);
  start(programs.bluetoothd, ["--nodetach", `--configfile=${FOLDER}/bluez.conf`]);
  const names = Array.from({ length: controllers }, (_, number) => `/org/bluez/hci${number}`);
  await wait("BlueZ and its controllers", async () => {
    const objects = await line.objects().catch(() => ({}));
    return names.every((name) => name in objects) ? true : null;
  });
  await line.set(HUB_ADAPTER, "org.bluez.Adapter1", "Powered", "b", true);
  let taken = 0;
  return {
    line,
    freeAdapter() {
      taken += 1;
      const name = names[taken];
      if (name === undefined) throw new Error(`there are only ${meters} controllers for meters`);
      return name;
    },
    output: () => printed,
  };
}
