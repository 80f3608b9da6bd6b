import type { Command } from "commander";
import { asProblem } from "../../domain/problem.js";
import { type AttachedPort, attachedPorts } from "../attached.js";
import type { Cli } from "../cli.js";
import { bad, type Finding } from "../doctor/finding.js";
import { checkData, checkHub, checkInbox, checkStore } from "../doctor/folders.js";
import {
  checkBluetooth,
  checkClock,
  checkLibusb,
  checkNode,
  checkSerial,
  checkUdev,
  checkUsb,
} from "../doctor/machine.js";
import { checkCloud, checkHttp, checkRedis } from "../doctor/network.js";
import { withExample } from "../help.js";
import { findHub } from "../hub-client.js";

/** `doctor`: what is missing on this machine, each with its remedy. */
export function addDoctor(program: Command, cli: Cli): void {
  const command = program
    .command("doctor")
    .description("Look for what is missing on this machine, each with its remedy. Changes nothing.")
    .option("--json", "one JSON object a line")
    .action((options: { json?: boolean }) => doctor(cli, options.json === true));
  withExample(command, "doctor");
}

async function doctor(cli: Cli, json: boolean): Promise<void> {
  const settings = cli.settings();
  const hub = await findHub(settings);
  const ports = await attachedPorts(cli, settings);
  const looks: readonly (() => Finding | Finding[] | Promise<Finding | Finding[]>)[] = [
    checkNode,
    () => checkClock(cli),
    () => checkData(settings),
    () => checkStore(settings),
    () => checkInbox(settings),
    () => checkHub(hub),
    () => checkHttp(settings, hub),
    () => checkRedis(cli, settings),
    () => checkCloud(settings),
    checkUdev,
    () => checkSerial(cli, ports),
    () => checkUsb(ports),
    checkLibusb,
    () => checkBluetooth(cli, settings),
  ];
  const findings: Finding[] = [];
  for (const look of looks) findings.push(...(await safely(look)));
  findings.push(...claims(ports));
  if (json) await cli.out.json(...findings);
  else await cli.out.print(...findings.flatMap(lines));
  if (findings.some(({ state }) => state === "bad")) cli.exitCode = 1;
}

/** One look that breaks off must not hide what the others see. */
async function safely(look: () => Finding | Finding[] | Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    const found = await look();
    return Array.isArray(found) ? found : [found];
  } catch (error) {
    const { message, remedy } = asProblem(error);
    return [bad("doctor", message, remedy)];
  }
}

function claims(ports: readonly AttachedPort[]): Finding[] {
  return ports.map(({ attachment, claim }) => ({
    check: "meter",
    state: "ok",
    detail: `${attachment.port}: ${claim.why}`,
    remedy: null,
  }));
}

function lines({ check, state, detail, remedy }: Finding): string[] {
  const line = `${state.padEnd(5)} ${`${check}:`.padEnd(9)} ${detail}`;
  return remedy === null ? [line] : [line, `${" ".repeat(16)}${remedy}`];
}
