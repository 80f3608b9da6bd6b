import { execFileSync } from "node:child_process";
import { openSync, readFileSync, writeSync } from "node:fs";
import { release } from "node:os";
import { DRIVERS } from "../../../drivers/index.js";
import { systemClock } from "../../../src/kit/system-clock.js";
import { type Lane, makeLanes, radiosFor } from "../lanes.js";
import { makePlan, type PlanEntry } from "../plan.js";
import type { GuestMessage } from "../report.js";
import { FtdiCable } from "./ftdi-cable.js";
import { hasControllers } from "./gadget.js";
import { serialCable } from "./handled-meter.js";
import { LabHub } from "./hub.js";
import { type Air, openAir } from "./radio/air.js";
import { type LabSide, runEntry } from "./run-entry.js";
import { Stored } from "./stored.js";

/** The second machine's program: plugs in what the plan says, with a hub beside it. Arguments: ids of the plan's entries. */
const REPORT_LINE = "/dev/ttyS1";
const DATA = "/run/lab-hub";
const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 30_000;

/** Stands where a lane has no serial cable. */
const unused = {
  plug(): never {
    throw new Error("this lane has no serial cable");
  },
  switchOn() {},
  unplug() {},
};

await main(process.argv.slice(2));

async function main(ids: readonly string[]): Promise<void> {
  execFileSync("stty", ["-F", REPORT_LINE, "raw", "-echo"]);
  const line = openSync(REPORT_LINE, "r+");
  const tell = (message: GuestMessage): void => void writeSync(line, `${JSON.stringify(message)}\n`);
  const readOnlyRoot = /^\S+ \/ 9p ro\b/m.test(readFileSync("/proc/mounts", "utf8"));
  tell({ type: "up", kernel: release(), node: process.version, readOnlyRoot });
  let hub: LabHub | null = null;
  try {
    if (!hasControllers()) throw new Error("this kernel has no software USB controllers");
    const plan = makePlan(DRIVERS, false).filter(({ id }) => ids.includes(id));
    // Before the hub starts: it must not see the cable before it is plugged in.
    const ftdi = plan.some(({ gadget }) => gadget === "ftdi") ? new FtdiCable() : null;
    // The system's bus is there when the hub comes up, as on other machines.
    const air = radiosFor(plan) === 0 ? null : await openAir(process.env, radiosFor(plan));
    // A hub would read what the lab's client pairs, as the bond is the machine's: it comes up afterwards.
    const alone = plan.filter(isProof);
    const others = plan.filter((entry) => !isProof(entry));
    await runLanes(alone, { ftdi: null, air }, null, tell);
    if (others.every(({ driver }) => driver === null)) {
      await runLanes(others, { ftdi, air }, null, tell);
      tell({ type: "end", hub: null, problem: null });
    } else {
      hub = new LabHub(DATA);
      await hub.ready(READY_LIMIT_MS);
      tell({ type: "progress", line: "the hub is ready" });
      const stored = new Stored(DATA);
      await runLanes(others, { ftdi, air }, { hub, stored, clock: systemClock }, tell);
      const orderly = await hub.stop(STOP_LIMIT_MS);
      tell({ type: "end", hub: stored.summary(), problem: orderly ? null : "the hub did not end when it was told to" });
    }
  } catch (error) {
    tell({ type: "end", hub: null, problem: error instanceof Error ? error.message : String(error) });
  }
  if (hub !== null) process.stdout.write(hub.output());
  // Reads of devices that were pulled out wait in the thread pool for ever, and leaving in order would wait for them.
  process.kill(process.pid, "SIGKILL");
}

function isProof({ transport, driver }: PlanEntry): boolean {
  return transport === "ble" && driver === null;
}

async function runLanes(
  plan: readonly PlanEntry[],
  { ftdi, air }: { readonly ftdi: FtdiCable | null; readonly air: Air | null },
  side: LabSide | null,
  tell: (message: GuestMessage) => void,
): Promise<void> {
  let controllers = 0;
  const freeController = (): number => {
    controllers += 1;
    return controllers - 1;
  };
  const runLane = async (lane: Lane): Promise<void> => {
    const serial =
      lane.kind === "ftdi" && ftdi !== null ? ftdi : lane.kind === "acm" ? serialCable(freeController()) : null;
    for (let entry = lane.queue.shift(); entry !== undefined; entry = lane.queue.shift()) {
      tell({ type: "progress", line: `${entry.id} is plugged in` });
      const bench = { serial: serial ?? unused, freeController, air };
      const result = await runEntry(entry, 1_000 + plan.indexOf(entry), bench, side, (step) => {
        tell({ type: "progress", line: `${entry.id}: ${step}` });
      });
      tell({ type: "device", result });
    }
  };
  await Promise.all(makeLanes(plan).map(runLane));
}
