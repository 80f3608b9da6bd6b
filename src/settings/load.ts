import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Problem } from "../domain/problem.js";
import { isZone } from "../domain/zone.js";
import { checkEntry } from "./check-entry.js";
import { CONFIG_NAME, envLayer, fromText } from "./env-layer.js";
import { type SettingField, settingFields } from "./fields.js";
import { absolutePath, defaultDataFolder, packagedDefaults } from "./folders.js";
import { type Entry, type Layer, unknownName } from "./layer.js";
import { settingsSchema } from "./schema.js";
import type { LoadedSettings, Settings } from "./settings.js";
import { yamlLayer } from "./yaml-layer.js";

/** Where `loadSettings` looks. */
export interface SettingSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line says, by dotted name: `{"http.port": "9000"}`; undefined means not said. */
  readonly flags?: Readonly<Record<string, string | number | undefined>>;
  /** Absolute folder against which relative paths in the environment and in flags are meant. */
  readonly cwd: string;
  /** The file of defaults; if left out, `config/default.yaml` of this package. */
  readonly defaultsFile?: string;
  /** The machine's own zone; if left out, what the system says. */
  readonly systemZone?: string;
}

/** What switches the inbox off. */
const OFF = "off";
const NOTHING: Layer = { entries: [], errors: [] };

/**
 * The settings in force: the schema's defaults, then `config/default.yaml`, then the file named in GLUCOHUB_CONFIG,
 * then the environment, then flags; later ones win. Throws SETTINGS_INVALID with one sentence a mistake if a name is
 * unknown or a value malformed anywhere, also where a later source would have overruled it.
 */
export function loadSettings(sources: SettingSources): LoadedSettings {
  const fields = settingFields();
  const defaultsFile = sources.defaultsFile ?? packagedDefaults();
  const defaults = defaultsFile === null ? NOTHING : fileLayer(defaultsFile, "the defaults", fields);
  const said = [configLayer(sources, fields), envLayer(sources.env, sources.cwd, fields), flagLayer(sources, fields)];
  const layers = [defaults, ...said];
  const entries = layers.flatMap((layer) => layer.entries);
  refuse([...layers.flatMap((layer) => layer.errors), ...entries.flatMap((entry) => checkEntry(entry) ?? [])]);

  const winners = new Map(entries.map((entry) => [entry.field.name, entry]));
  const written = settingsSchema.parse(treeOf(winners.values()));
  const origins: Record<string, string> = {};
  for (const field of fields) origins[field.name] = winners.get(field.name)?.origin ?? "default";
  refuse(cloudMistakes(written.cloud, origins, mentions(said, "cloud.kind")));

  const base = (name: string): string => winners.get(name)?.base ?? sources.cwd;
  const { env } = sources;
  if (written.data === null) origins["data"] = "default";
  const data = written.data === null ? defaultDataFolder(env) : absolutePath(written.data, base("data"), env);
  if (written.inbox === null) origins["inbox"] = "default (in the data folder)";
  const inbox = written.inbox === null ? join(data, "inbox") : absolutePath(written.inbox, base("inbox"), env);
  const zone = written.zone === null ? ownZone(sources) : { name: written.zone, origin: origins["zone"] ?? "default" };
  origins["zone"] = zone.origin;
  const keyFile = written.keyFile === null ? null : absolutePath(written.keyFile, base("keyFile"), env);
  const paths = { data, inbox: written.inbox === OFF ? null : inbox, keyFile };
  return { settings: { ...written, ...paths, zone: zone.name }, origins };
}

function refuse(errors: readonly string[]): void {
  if (errors.length > 0) throw new Problem("SETTINGS_INVALID", errors.join("\n"), { mistakes: errors.length });
}

function fileLayer(file: string, called: string, fields: readonly SettingField[]): Layer {
  try {
    return yamlLayer(readFileSync(file, "utf8"), file, dirname(file), fields);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    return { entries: [], errors: [`${called}: ${file} can't be read${reason}: expected a settings file`] };
  }
}

function configLayer(sources: SettingSources, fields: readonly SettingField[]): Layer {
  const named = sources.env[CONFIG_NAME];
  // Set to nothing: the environment's own layer says so.
  if (named === undefined || named === "") return NOTHING;
  return fileLayer(absolutePath(named, sources.cwd, sources.env), CONFIG_NAME, fields);
}

function flagLayer(sources: SettingSources, fields: readonly SettingField[]): Layer {
  const entries: Entry[] = [];
  const errors: string[] = [];
  for (const [name, said] of Object.entries(sources.flags ?? {})) {
    if (said === undefined) continue;
    const field = fields.find((candidate) => candidate.name === name);
    const origin = "command line";
    if (field === undefined) {
      errors.push(
        unknownName(
          name,
          origin,
          fields.map((known) => known.name),
        ),
      );
    } else {
      const value = typeof said === "string" ? fromText(field, said) : said;
      entries.push({ field, value, origin, base: sources.cwd });
    }
  }
  return { entries, errors };
}

/** A cloud that is named by half is a mistake: nothing would be synchronised, and nobody told. */
function cloudMistakes(
  cloud: Settings["cloud"],
  origins: Readonly<Record<string, string>>,
  kindSaid: boolean,
): string[] {
  if (cloud.kind !== "none" && cloud.url === null) {
    return [`cloud.url (${origins["cloud.url"]}): null is wrong: expected an address, as cloud.kind is ${cloud.kind}`];
  }
  if (cloud.url !== null && !kindSaid) {
    return ["cloud.kind (default): none is wrong, as cloud.url is set: expected native, fhir or nightscout, or none"];
  }
  return [];
}

function mentions(layers: readonly Layer[], name: string): boolean {
  return layers.some((layer) => layer.entries.some((entry) => entry.field.name === name));
}

/** The system's zone; UTC where the system knows none by name, and the origin says so. */
function ownZone(sources: SettingSources): { name: string; origin: string } {
  const name = sources.systemZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (name !== undefined && isZone(name)) return { name, origin: "the system's zone" };
  return { name: "UTC", origin: "default (the system's zone is unknown)" };
}

function treeOf(entries: Iterable<Entry>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const { field, value } of entries) {
    const [first = "", second] = field.path;
    if (second === undefined) tree[first] = value;
    else tree[first] = { ...(tree[first] as object | undefined), [second]: value };
  }
  return tree;
}
