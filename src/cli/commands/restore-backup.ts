import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Command } from "commander";
import { storeAddress } from "../../store/address.js";
import { acquireHubLock } from "../../store/lock.js";
import { restoreBackup } from "../../store/restore.js";
import type { Cli } from "../cli.js";
import { requireFile } from "../file-store.js";
import { withExample } from "../help.js";

/** `restore-backup`: puts a backup in the store's place, while no hub runs. */
export function addRestoreBackup(program: Command, cli: Cli): void {
  const command = program
    .command("restore-backup")
    .description("Put a backup in the store's place; the replaced store is kept beside it. Stop the hub first.")
    .argument("<file>", "a file that `glucohub backup` made")
    .action((file: string) => restore(cli, file));
  withExample(command, "restore-backup /media/stick/glucohub-2026-11-21.db");
}

async function restore(cli: Cli, name: string): Promise<void> {
  const settings = cli.settings();
  const place = storeAddress(settings);
  requireFile(place);
  const lock = acquireHubLock(settings.data);
  try {
    const { kept, audit } = await restoreBackup({
      backup: resolve(cli.io.cwd, name),
      path: place.path,
      epoch: randomUUID(),
      at: cli.now(),
    });
    await cli.out.print(`Restored: ${audit.counts.records} records, ${audit.counts.history} states of them.`);
    if (kept !== null) cli.out.note(`The replaced store is kept as ${kept}.`);
    cli.out.note("A token that was revoked since the backup is valid again: see `glucohub token list`.");
  } finally {
    lock.release();
  }
}
