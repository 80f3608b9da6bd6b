import { existsSync } from "node:fs";
import type { Command } from "commander";
import { Problem } from "../../domain/problem.js";
import { storeAddress, storeName } from "../../store/address.js";
import { auditAt } from "../../store/audit.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";

/** `verify`: reads the whole store and says whether it is sound. */
export function addVerify(program: Command, cli: Cli): void {
  const command = program
    .command("verify")
    .description("Read the whole store: file, rules, every record against its history. Changes nothing.")
    .option("--json", "one JSON object")
    .action((options: { json?: boolean }) => verify(cli, options.json === true));
  withExample(command, "verify");
}

async function verify(cli: Cli, json: boolean): Promise<void> {
  const place = storeAddress(cli.settings());
  const path = storeName(place);
  if (place.url === null && !existsSync(path)) throw new Problem("FILE_NOT_FOUND", `There is no store at ${path}.`);
  const { faults, found, counts, schemaObjects, schemaVersion } = await auditAt(place);
  const ok = found === 0;
  if (json) await cli.out.json({ ok, path, faults, found, ...counts, schemaObjects, schemaVersion });
  else {
    const counted = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    await cli.out.print(
      `${ok ? "Sound" : "NOT sound"}: ${counted.join(", ")}; ${schemaObjects} tables, indexes and rules in place.`,
      ...faults.map((fault) => `  ${fault}`),
      ...(found > faults.length ? [`  … and ${found - faults.length} more`] : []),
    );
  }
  if (ok) return;
  const remedy =
    place.url === null
      ? "Restore a backup with `glucohub restore-backup FILE`."
      : "Restore a dump of the database with pg_restore.";
  cli.out.note(`glucohub: ${path} has ${found} faults.`, `  ${remedy}`);
  cli.exitCode = 1;
}
