import type { Command } from "commander";
import { Problem } from "../../domain/problem.js";
import type { Settings } from "../../settings/settings.js";
import { editRecord, getRecord } from "../../store/records.js";
import type { Store } from "../../store/store.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { wholeId } from "../record-id.js";
import { tellRecord } from "../tell-record.js";
import { readTime } from "../when.js";
import { withStore } from "../with-store.js";
import { zoneOf } from "../zone-of.js";

const NUMBERS = new Set(["value", "value2", "utcOffset"]);
const BOOLEANS = new Set(["control", "deleted"]);
const INSTANTS = new Set(["time", "endTime"]);

/** `edit`: changes fields of one record. */
export function addEdit(program: Command, cli: Cli): void {
  const command = program
    .command("edit")
    .description("Change fields of a record. What a device or an export measured can't be changed.")
    .argument("<id>", "the record's id, or its beginning (8 characters or more)")
    .option("--set <field=value...>", "new value; nothing or null empties the field", collect)
    .option("--json", "print the record as JSON")
    .action((id: string, options: { set?: readonly string[]; json?: boolean }) =>
      edit(cli, id, options.set ?? [], options.json === true),
    );
  withExample(command, 'edit 1f2e3d4c --set note="after sport" --set meal=after', "edit 1f2e3d4c --set note=");
}

function collect(said: string, before: readonly string[] = []): readonly string[] {
  return [...before, said];
}

async function edit(cli: Cli, idText: string, said: readonly string[], json: boolean): Promise<void> {
  const settings = cli.settings();
  const pairs = readPairs(said);
  const { record } = await withStore(cli, settings, async (store) => {
    const id = await wholeId(store, "records", idText);
    const patch = await readPatch(store, id, pairs, settings);
    return editRecord(store, id, patch, cli.author("edited on the command line"));
  });
  await tellRecord(cli, record, settings.zone, json);
}

/** The fields named and their texts. Throws USAGE for words that are no FIELD=VALUE, and for a field named twice. */
function readPairs(said: readonly string[]): ReadonlyMap<string, string> {
  if (said.length === 0) throw new Problem("USAGE", "Nothing is to be changed: name it with --set FIELD=VALUE.");
  const pairs = new Map<string, string>();
  for (const word of said) {
    const at = word.indexOf("=");
    const name = word.slice(0, at);
    if (at < 1) throw new Problem("USAGE", `--set needs FIELD=VALUE, not "${word}".`);
    if (pairs.has(name)) throw new Problem("USAGE", `--set names ${name} twice.`);
    pairs.set(name, word.slice(at + 1));
  }
  return pairs;
}

/** Values of their fields' types. A wall-clock time is meant in the zone of whose record it is (or becomes). */
async function readPatch(
  store: Store,
  id: string,
  pairs: ReadonlyMap<string, string>,
  settings: Settings,
): Promise<Record<string, unknown>> {
  const patch: Record<string, unknown> = {};
  for (const [name, text] of pairs) patch[name] = INSTANTS.has(name) ? text : readValue(name, text);
  for (const name of INSTANTS) {
    const text = pairs.get(name);
    if (text === undefined) continue;
    if (text === "" || text === "null") {
      patch[name] = null;
      continue;
    }
    const patient = "patient" in patch ? patch["patient"] : (await getRecord(store, id)).record.patient;
    const zone = zoneOf(settings, typeof patient === "string" ? patient : null);
    patch[name] = readTime(text, zone, name).instant;
  }
  return patch;
}

/** Text of a field that is no instant as its value; what does not fit stays text and is refused by name later. */
function readValue(name: string, text: string): unknown {
  if (text === "" || text === "null") return null;
  if (NUMBERS.has(name) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (BOOLEANS.has(name) && (text === "true" || text === "false")) return text === "true";
  return text;
}
