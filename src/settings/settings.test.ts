import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Problem } from "../domain/problem.js";
import { settingFields } from "./fields.js";
import { packagedDefaults } from "./folders.js";
import { loadSettings, type SettingSources } from "./load.js";
import { maskedSettings } from "./mask.js";
import { settingsSchema } from "./schema.js";
import type { LoadedSettings } from "./settings.js";

const folder = mkdtempSync(join(tmpdir(), "glucohub-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

function load(env: Record<string, string> = {}, more: Partial<SettingSources> = {}): LoadedSettings {
  return loadSettings({ env: { HOME: "/home/alex", ...env }, cwd: "/work-here", systemZone: "Europe/Vienna", ...more });
}

function withFile(text: string, env: Record<string, string> = {}): LoadedSettings {
  const file = join(folder, "own.yaml");
  writeFileSync(file, text);
  return load({ GLUCOHUB_CONFIG: file, ...env });
}

/** The refusal's sentences. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem && error.code === "SETTINGS_INVALID") return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("defaults", () => {
  test("with nothing said, every default is in force", () => {
    expect(load().settings).toEqual({
      hub: { id: null },
      data: "/home/alex/.local/share/glucohub",
      http: { host: "127.0.0.1", port: 8470, hosts: [] },
      redis: { url: null },
      database: { url: null },
      cloud: { kind: "none", url: null, token: null },
      sync: { everyMs: 60_000 },
      zone: "Europe/Vienna",
      inbox: "/home/alex/.local/share/glucohub/inbox",
      bluetooth: "on",
      keyFile: null,
      apiToken: null,
      log: { level: "info" },
      patients: [],
    });
  });

  test("config/default.yaml says what the schema says, and names every setting", () => {
    const file = packagedDefaults();
    expect(file).not.toBeNull();
    const text = readFileSync(file ?? "", "utf8");
    expect(parse(text)).toEqual(settingsSchema.parse({}));
    const names = settingFields().flatMap((field) => field.env ?? []);
    expect(names.filter((name) => !text.includes(`(${name}`))).toEqual([]);
    expect(settingFields()).toHaveLength(18);
  });

  test("the schema's defaults stand without config/default.yaml's values", () => {
    writeFileSync(join(folder, "empty.yaml"), "");
    expect(load({}, { defaultsFile: join(folder, "empty.yaml") }).settings).toEqual(load().settings);
  });

  test("config/example.yaml is accepted", () => {
    const file = join(packagedDefaults() ?? "", "..", "example.yaml");
    const { settings } = load({ GLUCOHUB_CONFIG: file });
    expect(settings.data).toBe("/home/alex/glucohub");
    expect(settings.patients.map((patient) => [patient.id, patient.zone, patient.meters])).toEqual([
      ["alex", null, ["0012345", "XGC-778-1"]],
      ["sam", "America/New_York", ["A55021"]],
    ]);
  });

  test("the data folder follows XDG_DATA_HOME if that is absolute", () => {
    expect(load({ XDG_DATA_HOME: "/srv/data" }).settings.data).toBe("/srv/data/glucohub");
    expect(load({ XDG_DATA_HOME: "data" }).settings.data).toBe("/home/alex/.local/share/glucohub");
  });

  test("a system without a named zone falls back to UTC and says so", () => {
    const { settings, origins } = load({}, { systemZone: "+02:00" });
    expect([settings.zone, origins["zone"]]).toEqual(["UTC", "default (the system's zone is unknown)"]);
  });
});

describe("order", () => {
  test("file beats default, environment beats file, flag beats environment, and each origin is told", () => {
    const text = "http:\n  port: 9001\nsync:\n  everyMs: 5000\nlog:\n  level: warn\n";
    writeFileSync(join(folder, "order.yaml"), text);
    const { settings, origins } = load(
      { GLUCOHUB_CONFIG: join(folder, "order.yaml"), GLUCOHUB_HTTP_PORT: "9002", GLUCOHUB_LOG_LEVEL: "error" },
      { flags: { "http.port": "9003", zone: undefined } },
    );
    expect([settings.http.port, settings.log.level, settings.sync.everyMs]).toEqual([9003, "error", 5000]);
    expect(origins["http.port"]).toBe("command line");
    expect(origins["log.level"]).toBe("GLUCOHUB_LOG_LEVEL");
    expect(origins["sync.everyMs"]).toBe(`${join(folder, "order.yaml")}:4`);
    expect(origins["http.host"]).toMatch(/default\.yaml:\d+$/);
    expect(origins["data"]).toBe("default");
  });

  test("every name of the environment reaches its setting", () => {
    const { settings } = load({
      GLUCOHUB_DATA: "/d",
      GLUCOHUB_HTTP_PORT: "0",
      GLUCOHUB_HTTP_HOST: "::1",
      GLUCOHUB_HTTP_HOSTS: "a.example, b.example",
      GLUCOHUB_REDIS_URL: "redis://localhost:6379/2",
      GLUCOHUB_DATABASE_URL: "postgres://hub@db/glucohub",
      GLUCOHUB_CLOUD_KIND: "native",
      GLUCOHUB_CLOUD_URL: "http://127.0.0.1:9",
      GLUCOHUB_CLOUD_TOKEN: "t0",
      GLUCOHUB_SYNC_EVERY_MS: "100",
      GLUCOHUB_ZONE: "Asia/Tokyo",
      GLUCOHUB_INBOX: "off",
      GLUCOHUB_BLUETOOTH: "off",
      GLUCOHUB_KEY_FILE: "/k",
      GLUCOHUB_HUB_ID: "hub-1",
      GLUCOHUB_API_TOKEN: "t1",
      GLUCOHUB_LOG_LEVEL: "silent",
      GLUCOHUB_TEST_ANYTHING: "is left alone",
    });
    expect(settings).toEqual({
      hub: { id: "hub-1" },
      data: "/d",
      http: { host: "::1", port: 0, hosts: ["a.example", "b.example"] },
      redis: { url: "redis://localhost:6379/2" },
      database: { url: "postgres://hub@db/glucohub" },
      cloud: { kind: "native", url: "http://127.0.0.1:9", token: "t0" },
      sync: { everyMs: 100 },
      zone: "Asia/Tokyo",
      inbox: null,
      bluetooth: "off",
      keyFile: "/k",
      apiToken: "t1",
      log: { level: "silent" },
      patients: [],
    });
  });

  test("a relative folder is meant from where it was written", () => {
    expect(withFile("data: store\ninbox: ~/drop\nkeyFile: keys.txt").settings).toMatchObject({
      data: join(folder, "store"),
      inbox: "/home/alex/drop",
      keyFile: join(folder, "keys.txt"),
    });
    expect(load({ GLUCOHUB_DATA: "store" }).settings.data).toBe("/work-here/store");
    expect(load({ GLUCOHUB_DATA: "store" }).settings.inbox).toBe("/work-here/store/inbox");
  });

  test("an empty file and an empty section change nothing", () => {
    expect(withFile("").settings).toEqual(load().settings);
    expect(withFile("http:\n  # port: 1\nlog:\n").settings).toEqual(load().settings);
  });
});

describe("names that are no settings", () => {
  test.each([
    ["http:\n  prot: 1", /^http\.prot \(.*own\.yaml:2\): there is no such setting; did you mean http\.port\?$/],
    ["htpp:\n  port: 1", /^htpp \(.*own\.yaml:1\): there is no such setting; did you mean http\?$/],
    ["sync:\n  everyMS: 1", /did you mean sync\.everyMs\?$/],
    ["log:\n  level: info\n  level2: x", /^log\.level2 \(.*:3\)/],
    ["__proto__: 1", /^__proto__ \(/],
  ])("a file with %j is refused with the place and the nearest name", (text, sentence) => {
    expect(refusal(() => withFile(text))).toMatch(sentence);
  });

  test("an unknown name of the environment is refused with the nearest one", () => {
    expect(refusal(() => load({ GLUCOHUB_HTTP_PROT: "1" }))).toBe(
      "GLUCOHUB_HTTP_PROT: there is no such setting; did you mean GLUCOHUB_HTTP_PORT?",
    );
    expect(refusal(() => load({ GLUCOHUB_CONFG: "x" }))).toContain("did you mean GLUCOHUB_CONFIG?");
  });

  test("an unknown flag is refused", () => {
    expect(refusal(() => load({}, { flags: { "http.porp": 1 } }))).toBe(
      "http.porp (command line): there is no such setting; did you mean http.port?",
    );
  });

  test("all mistakes are told at once", () => {
    const text = refusal(() => withFile("zone: Mars/Base\nbogus: 1", { GLUCOHUB_HTTP_PORT: "x" }));
    expect(text.split("\n")).toHaveLength(3);
  });
});

describe("values that don't fit", () => {
  const wrong: [string, string][] = [
    ["GLUCOHUB_HTTP_PORT", "65536"],
    ["GLUCOHUB_HTTP_PORT", "80a"],
    ["GLUCOHUB_HTTP_PORT", "8.5"],
    ["GLUCOHUB_HTTP_HOST", "http://x"],
    ["GLUCOHUB_HTTP_HOSTS", "a b"],
    ["GLUCOHUB_REDIS_URL", "localhost:6379"],
    ["GLUCOHUB_REDIS_URL", "unix://relative.sock"],
    ["GLUCOHUB_DATABASE_URL", "mysql://x/y"],
    ["GLUCOHUB_CLOUD_KIND", "Native"],
    ["GLUCOHUB_CLOUD_URL", "cloud.example"],
    ["GLUCOHUB_SYNC_EVERY_MS", "99"],
    ["GLUCOHUB_SYNC_EVERY_MS", "86400001"],
    ["GLUCOHUB_ZONE", "Europe/Atlantis"],
    ["GLUCOHUB_ZONE", "+01:00"],
    ["GLUCOHUB_HUB_ID", "a hub"],
    ["GLUCOHUB_LOG_LEVEL", "loud"],
  ];
  test.each(wrong)("%s=%s is refused with name, value and what was expected", (name, value) => {
    const field = settingFields().find((candidate) => candidate.env === name);
    const sentence = refusal(() => load({ [name]: value }));
    expect(sentence).toContain(`${field?.name} (${name}): `);
    expect(sentence).toContain(value);
    expect(sentence).toContain(`is wrong: expected ${field?.expects}`);
  });

  test("a name that is set to nothing is refused", () => {
    expect(refusal(() => load({ GLUCOHUB_DATA: "" }))).toBe(
      "GLUCOHUB_DATA: it is set to nothing: expected a folder; unset it to use the default",
    );
    expect(refusal(() => load({ GLUCOHUB_CONFIG: "" }))).toContain("GLUCOHUB_CONFIG: it is set to nothing");
  });

  test("a wrong value is refused also where a later source would overrule it", () => {
    expect(refusal(() => withFile("http: {port: many}", { GLUCOHUB_HTTP_PORT: "1" }))).toMatch(
      /^http\.port \(.*own\.yaml:1\): "many" is wrong/,
    );
  });

  test("a number where text is meant is refused, and quotes are asked for", () => {
    expect(refusal(() => withFile("hub: {id: 0123}"))).toContain("123 is wrong: expected letters");
    expect(refusal(() => withFile("hub: {id: 0123}"))).toMatch(/, in quotes$/);
  });

  test("a file that is missing or no YAML is refused by name, without quoting it", () => {
    expect(refusal(() => load({ GLUCOHUB_CONFIG: "none.yaml" }))).toBe(
      "GLUCOHUB_CONFIG: /work-here/none.yaml can't be read (ENOENT): expected a settings file",
    );
    const broken = refusal(() => withFile('apiToken: "hunter2\nzone: UTC'));
    expect(broken).toMatch(/own\.yaml:\d+: not YAML \(/);
    expect(broken).not.toContain("hunter2");
    expect(refusal(() => withFile("zone: UTC\nzone: Asia/Tokyo"))).toMatch(/own\.yaml:2: not YAML \(DUPLICATE_KEY\)/);
    expect(refusal(() => withFile("- a\n- b"))).toContain("expected names and values");
    expect(refusal(() => withFile("http: 8080"))).toMatch(/^http \(.*own\.yaml:1\): expected names and values$/);
  });

  test("a cloud named by half is refused", () => {
    for (const kind of ["native", "fhir", "nightscout"]) {
      expect(refusal(() => load({ GLUCOHUB_CLOUD_KIND: kind }))).toMatch(/^cloud\.url .*expected an address, as/);
    }
    expect(refusal(() => load({ GLUCOHUB_CLOUD_URL: "https://c.example" }))).toMatch(/^cloud\.kind \(default\)/);
    const off = load({ GLUCOHUB_CLOUD_URL: "https://c.example", GLUCOHUB_CLOUD_KIND: "none" });
    expect(off.settings.cloud.kind).toBe("none");
  });
});

describe("patients", () => {
  test.each([
    ["- id: a\n  meters: [0012345]", "patient 1, meters.0: expected a meter's serial in quotes"],
    ["- id: 7", "patient 1, id: expected a patient's id in quotes"],
    ["- id: a\n- id: a", 'expected ids that differ: "a" stands twice'],
    ["- id: a\n  meters: ['1']\n- id: b\n  meters: ['1']", 'expected each meter once: "1" stands twice'],
    ["- id: a\n  zone: Mars/Base", "patient 1, zone: expected a zone name such as Europe/London"],
    ["- id: a\n  metres: []", "patient 1: there is no such setting as metres; did you mean meters?"],
    ["- alex", "patient 1: expected a patient with id and meters"],
    ["alex", "expected a list of patients"],
  ])("%j is refused", (text, sentence) => {
    const file = text.startsWith("-") ? `patients:\n${text.replace(/^/gm, "  ")}` : `patients: ${text}`;
    const refused = refusal(() => withFile(file));
    expect(refused).toMatch(/^patients \(.*own\.yaml:1\): /);
    expect(refused).toContain(sentence);
  });
});

describe("masking", () => {
  const secrets = {
    GLUCOHUB_API_TOKEN: "s3cret-api",
    GLUCOHUB_CLOUD_TOKEN: "s3cret-cloud",
    GLUCOHUB_CLOUD_KIND: "native",
    GLUCOHUB_CLOUD_URL: "https://me:s3cret-url@c.example/x?key=s3cret-query",
    GLUCOHUB_REDIS_URL: "redis://:s3cret-redis@localhost:6379",
    GLUCOHUB_DATABASE_URL: "postgres://hub:s3cret-db@db/glucohub",
  };

  test("what config check shows holds every setting and no secret", () => {
    const rows = maskedSettings(load(secrets));
    expect(rows).toHaveLength(18);
    expect(JSON.stringify(rows)).not.toContain("s3cret");
    const shown = Object.fromEntries(rows.map((row) => [row.name, [row.value, row.from]]));
    expect(shown).toMatchObject({
      apiToken: ['"***"', "GLUCOHUB_API_TOKEN"],
      "cloud.token": ['"***"', "GLUCOHUB_CLOUD_TOKEN"],
      "cloud.url": ['"https://me:***@c.example/x?***"', "GLUCOHUB_CLOUD_URL"],
      "redis.url": ['"redis://:***@localhost:6379"', "GLUCOHUB_REDIS_URL"],
      "database.url": ['"postgres://hub:***@db/glucohub"', "GLUCOHUB_DATABASE_URL"],
      "http.port": ["8470", expect.stringMatching(/default\.yaml/)],
      zone: ['"Europe/Vienna"', "the system's zone"],
    });
  });

  test("a secret that is not set is shown as null", () => {
    const rows = maskedSettings(load());
    expect(rows.find((row) => row.name === "apiToken")?.value).toBe("null");
  });

  test.each([
    ["GLUCOHUB_API_TOKEN", "s3cret with space"],
    ["GLUCOHUB_CLOUD_TOKEN", "s3cret\u00e9"],
    ["GLUCOHUB_CLOUD_URL", "c.example/?token=s3cret"],
    ["GLUCOHUB_CLOUD_URL", "ftp://s3cret@c.example"],
    ["GLUCOHUB_REDIS_URL", "x:s3cret@localhost"],
    ["GLUCOHUB_DATABASE_URL", "postgrs://hub:s3cret@db"],
    ["GLUCOHUB_DATABASE_URL", "hub:a//s3cret@db"],
  ])("a malformed %s is named without its secret", (name, value) => {
    const sentence = refusal(() => load({ [name]: value }));
    expect(sentence).toContain(`(${name}): `);
    expect(sentence).toContain("***");
    expect(sentence).not.toContain("s3cret");
  });
});
