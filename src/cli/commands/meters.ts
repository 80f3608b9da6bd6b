import { release } from "node:os";
import type { Command } from "commander";
import type { MeterStatus } from "../../domain/status.js";
import { serialFacts } from "../../transports/serial-facts.js";
import { metersWithoutHub } from "../attached.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { findHub } from "../hub-client.js";
import { meterTable } from "../meter-text.js";
import { heard, withBluetooth } from "../radio.js";
import { withStore } from "../with-store.js";

/** `meters`: what is attached, which driver claims it and why, and the meters known from before. */
export function addMeters(program: Command, cli: Cli): void {
  const command = program
    .command("meters")
    .description("Show attached ports, the driver that claims each and why, and meters known from before.")
    .option("--json", "one JSON object a line")
    .action((options: { json?: boolean }) => meters(cli, options.json === true));
  withExample(command, "meters");
}

async function meters(cli: Cli, json: boolean): Promise<void> {
  const settings = cli.settings();
  const hub = await findHub(settings);
  const client = hub.running ? hub.client : null;
  const list =
    client === null
      ? await withBluetooth(cli, settings, async (bluetooth) => {
          const reach = bluetooth === null ? [] : await heard(cli, bluetooth);
          return await withStore(cli, settings, (store) => metersWithoutHub(cli, settings, store, reach));
        })
      : (await client.get<{ meters: MeterStatus[] }>("/api/v1/meters")).meters;
  if (json) await cli.out.json(...list);
  else if (list.length > 0) {
    await cli.out.print(...meterTable(list));
    for (const { state, port, virtual } of list) {
      if (state === "unclaimed" && port !== null && !virtual) await cli.out.print("", ...(await unclaimedBlock(port)));
    }
  } else cli.out.note("No meter is attached, and none was ever read. `glucohub doctor` tells what may be missing.");
}

/** What somebody needs who is to write a driver for a device that none claims. */
async function unclaimedBlock(port: string): Promise<string[]> {
  const facts = await serialFacts(port);
  return [
    `No driver claims what is at ${port}. If it is a meter, send us these lines and its name:`,
    `  system: ${process.platform} ${process.arch}, kernel ${release()}`,
    ...(facts.length === 0 ? ["  usb: nothing is known of it"] : facts.map(([name, value]) => `  ${name}: ${value}`)),
    `If you know which meter it is like, try: glucohub read --port ${port} --driver ID --record meter.txt`,
  ];
}
