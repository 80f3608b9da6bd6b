import { constants, existsSync } from "node:fs";
import { access, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asProblem } from "../../domain/problem.js";
import type { Settings } from "../../settings/settings.js";
import { storeAddress, storeName } from "../../store/address.js";
import { auditAt } from "../../store/audit.js";
import type { FoundHub } from "../hub-client.js";
import { bad, type Finding, ok, warn } from "./finding.js";

/** Free space below which nothing should be relied on, and below which it is time to act, bytes. */
const FREE = { bad: 50e6, warn: 500e6 };

/** The data folder can be written, is private, and has room. */
export async function checkData({ data }: Settings): Promise<Finding[]> {
  const exists = existsSync(data);
  const folder = exists ? data : nearest(data);
  const remedy = `Give this user the right to write ${folder}, or set GLUCOHUB_DATA to another folder.`;
  if (!(await writable(folder, exists))) return [bad("data", `${folder} can't be written.`, remedy)];
  const findings = [ok("data", exists ? `${data} can be written.` : `${data} is made at the first start.`)];
  if (exists && ((await stat(data)).mode & 0o077) !== 0)
    findings.push(warn("privacy", `Other users of this machine may look into ${data}.`, `\`chmod 700 ${data}\``));
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const room = `${Math.floor(free / 1e6).toLocaleString("en")} MB are free.`;
  const space = "Free some space on this disk.";
  findings.push(
    free < FREE.bad ? bad("space", room, space) : free < FREE.warn ? warn("space", room, space) : ok("space", room),
  );
  return findings;
}

/** The store opens and is sound, its rules included. */
export async function checkStore(settings: Settings): Promise<Finding> {
  const place = storeAddress(settings);
  if (place.url === null && !existsSync(place.path))
    return ok("store", "There is no store yet; it is made at the first start.");
  const where = place.url === null ? "" : `The database at ${storeName(place)} answers. `;
  try {
    const { found, faults, counts, schemaObjects } = await auditAt(place);
    if (found === 0)
      return ok("store", `${where}Sound: ${counts.records} records, ${schemaObjects} tables, indexes and rules.`);
    return bad("store", `${found} faults, the first: ${faults[0] ?? ""}.`, "See `glucohub verify`; restore a backup.");
  } catch (error) {
    const problem = asProblem(error);
    return bad("store", problem.message, problem.remedy);
  }
}

/** The folder into which exports are dropped. */
export async function checkInbox({ inbox }: Settings): Promise<Finding> {
  if (inbox === null) return ok("inbox", "No folder is watched for health exports.");
  const exists = existsSync(inbox);
  const folder = exists ? inbox : nearest(inbox);
  return (await writable(folder, exists))
    ? ok("inbox", `Exports dropped into ${inbox} are imported while the hub runs.`)
    : bad(
        "inbox",
        `${folder} can't be written, so files can't be moved out of it.`,
        "Correct its permissions, or set GLUCOHUB_INBOX.",
      );
}

/** Whether a hub runs on the data folder. */
export function checkHub(hub: FoundHub): Finding {
  if (!hub.running) return ok("hub", "No hub runs on this data folder.");
  if (hub.client === null)
    return warn(
      "hub",
      "A hub runs on this data folder but does not answer.",
      "Wait until it has started, or restart it.",
    );
  const { url, degraded } = hub.client;
  if (degraded.length === 0) return ok("hub", `A hub runs at ${url}.`);
  return warn("hub", `A hub runs at ${url}, without: ${degraded.join(", ")}.`, "See the lines of that name.");
}

/** Asks the system, and for a folder that exists also tries it: a full or broken disk lets nobody write. */
async function writable(folder: string, tried: boolean): Promise<boolean> {
  try {
    if (!(await stat(folder)).isDirectory()) return false;
    await access(folder, constants.W_OK | constants.X_OK);
    if (!tried) return true;
    const file = join(folder, `.doctor-${process.pid}`);
    await writeFile(file, "", { flag: "wx", mode: 0o600 });
    await rm(file);
    return true;
  } catch {
    return false;
  }
}

/** The nearest folder above that exists. */
function nearest(path: string): string {
  const above = dirname(path);
  return existsSync(above) || above === path ? above : nearest(above);
}
