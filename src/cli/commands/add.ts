import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { manualFields } from "../../domain/manual.js";
import { Problem } from "../../domain/problem.js";
import { type Kind, UNITS } from "../../domain/record.js";
import { addRecord } from "../../store/records.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { tellRecord } from "../tell-record.js";
import { readTime, wholeOffset } from "../when.js";
import { withStore } from "../with-store.js";
import { zoneOf } from "../zone-of.js";

interface AddOptions {
  readonly time?: string;
  readonly note?: string;
  readonly patient?: string;
  readonly meal?: string;
  readonly delivery?: string;
  readonly json?: boolean;
}

/** `add`: keeps a value that a person typed. */
export function addAdd(program: Command, cli: Cli): void {
  const command = program
    .command("add")
    .description("Add a value by hand. Blood pressure is written 120/80; a note has its text in place of the value.")
    .argument("<kind>", "glucose, ketone, insulin, carbs, heart_rate, steps, weight, blood_pressure, hba1c or note")
    .argument("[value]", "a number with a point, as 5.6")
    .argument("[unit]", "the kind's unit, as mmol/L")
    .option("--time <t>", "when; an instant, or a time in the patient's zone (default: now)")
    .option("--note <text>", "a remark")
    .option("--patient <id>", "whose it is")
    .option("--meal <when>", "before, after, fasting, bedtime or casual")
    .option("--delivery <how>", "of insulin: basal or bolus")
    .option("--json", "print the record as JSON")
    .action((kind: string, value: string | undefined, unit: string | undefined, options: AddOptions) =>
      add(cli, kind, value, unit, options),
    );
  withExample(
    command,
    "add glucose 5.6 mmol/L --meal before",
    "add insulin 4 U --delivery bolus --time 2026-11-21T08:03",
    "add blood_pressure 120/80 mmHg",
    'add note "Felt dizzy"',
  );
}

async function add(
  cli: Cli,
  kind: string,
  value: string | undefined,
  unit: string | undefined,
  options: AddOptions,
): Promise<void> {
  const settings = cli.settings();
  const nowMs = cli.io.clock.now();
  const { time, json, ...words } = options;
  const zone = zoneOf(settings, options.patient ?? null);
  const when =
    time === undefined
      ? { instant: new Date(nowMs).toISOString(), utcOffset: wholeOffset(zone, nowMs) }
      : readTime(time, zone, "--time");
  const id = randomUUID();
  const given = {
    ...words,
    ...measured(kind, value, unit, words.note),
    time: when.instant,
    utcOffset: when.utcOffset,
  };
  const made = manualFields(id, kind, given, nowMs);
  const { record } = await withStore(cli, settings, (store) =>
    addRecord(store, { id, ...made, raw: null }, cli.author("typed on the command line")),
  );
  await tellRecord(cli, record, settings.zone, json === true);
}

/** Value, unit or note out of the words after the kind. Throws USAGE if they are too few or no numbers. */
function measured(
  kind: string,
  value: string | undefined,
  unit: string | undefined,
  note: string | undefined,
): Readonly<Record<string, unknown>> {
  if (kind === "note") {
    if (unit !== undefined || (value !== undefined && note !== undefined))
      throw new Problem("USAGE", 'A note has no value and no unit: add note "its text".');
    return { note: note ?? value ?? null };
  }
  if (value === undefined || unit === undefined)
    throw new Problem("USAGE", `${kind} needs a value and its unit, as in: add glucose 5.6 mmol/L.`);
  const [first = "", second, ...more] = value.split("/");
  const numbers = [first, ...(second === undefined ? [] : [second])];
  if (more.length > 0 || numbers.some((text) => !/^\d+(\.\d+)?$/.test(text)))
    throw new Problem("USAGE", `The value must be a number written with a point, as 5.6, not "${value}".`);
  return {
    value: Number(first),
    ...(second === undefined ? {} : { value2: Number(second) }),
    unit: spelled(kind, unit),
  };
}

/** The unit in its right spelling if only capitals differ: no two units of a kind differ by them alone. */
function spelled(kind: string, unit: string): string {
  const units = Object.hasOwn(UNITS, kind) ? UNITS[kind as Kind] : [];
  return units.find((known) => known.toLowerCase() === unit.toLowerCase()) ?? unit;
}
