import type { Command } from "commander";
import { DRIVERS } from "../../../drivers/index.js";
import type { Driver } from "../../kit/driver.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";

/** `drivers`: every source that is supported. */
export function addDrivers(program: Command, cli: Cli): void {
  const command = program
    .command("drivers")
    .description("List every supported source: maker, models, transport, capabilities, evidence.")
    .option("--json", "one JSON object a line")
    .action((options: { json?: boolean }) => drivers(cli, options.json === true));
  withExample(command, "drivers", "drivers --json");
}

async function drivers(cli: Cli, json: boolean): Promise<void> {
  if (json) {
    await cli.out.json(...DRIVERS.map(facts));
    return;
  }
  const rows = DRIVERS.map((driver) => [
    driver.id,
    driver.maker,
    driver.models.join(", "),
    driver.transport,
    driver.kinds.join(", "),
    driver.evidence,
    abilities(driver),
  ]);
  await cli.out.print(...table(["driver", "maker", "models", "transport", "kinds", "evidence", "capabilities"], rows));
}

/** A driver's definition without its code. */
function facts(driver: Driver): object {
  const { id, maker, models, source, kinds, evidence, transport } = driver;
  const common = { id, maker, models, source, kinds, evidence, transport };
  if (driver.transport === "file") return { ...common, capabilities: null };
  const { usb, units, limits, integrity, probe, capabilities } = driver;
  const settings = driver.transport === "serial" ? driver.settings : null;
  const ble = driver.transport === "ble" ? driver.ble : [];
  return { ...common, settings, usb, ble, units, limits, integrity, probe, capabilities };
}

function abilities(driver: Driver): string {
  if (driver.transport === "file") return "-";
  const known = Object.entries(driver.capabilities).filter(([, can]) => can === "yes");
  return known.map(([name]) => name).join(", ");
}
