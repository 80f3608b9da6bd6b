import { join } from "node:path";
import type { Readable } from "node:stream";
import { DRIVERS } from "../drivers/index.js";
import { startApi } from "./api/start-api.js";
import type { Log } from "./domain/clock.js";
import { Problem } from "./domain/problem.js";
import type { HubEvent, ImportStatus } from "./domain/status.js";
import { startChangeFeed } from "./hub/change-feed.js";
import { startDemo } from "./hub/demo.js";
import { guardDemo, guardDemoDatabase } from "./hub/demo-guard.js";
import { leaveAddress, localToken } from "./hub/local-access.js";
import { hubMetrics } from "./hub/metrics.js";
import { PairingDesk } from "./hub/pairing-desk.js";
import { readerKeys } from "./hub/reader-keys.js";
import { startSync } from "./hub/sync-control.js";
import { teller } from "./hub/sync-teller.js";
import { meterOpener, watchMeters } from "./hub/watch-meters.js";
import { bulkIds } from "./ingest/attachment.js";
import { importOnThread } from "./ingest/import-thread.js";
import { Imports } from "./ingest/imports.js";
import { startInbox } from "./ingest/inbox.js";
import { tryLinkTwins } from "./ingest/link-twins.js";
import { startMeters } from "./ingest/meters.js";
import { ownerBySerial } from "./ingest/owner.js";
import type { DateOrder } from "./kit/driver.js";
import { systemClock } from "./kit/system-clock.js";
import type { Settings } from "./settings/settings.js";
import { storeAddress, storeName } from "./store/address.js";
import { acquireHubLock } from "./store/lock.js";
import { listMeters } from "./store/meters.js";
import { storeCounts } from "./store/queries.js";
import { Store } from "./store/store.js";
import { createToken, listTokens } from "./store/tokens.js";
import { type Attachment, nameAt } from "./transports/attachments.js";
import { connectBluetooth } from "./transports/bluez/bluetooth.js";

/** How often the virtual meters of the demo are read again. */
const DEMO_REREAD_MS = 4_000;

/** What a hub is started with. */
export interface HubOptions {
  readonly settings: Settings;
  readonly demo: boolean;
  readonly log: Log;
  /** For people: plain sentences on what happens. */
  print(line: string): void;
}

/** A running hub. */
export interface RunningHub {
  readonly url: string;
  /** Ends everything in reverse order; what was answered for stands. */
  stop(): Promise<void>;
}

