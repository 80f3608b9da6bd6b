import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sampleExport } from "../../drivers/healthkit/simulator.js";
import { findDriver } from "../../drivers/index.js";
import { type Cloud, startCloud } from "../cloud/start-cloud.js";
import type { Clock, Log } from "../domain/clock.js";
import { isProblem } from "../domain/problem.js";
import type { HubEvent } from "../domain/status.js";
import type { Settings } from "../settings/settings.js";
import { demoTeller } from "./demo-teller.js";
import { plugIn } from "./virtual-meter.js";

/** How often somebody edits a record in the demo's cloud. */
const EDIT_EVERY_MS = 6_000;
/** The virtual meters: different memories, and one whose clock is four minutes fast. */
const METERS = [
  { seed: 11, count: 45, clockErrorMs: 0 },
  { seed: 12, count: 30, clockErrorMs: 240_000 },
];
const NEW_READING_EVERY_MS = 20_000;
const REMARKS = [
  "Please measure again after lunch.",
  "Looks fine.",
  "Was this before the walk?",
  "Call me about this one.",
  "Dose discussed on the phone.",
];

/** A hub's own small world: meters, an export, a cloud and somebody who edits there. */
export interface Demo {
  /** The hub's settings with the demo's cloud in them. */
  readonly settings: Settings;
  /** Is told everything that happens, and says it in plain sentences. */
  listen(event: HubEvent): void;
  /** The hub runs: plug the meters in, drop the export, begin to edit. */
  begin(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the demo's world beside the store, in the hub's process. The reference cloud is its own unless the settings name one. */
export async function startDemo(options: {
  settings: Settings;
  clock: Clock;
  log: Log;
  print(line: string): void;
}): Promise<Demo> {
  const { settings, clock, log, print } = options;
  const ending = new AbortController();
  const cloud = settings.cloud.kind === "none" ? await ownCloud(settings.data, clock, log) : null;
  const plugged: { unplug(): Promise<void> }[] = [];
  const teller = demoTeller(print, clock, ending.signal);
  let editing: Promise<void> = Promise.resolve();

  async function edit(own: Cloud): Promise<void> {
    for (let turn = 0; !ending.signal.aborted; turn += 1) {
      await clock.sleep(EDIT_EVERY_MS, ending.signal);
      const { records } = own.store.newest(null, 50);
      const chosen = records.filter((record) => record.kind === "glucose" && !record.deleted)[(turn * 7) % 23];
      if (chosen === undefined) continue;
      const note = `${REMARKS[turn % REMARKS.length]} (${new Date(clock.now()).toISOString().slice(11, 19)})`;
      own.store.edit(chosen.id, { fields: { note }, by: "dr-demo" });
      teller.remoteEdit(chosen.id, note);
    }
  }

  return {
    settings:
      cloud === null ? settings : { ...settings, cloud: { kind: "native", url: cloud.server.url, token: cloud.token } },
    listen: teller.listen,
    async begin() {
      if (cloud !== null)
        print(`The demo's cloud, with its record editor: ${cloud.server.url}/ (token ${cloud.token})`);
      const driver = findDriver("onetouch-ultra2");
      for (const meter of METERS) {
        const virtual = await plugIn({
          driver,
          portsDir: join(settings.data, "ports"),
          clock,
          zone: settings.zone,
          newReadingEveryMs: NEW_READING_EVERY_MS,
          ...meter,
        });
        plugged.push(virtual);
        print(`A virtual OneTouch Ultra 2 (serial number ${virtual.serial}) was plugged in at ${virtual.port}.`);
      }
      if (settings.inbox !== null) dropExport(settings, clock.now(), print);
      if (cloud !== null) editing = edit(cloud.server).catch(() => undefined);
    },
    async stop() {
      ending.abort();
      await editing;
      for (const meter of plugged) await meter.unplug();
      await cloud?.server.close();
    },
  };
}

/** The same address and token at each start, so that the hub finds the cloud that it knows. */
async function ownCloud(dataDir: string, clock: Clock, log: Log): Promise<{ server: Cloud; token: string }> {
  const file = join(dataDir, "demo-cloud.json");
  const known = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { port: number; token: string })
    : { port: 0, token: randomBytes(12).toString("hex") };
  const start = (port: number): Promise<Cloud> =>
    startCloud({ path: join(dataDir, "demo-cloud.db"), host: "127.0.0.1", port, token: known.token, clock, log });
  const server = await start(known.port).catch((error) => {
    if (isProblem(error, "HUB_PORT_TAKEN") && known.port !== 0) return start(0);
    throw error;
  });
  writeFileSync(file, JSON.stringify({ port: server.port, token: known.token }), { mode: 0o600 });
  return { server, token: known.token };
}

function dropExport(settings: Settings, nowMs: number, print: (line: string) => void): void {
  const { inbox, zone } = settings;
  if (inbox === null) return;
  const name = "apple-health-export.xml";
  if (existsSync(join(inbox, "done", name))) return;
  mkdirSync(inbox, { recursive: true });
  // Written aside and moved: the inbox never sees half a file.
  writeFileSync(join(inbox, `.${name}`), sampleExport({ seed: 7, days: 10, endMs: nowMs, zone }));
  renameSync(join(inbox, `.${name}`), join(inbox, name));
  print(`A small Apple Health export was dropped into ${inbox}.`);
}
