import { isAbsolute } from "node:path";
import * as z from "zod";
import { isZone } from "../domain/zone.js";

/** What stands beside the schema of one setting (a type, as zod takes no interface for it). */
export type SettingFacts = {
  /** Its name in the environment; null: it can only stand in a file. */
  readonly env: string | null;
  /** What a person should write, to follow "expected". */
  readonly expects: string;
  /** `all`: never shown; `url`: an address that may carry a password, shown without it; `no`: shown. */
  readonly secret: "no" | "url" | "all";
};

const facts = (expects: string, env: string | null, secret: SettingFacts["secret"] = "no"): SettingFacts => ({
  expects,
  env,
  secret,
});

/** The longest interval: a day. Longer ones don't fit the timers, and mean that nothing is ever synchronised. */
const LONGEST_MS = 86_400_000;
/** A host name or address as it stands in a Host header, without port or scheme. */
const HOST = /^[A-Za-z0-9._:-]{1,253}$/;
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Printable ASCII without spaces: what a header carries unchanged. */
const TOKEN = /^[\x21-\x7e]+$/;

function isUrl(text: string, ...schemes: string[]): boolean {
  return URL.canParse(text) && schemes.includes(new URL(text).protocol);
}

function isRedisUrl(text: string): boolean {
  if (text.startsWith("unix://")) return isAbsolute(text.slice("unix://".length));
  return isUrl(text, "redis:", "rediss:");
}

const folder = z.string().min(1).nullable().default(null);
const secret = z.string().regex(TOKEN).nullable().default(null);

const host = z.string().regex(HOST);

/** The first value that stands twice, or null. */
function twice(values: readonly string[]): string | null {
  return values.find((value, index) => values.indexOf(value) < index) ?? null;
}

const patients = z
  .array(
    z.strictObject(
      {
        id: z
          .string({ error: "expected a patient's id in quotes" })
          .regex(ID, { error: "expected letters, digits, dot, dash or underscore, 64 at most" }),
        name: z.string({ error: "expected a name" }).min(1, { error: "expected a name" }).nullable().default(null),
        zone: z
          .string({ error: "expected a zone name such as Europe/London" })
          .refine(isZone, { error: "expected a zone name such as Europe/London" })
          .nullable()
          .default(null),
        // A serial without quotes is a number to YAML: leading zeros are lost, and the reading goes to nobody.
        meters: z
          .array(z.string({ error: "expected a meter's serial in quotes" }).min(1, { error: "expected a serial" }), {
            error: "expected a list of serials",
          })
          .default([]),
      },
      { error: (issue) => (issue.code === "invalid_type" ? "expected a patient with id and meters" : undefined) },
    ),
    { error: "expected a list of patients" },
  )
  .default([])
  .superRefine((list, context) => {
    const id = twice(list.map((patient) => patient.id));
    if (id !== null) context.addIssue({ code: "custom", message: `expected ids that differ: "${id}" stands twice` });
    const serial = twice(list.flatMap((patient) => patient.meters));
    if (serial !== null) {
      const message = `expected each meter once: "${serial}" stands twice, and its readings can be one person's only`;
      context.addIssue({ code: "custom", message });
    }
  });

/**
 * Every setting: its type, its default, what a wrong one is told, its name in the environment.
 *
 * A default of null with a meaning (data, zone, inbox) is worked out by `loadSettings`.
 */
export const settingsSchema = z.strictObject({
  hub: z
    .strictObject({
      id: z
        .string()
        .regex(ID)
        .nullable()
        .default(null)
        .meta(facts("letters, digits, dot, dash or underscore, 64 at most", "GLUCOHUB_HUB_ID")),
    })
    .prefault({}),
  data: folder.meta(facts("a folder", "GLUCOHUB_DATA")),
  http: z
    .strictObject({
      host: host.default("127.0.0.1").meta(facts("an address or host name without port", "GLUCOHUB_HTTP_HOST")),
      port: z
        .number()
        .int()
        .min(0)
        .max(65_535)
        .default(8470)
        .meta(facts("a port, 0 to 65535 (0 takes any that is free)", "GLUCOHUB_HTTP_PORT")),
      hosts: z
        .array(host)
        .default([])
        .meta(facts("a list of host names that the hub also answers to", "GLUCOHUB_HTTP_HOSTS")),
    })
    .prefault({}),
  redis: z
    .strictObject({
      url: z
        .string()
        .refine(isRedisUrl)
        .nullable()
        .default(null)
        .meta(facts("redis://host:port, rediss://host:port or unix:///path", "GLUCOHUB_REDIS_URL", "url")),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: z
        .string()
        .refine((text) => isUrl(text, "postgres:", "postgresql:"))
        .nullable()
        .default(null)
        .meta(facts("postgres://user@host/database", "GLUCOHUB_DATABASE_URL", "url")),
    })
    .prefault({}),
  cloud: z
    .strictObject({
      kind: z
        .enum(["native", "fhir", "nightscout", "none"])
        .default("none")
        .meta(facts("native, fhir, nightscout or none", "GLUCOHUB_CLOUD_KIND")),
      url: z
        .string()
        .refine((text) => isUrl(text, "http:", "https:"))
        .nullable()
        .default(null)
        .meta(facts("an address beginning with https:// or http://", "GLUCOHUB_CLOUD_URL", "url")),
      token: secret.meta(facts("a token without spaces", "GLUCOHUB_CLOUD_TOKEN", "all")),
    })
    .prefault({}),
  sync: z
    .strictObject({
      everyMs: z
        .number()
        .int()
        .min(100)
        .max(LONGEST_MS)
        .default(60_000)
        .meta(facts(`whole milliseconds, 100 to ${LONGEST_MS}`, "GLUCOHUB_SYNC_EVERY_MS")),
    })
    .prefault({}),
  zone: z
    .string()
    .refine(isZone)
    .nullable()
    .default(null)
    .meta(facts("a zone name such as Europe/London", "GLUCOHUB_ZONE")),
  inbox: folder.meta(facts("a folder, or off", "GLUCOHUB_INBOX")),
  bluetooth: z.enum(["on", "off"]).default("on").meta(facts("on or off", "GLUCOHUB_BLUETOOTH")),
  keyFile: folder.meta(facts("a file with the keys of encrypted readers", "GLUCOHUB_KEY_FILE")),
  apiToken: secret.meta(facts("a token without spaces", "GLUCOHUB_API_TOKEN", "all")),
  log: z
    .strictObject({
      level: z
        .enum(["debug", "info", "warn", "error", "silent"])
        .default("info")
        .meta(facts("debug, info, warn, error or silent", "GLUCOHUB_LOG_LEVEL")),
    })
    .prefault({}),
  patients: patients.meta(facts("a list of patients", null)),
});
