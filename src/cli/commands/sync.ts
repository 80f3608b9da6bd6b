import type { Command } from "commander";
import { Problem } from "../../domain/problem.js";
import type { SyncStatus } from "../../domain/status.js";
import type { Settings } from "../../settings/settings.js";
import { storeAddress } from "../../store/address.js";
import { acquireHubLock } from "../../store/lock.js";
import { storeCounts } from "../../store/queries.js";
import { syncState } from "../../store/sync-state.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { findHub, type HubClient } from "../hub-client.js";
import { withStore } from "../with-store.js";

/** How often a running hub is asked how far it is, milliseconds. */
const ASK_EVERY_MS = 100;
/** How soon a hub that was rung is seen at work or done with it; after that its state is taken as it is. */
const SEEN_WITHIN_MS = 3_000;
/** How long a running hub may take. */
const PATIENCE_MS = 600_000;

/** How the sync ended. */
type Outcome = Pick<SyncStatus, "state" | "pending" | "conflicts" | "rejected" | "lastSuccess" | "lastError">;

/** `sync`: syncs now, through the running hub or by itself. */
export function addSync(program: Command, cli: Cli): void {
  const command = program
    .command("sync")
    .description("Sync with the cloud now and wait until hub and cloud hold the same.")
    .option("--once", "sync once and end (the default)")
    .option("--full", "compare every record with the cloud, whatever was confirmed before; always safe")
    .option("--json", "one JSON object")
    .action((options: { json?: boolean; full?: boolean }) =>
      sync(cli, { json: options.json === true, full: options.full === true }),
    );
  withExample(command, "sync --once", "sync --full");
}

async function sync(cli: Cli, { json, full }: { json: boolean; full: boolean }): Promise<void> {
  const settings = cli.settings();
  if (settings.cloud.kind === "none") {
    const where = "set cloud.kind and cloud.url (GLUCOHUB_CLOUD_KIND, GLUCOHUB_CLOUD_URL)";
    throw new Problem("SETTINGS_INVALID", `No cloud is set, so there is nothing to sync with: ${where}.`);
  }
  const hub = await findHub(settings);
  if (hub.running && hub.client === null)
    throw new Problem("HUB_RUNNING", "A hub runs on this data folder but does not answer: it may be starting.");
  const outcome =
    hub.running && hub.client !== null
      ? await throughHub(cli, hub.client, full)
      : await byOurselves(cli, settings, full);
  if (json) await cli.out.json(outcome);
  else await cli.out.print(...sentences(outcome));
  if (outcome.state === "idle") return;
  cli.out.note(`glucohub: ${outcome.lastError ?? `The sync is ${outcome.state}.`}`);
  cli.exitCode = 1;
}

/** Rings the running hub's worker and waits until it has been through. */
async function throughHub(cli: Cli, client: HubClient, full: boolean): Promise<Outcome> {
  const { clock } = cli.io;
  const signal = cli.io.interruption();
  const before = await client.get<SyncStatus>("/api/v1/sync");
  await client.post(full ? "/api/v1/sync?full=true" : "/api/v1/sync");
  const rungMs = clock.now();
  let seen = false;
  for (;;) {
    const now = await client.get<SyncStatus>("/api/v1/sync");
    seen ||= now.state === "running" || now.lastSuccess !== before.lastSuccess || now.state !== before.state;
    const overdue = clock.now() - rungMs > SEEN_WITHIN_MS;
    // Another hub on the same database is the one that syncs, and the store is what tells how far it is.
    const standby = now.state === "waiting" && now.lastError === null;
    const through =
      (now.state === "idle" || standby) &&
      now.pending === 0 &&
      (full ? now.lastCompared !== before.lastCompared : now.lastSuccess !== before.lastSuccess);
    const stuck = (now.state === "waiting" && !standby) || now.state === "blocked";
    if (through) return { ...now, state: "idle" };
    if (stuck && (seen || overdue)) return now;
    if (clock.now() - rungMs > PATIENCE_MS) throw new Problem("SYNC_UNREACHABLE", "The hub did not finish in time.");
    await clock.sleep(ASK_EVERY_MS, signal);
  }
}

/** One sync in this process, which takes the hub's place for that time. */
async function byOurselves(cli: Cli, settings: Settings, full: boolean): Promise<Outcome> {
  // Loaded here: no other command needs it.
  const { syncOnce } = await import("../../sync/run-once.js");
  const lock = acquireHubLock(settings.data);
  try {
    return await withStore(cli, settings, async (store) => {
      const { clock } = cli.io;
      // What goes wrong is told at the end, once.
      const log = cli.log(settings.log.level === "debug" ? "debug" : "error");
      const { state, problem } = await syncOnce({
        store: storeAddress(settings),
        cloud: settings.cloud,
        full,
        clock,
        log,
      });
      const { pending, conflicts, rejected } = await storeCounts(store);
      const { lastSuccess } = await syncState(store);
      const lastError = problem === null ? null : `${problem.message} ${problem.remedy}`;
      return { state, pending, conflicts, rejected, lastSuccess, lastError };
    });
  } finally {
    lock.release();
  }
}

function sentences({ state, pending, conflicts, rejected, lastSuccess }: Outcome): string[] {
  return [
    state === "idle" ? "Synced: hub and cloud hold the same." : `Not synced: ${pending} changes wait.`,
    ...(conflicts > 0 ? [`${conflicts} conflicts need a person: see \`glucohub conflicts\`.`] : []),
    ...(rejected > 0 ? [`${rejected} records are refused by the cloud as they stand.`] : []),
    `Last sync: ${lastSuccess ?? "never"}.`,
  ];
}
