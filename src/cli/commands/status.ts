import type { Command } from "commander";
import { PROBLEMS } from "../../domain/problem.table.js";
import type { MeterStatus, SyncStatus } from "../../domain/status.js";
import type { Settings } from "../../settings/settings.js";
import { storeAddress, storeName } from "../../store/address.js";
import { type StoreCounts, storeCounts } from "../../store/queries.js";
import type { Store } from "../../store/store.js";
import { syncState } from "../../store/sync-state.js";
import { metersWithoutHub } from "../attached.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { type FoundHub, findHub, type HubClient } from "../hub-client.js";
import { meterTable } from "../meter-text.js";
import { withStore } from "../with-store.js";

/** `status`: how store, sync, cloud and meters are, whether the hub runs or not. */
export function addStatus(program: Command, cli: Cli): void {
  const command = program
    .command("status")
    .description("Show the hub, the store, the sync, the cloud and the meters.")
    .option("--json", "one JSON object")
    .action((options: { json?: boolean }) => status(cli, options.json === true));
  withExample(command, "status");
}

interface Status extends StoreCounts, Omit<SyncStatus, "state" | "pending" | "conflicts" | "rejected"> {
  readonly hub: { readonly running: boolean; readonly url: string | null; readonly pid: number | null };
  readonly degraded: readonly string[];
  readonly data: string;
  /** The store's file, or its database without user and password. */
  readonly store: string;
  readonly hubId: string;
  readonly epoch: string;
  /** As `SyncStatus.state`; `stopped` while no hub runs. */
  readonly state: SyncStatus["state"] | "stopped";
  readonly meters: readonly MeterStatus[];
}

async function status(cli: Cli, json: boolean): Promise<void> {
  const settings = cli.settings();
  const hub = await findHub(settings);
  const found = await withStore(cli, settings, (store) => gather(cli, settings, hub, store));
  if (json) await cli.out.json(found);
  else await cli.out.print(...lines(found));
}

async function gather(cli: Cli, settings: Settings, hub: FoundHub, store: Store): Promise<Status> {
  const client = hub.running ? hub.client : null;
  const live = client === null ? null : await askHub(cli, client);
  const { kind, url } = settings.cloud;
  const known = await syncState(store);
  const asleep = {
    state: "stopped" as const,
    lastSuccess: known.lastSuccess,
    lastCompared: known.lastCompared,
    lastError: null,
    scheduler: "off" as const,
    cloud: kind === "none" ? null : { kind, url: url ?? "" },
  };
  const { state, lastSuccess, lastCompared, lastError, scheduler, cloud } = live?.sync ?? asleep;
  return {
    hub: { running: hub.running, url: client?.url ?? null, pid: client?.pid ?? null },
    degraded: client?.degraded ?? [],
    data: settings.data,
    store: storeName(storeAddress(settings)),
    hubId: store.hubId,
    epoch: store.epoch,
    ...(await storeCounts(store)),
    state,
    lastSuccess,
    lastCompared,
    lastError,
    scheduler,
    cloud,
    meters: live?.meters ?? (await metersWithoutHub(cli, settings, store)),
  };
}

/** What only the running hub knows; null, with a remark, if it does not tell. */
async function askHub(cli: Cli, client: HubClient): Promise<{ sync: SyncStatus; meters: MeterStatus[] } | null> {
  try {
    const sync = await client.get<SyncStatus>("/api/v1/sync");
    const { meters } = await client.get<{ meters: MeterStatus[] }>("/api/v1/meters");
    return { sync, meters };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    cli.out.note(`The running hub does not tell how it is: ${why}`, `  ${PROBLEMS.TOKEN_INVALID.remedy}`);
    return null;
  }
}

function syncSentence({ state, lastError }: Status): string {
  if (lastError !== null) return `${state}: ${lastError}`;
  return state === "waiting" ? "waiting: another hub on this database syncs" : state;
}

function lines(found: Status): string[] {
  const { hub, degraded, cloud, meters } = found;
  const runs = hub.running ? `runs${hub.url === null ? "" : ` at ${hub.url}`}` : "does not run";
  const pairs: [string, string][] = [
    ["hub", runs + (degraded.length > 0 ? `; degraded: ${degraded.join(", ")}` : "")],
    ["data", found.data],
    ["store", found.store],
    ["records", `${found.records}, and ${found.deleted} deleted`],
    ["conflicts", found.conflicts === 0 ? "none" : `${found.conflicts} (see \`glucohub conflicts\`)`],
    ["not understood", `${found.quarantined} things kept for inspection`],
    ["cloud", cloud === null ? "none set" : `${cloud.kind} at ${cloud.url}`],
  ];
  if (cloud !== null)
    pairs.push(
      ["sync", syncSentence(found)],
      ["scheduler", found.scheduler],
      [
        "waiting",
        `${found.pending} changes, ${found.capturesWaiting} captures; ${found.rejected} refused by the cloud`,
      ],
      ["last sync", found.lastSuccess ?? "never"],
    );
  const text = pairs.map(([name, value]) => `${`${name}:`.padEnd(16)}${value}`);
  return meters.length === 0 ? [...text, `${"meters:".padEnd(16)}none`] : [...text, "", ...meterTable(meters)];
}