/**
 * Starts a hub: the only place that knows everyone. Throws HUB_RUNNING, HUB_PORT_TAKEN, SETTINGS_INVALID and STORE
 * problems, with everything closed that had been opened.
 */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const endings: (() => unknown)[] = [];
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      for (const end of endings.reverse()) {
        try {
          await end();
        } catch (error) {
          // What else is open must be closed all the same.
          options.log.error({ error: String(error) }, "a part of the hub did not end in order");
        }
      }
    })();
    return stopped;
  };
  try {
    const url = await wire(options, (end) => endings.push(end));
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Opens one part after the other; `onStop` is told how each is ended. */
async function wire(options: HubOptions, onStop: (end: () => unknown) => void): Promise<string> {
  const { demo, log, print } = options;
  const clock = systemClock;
  const { data } = options.settings;

  guardDemoDatabase(options.settings.database.url, demo);
  const lock = acquireHubLock(data);
  onStop(() => lock.release());
  const place = storeAddress(options.settings);
  const store = await Store.open({ ...place, role: "local", hubId: options.settings.hub.id });
  onStop(() => store.close());
  log.info({ store: storeName(place), hub: store.hubId }, "the store is open");
  await guardDemo(store, data, demo);
  const ending = new AbortController();
  onStop(() => ending.abort());

  const show = demo ? await startDemo({ settings: options.settings, clock, log, print }) : null;
  if (show !== null) onStop(() => show.stop());
  const settings = show?.settings ?? options.settings;

  const listeners = new Set<(event: HubEvent) => void>();
  const heard = (): boolean => listeners.size > 0;
  const emit = (event: HubEvent): void => {
    for (const listener of listeners) listener(event);
  };

  const sync = startSync({ settings, store, clock, log, onCommit: () => feed.look(), onState: () => tellSync() });
  onStop(() => sync.stop());
  const tellSync = teller({
    status: () => sync.status(),
    clock,
    signal: ending.signal,
    heard,
    emit,
    onProblem: (error) => log.error({ error: String(error) }, "the state of the synchronisation can't be told"),
  });

  const feed = await startChangeFeed({
    store,
    clock,
    signal: ending.signal,
    heard,
    onChange: (seq, record) => emit({ type: "record", seq, data: record }),
    onLocal: () => {
      sync.nudge();
      tellSync();
    },
    onProblem: (error) => log.error({ error: String(error) }, "the change feed failed"),
  });

  const ownerOf = ownerBySerial(settings.patients, settings.zone);
  const bluetooth = demo || settings.bluetooth === "off" ? null : await connectBluetooth({ clock, log });
  onStop(() => bluetooth?.close());
  let attached: readonly Attachment[] = [];
  const meters = startMeters({
    drivers: DRIVERS,
    store,
    openMeter: meterOpener(bluetooth),
    keys: await readerKeys(settings),
    clock,
    ownerOf,
    zone: settings.zone,
    log,
    watchPorts: (onChange, signal) =>
      watchMeters({
        portsDir: join(data, "ports"),
        bulkIds: bulkIds(DRIVERS),
        bluetooth,
        signal,
        onChange(now) {
          attached = now;
          onChange(now);
        },
      }),
    onStatus: (status) => {
      emit({ type: "meter", data: status });
      // The session's transcript came after its readings, which rang already.
      if (status.state === "done" || status.state === "failed") sync.nudge();
    },
    onStored: () => feed.look(),
    rereadEveryMs: demo ? DEMO_REREAD_MS : null,
  });
  onStop(() => meters.stop());
  const pairings = new PairingDesk({
    // Without a radio no meter is ever shown, and whoever asks all the same is told why.
    bluetooth: bluetooth ?? { pair: async () => Promise.reject(new Problem("BLUETOOTH_MISSING")) },
    log,
    nameOf: (port) => nameAt(attached, port),
    onStatus: (data) => emit({ type: "pairing", data }),
  });
  onStop(() => pairings.stop());

  const tellImport = (data: ImportStatus): void => {
    emit({ type: "import", data });
    if (data.state !== "running") sync.nudge();
  };
  const importing = {
    store: { ...place, hubId: settings.hub.id },
    patients: settings.patients,
    zone: settings.zone,
    log,
    onCommit: () => feed.look(),
  };
  const imports = new Imports({
    folder: join(data, "imports"),
    importOne: ({ path, ...job }) => importOnThread({ ...importing, ...job, file: path }),
    clock,
    log,
    onStatus: tellImport,
  });
  onStop(() => imports.stop());
  await imports.resume();
  if (settings.inbox !== null) {
    const inbox = startInbox({
      folder: settings.inbox,
      clock,
      log,
      signal: ending.signal,
      importOne: (path, signal) => importOnThread({ ...importing, file: path, signal, onProgress: tellImport }),
    });
    onStop(() => inbox.stop());
  }

  const health = async () => {
    const degraded: string[] = [];
    // A database that can't be reached can't be asked either.
    const unusable = store.problem !== null;
    if (!unusable && sync.failing()) degraded.push("cloud");
    if (!["up", "configured"].includes(sync.redis())) degraded.push("redis");
    if (unusable) degraded.push("store");
    return { ok: !unusable, degraded };
  };

  const api = await startApi({
    ports: {
      store,
      now: () => clock.now(),
      meters: () => meters.status(),
      pairings,
      async unpair(port) {
        if (bluetooth === null) throw new Problem("BLUETOOTH_MISSING");
        await bluetooth.forget(port);
      },
      sync: () => sync.status(),
      ringSync: (why) => (why === "edit" ? sync.nudge() : sync.ask(why, why === "full")),
      startImport: (name: string, body: Readable, dateOrder: DateOrder | null) => imports.start(name, body, dateOrder),
      importStatus: (id) => imports.status(id),
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      health,
      metrics: hubMetrics({
        counts: () => storeCounts(store),
        sync: () => sync.status(),
        meters: () => meters.status(),
      }),
    },
    settings: settings.http,
    apiToken: settings.apiToken,
    log,
  });
  onStop(() => api.close());
  try {
    onStop(leaveAddress(data, { url: api.url, pid: process.pid }));
  } catch (error) {
    // On a full disk. Only commands on this machine miss it: no reason to keep meters and people from the hub.
    log.warn({ error: String(error) }, "commands on this machine can't be told where the hub listens");
  }

  const at = new Date(clock.now()).toISOString();
  const first = settings.apiToken === null && (await listTokens(store)).length === 0;
  const machineToken = await localToken(store, data, at);
  if (demo) print(`The live page: ${api.url}/#token=${machineToken}`);
  else print(`The live page: ${api.url}/`);
  if (first && !demo) {
    const { secret } = await createToken(store, "first", at);
    print(`Its access token, shown this once: ${secret}`);
    print("`glucohub token create NAME` makes more.");
  }
  if (settings.inbox !== null) print(`Health exports dropped into ${settings.inbox} are imported.`);
  print(
    settings.cloud.kind === "none"
      ? "No cloud is set: everything stays on this machine."
      : `In step with the cloud at ${settings.cloud.url ?? ""}.`,
  );
  if (!demo && (await listMeters(store)).length === 0) {
    print("No meter was read yet: plug one in, or see virtual ones with `npm start -- --demo`.");
  }
  // What came from the cloud, or while no hub ran, may have twins that nobody has looked for.
  void tryLinkTwins(store, { by: "hub", at, signal: ending.signal }, log);
  // The first to end: what stopping does to the others is nobody's news.
  onStop(() => listeners.clear());
  if (show !== null) {
    listeners.add(show.listen);
    await show.begin();
  }
  return api.url;
}
