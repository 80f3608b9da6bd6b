import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { Problem } from "../../domain/problem.js";
import { storeAddress } from "../../store/address.js";
import { backupStore } from "../../store/backup.js";
import type { Cli } from "../cli.js";
import { requireFile } from "../file-store.js";
import { withExample } from "../help.js";

/** `backup`: copies the store into a new file, while it may be in use, and checks the copy. */
export function addBackup(program: Command, cli: Cli): void {
  const command = program
    .command("backup")
    .description("Copy the store into a new file and check the copy. The hub may go on running.")
    .argument("<file>", "the new file; one that exists is not overwritten")
    .action((file: string) => backup(cli, file));
  withExample(command, "backup /media/stick/glucohub-2026-11-21.db");
}

async function backup(cli: Cli, name: string): Promise<void> {
  const place = storeAddress(cli.settings());
  requireFile(place);
  const { path } = place;
  if (!existsSync(path)) throw new Problem("FILE_NOT_FOUND", `There is no store at ${path}.`);
  const file = resolve(cli.io.cwd, name);
  const { counts } = await backupStore(path, file);
  await cli.out.print(file);
  cli.out.note(`Backed up and checked: ${counts.records} records, ${counts.history} states of them.`);
}
