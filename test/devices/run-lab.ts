import { dirname, join } from "node:path";
import { ROOT } from "../e2e/hub-program.js";
import { RADIO_PROGRAMS } from "./guest/radio/radio-programs.js";
import { boot } from "./host/boot.js";
import type { LabKit } from "./host/kit.js";
import { controllersFor, radiosFor } from "./lanes.js";
import type { PlanEntry } from "./plan.js";
import type { DeviceResult, GuestMessage, HubEnd } from "./report.js";

/** What came of a run. */
export interface LabResult {
  readonly results: readonly DeviceResult[];
  readonly hub: HubEnd | null;
  /** Everything that was wrong, a sentence each; empty if all was right. */
  readonly problems: readonly string[];
  /** All that the second machine printed. */
  readonly log: readonly string[];
  readonly seconds: number;
}

/** Where what was fetched is kept. */
export const CACHE = join(ROOT, "node_modules/.cache/glucohub-lab");

/** Longest that a boot and each device may take, milliseconds: a processor in software on a busy machine. */
const [BOOT_LIMIT_MS, DEVICE_LIMIT_MS] = [240_000, 120_000] as const;
/** On the air it takes longer: whoever goes away is missed only after a while. */
const RADIO_LIMIT_MS = 600_000;

/** Boots a second machine, has the plan's devices read in it, and judges what came. */
export async function runLab(
  kit: LabKit,
  plan: readonly PlanEntry[],
  say: (line: string) => void,
  onLog: (line: string) => void = () => undefined,
): Promise<LabResult> {
  const began = performance.now();
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;
  const messages: GuestMessage[] = [];
  const log: string[] = [];
  const off = await boot({
    ...{
      kit,
      controllers: controllersFor(plan),
      env: guestEnv(kit),
      limitMs: BOOT_LIMIT_MS + plan.length * DEVICE_LIMIT_MS + radiosFor(plan) * RADIO_LIMIT_MS,
    },
    ftdi: plan.some(({ gadget }) => gadget === "ftdi"),
    checkout: ROOT,
    keep: [dirname(process.execPath), ...kit.keep],
    command: [process.execPath, join(ROOT, "dist/test/devices/guest/main.js"), ...plan.map(({ id }) => id)],
    onMessage(message) {
      messages.push(message);
      const line = progress(message);
      if (line !== null) say(`${seconds().toFixed(1).padStart(6)} s  ${line}`);
    },
    onLog(line) {
      log.push(line);
      onLog(line);
    },
  });
  return { ...judge(plan, messages, off), log, seconds: seconds() };
}

/** What the messages come to. Each device of the plan must have been reported, once, without a problem. */
export function judge(
  plan: readonly PlanEntry[],
  messages: readonly GuestMessage[],
  off: string | null,
): Pick<LabResult, "results" | "hub" | "problems"> {
  const results = messages.flatMap((message) => (message.type === "device" ? [message.result] : []));
  const end = messages.find((message) => message.type === "end");
  const missing = plan.filter(({ id }) => results.filter((result) => result.id === id).length !== 1);
  return {
    results: plan.flatMap(({ id }) => results.filter((result) => result.id === id)),
    hub: end?.hub ?? null,
    problems: [
      ...results.flatMap(({ id, problem }) => (problem === null ? [] : [`${id}: ${problem}`])),
      ...missing.map(({ id }) => `${id}: nothing was reported of it.`),
      ...(end === undefined ? ["The second machine did not come to its end."] : []),
      ...(end === undefined || end.problem === null ? [] : [`In the second machine: ${end.problem}`]),
      ...(end?.hub != null && end.hub.integrity !== "ok" ? [`The store is damaged: ${end.hub.integrity}`] : []),
      ...(off === null ? [] : [off]),
    ],
  };
}

function progress(message: GuestMessage): string | null {
  if (message.type === "progress") return message.line;
  if (message.type === "up") {
    const root = message.readOnlyRoot ? "read-only" : "to read and write";
    return `Linux ${message.kernel} is up, with Node.js ${message.node}; this machine's files are its own, ${root}`;
  }
  if (message.type === "end") return "the second machine goes off";
  const { id, node, steps, problem, seconds } = message.result;
  const how = problem === null ? steps.join(", ") : `FAILED: ${problem}`;
  return `${id} at ${node ?? "no node"}, ${seconds} s: ${how}`;
}

function guestEnv(kit: LabKit): Readonly<Record<string, string>> {
  return {
    [RADIO_PROGRAMS]: JSON.stringify(kit.radio),
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    // Each device that is played waits in up to three threads.
    UV_THREADPOOL_SIZE: "128",
    NODE_ENV: "production",
  };
}
