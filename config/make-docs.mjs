#!/usr/bin/env node
/**
 * Makes the documents that come from tables in the code; run `npm run build` first.
 * `node config/make-docs.mjs` writes them, `--check` only fails if one is not up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { DRIVERS } = await import(pathToFileURL(join(root, "dist/drivers/index.js")).href);
const { CAPABILITIES } = await import(pathToFileURL(join(root, "dist/src/kit/driver.js")).href);
const { PROBLEMS } = await import(pathToFileURL(join(root, "dist/src/domain/problem.table.js")).href);

const RETRY = {
  now: "try again at once",
  later: "try again later, with growing pauses",
  never: "don't repeat it unchanged",
  user: "wait until a person has acted",
};

const DOCUMENTS = { "docs/errors.md": errors(), "docs/meters.md": meters() };

const [option, ...more] = process.argv.slice(2);
if (more.length > 0 || (option !== undefined && option !== "--check")) {
  process.stderr.write("Usage: node config/make-docs.mjs [--check]\n");
  process.exitCode = 2;
} else {
  for (const [file, text] of Object.entries(DOCUMENTS)) handle(file, text);
}

function handle(file, text) {
  if (option === undefined) {
    writeFileSync(join(root, file), text);
    process.stderr.write(`Wrote ${file}.\n`);
  } else if (readOrEmpty(file) !== text) {
    process.stderr.write(`${file} is not up to date: run \`npm run docs\`.\n`);
    process.exitCode = 1;
  }
}

function readOrEmpty(file) {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch {
    return "";
  }
}

function errors() {
  const codes = Object.keys(PROBLEMS).sort();
  return `# Errors

Made by \`npm run docs\` from the table in \`src/domain/problem.table.ts\`; changes here are lost.

Every error that Glucohub names has one of these ${codes.length} codes. A code keeps its meaning for ever. Over HTTP it comes as
\`application/problem+json\` (RFC 9457) with the status below; a command that ends with it leaves with the exit code below:
1 failed, 2 wrong usage or settings, 3 the source was read only in part.

${codes.map((code) => section(code, PROBLEMS[code])).join("\n")}`;
}

function section(code, { title, remedy, retry, http, exit }) {
  return `## ${code}

${title}

- What to do: ${remedy}
- A program may: ${RETRY[retry]}.
- HTTP status ${http}, exit code ${exit}.
`;
}

function meters() {
  const serial = DRIVERS.filter(({ transport }) => transport !== "file");
  const names = { clockRead: "clock read", clockSet: "clock set", serialNumber: "serial number" };
  const head = { controlSolution: "control", mealMarker: "meals", incremental: "in parts", ...names };
  const columns = CAPABILITIES.map((name) => head[name] ?? name);
  const mark = { yes: "yes", absent: "no", unknown: "?" };
  const rows = serial.map(({ id, capabilities }) => [
    `\`${id}\``,
    ...CAPABILITIES.map((name) => mark[capabilities[name]]),
  ]);
  return `# Meters

Made by \`npm run docs\` from the definitions in \`drivers/*/index.ts\`; changes here are lost. \`glucohub drivers\` tells the same.

## What each can do

"?" means that nobody has established it: the driver does not claim it. Sources stand in each driver's README.

${table(["driver", ...columns], rows)}

${serial.map(meter).join("\n")}`;
}

function meter(driver) {
  const { id, maker, models, kinds, evidence, units, limits, integrity, settings, usb, probe, setClock } = driver;
  const parity = (of) => `${of.baudRate} baud, ${of.dataBits} bits, parity ${of.parity}, ${of.stopBits} stop`;
  const line = {
    serial: () => `Line: ${parity(settings)}`,
    hid: () => "USB HID",
    usb: () => "USB bulk endpoints",
    block: () => "Blocks of a disk",
    ble: () => "Bluetooth Low Energy",
  }[driver.transport]();
  const checks = { none: "no checksum", link: "the radio link's own" };
  const check = checks[integrity.check] ?? integrity.check;
  const over = {
    record: "each message",
    dump: "the whole memory",
    repeated: "each thing asked for until it came twice",
  };
  const cables = usb.map(
    ({ vendorId, productId, ambiguous, source }) =>
      `  - \`${vendorId}:${productId}\`${ambiguous ? ", a cable that other meters use too" : ""} (${source})`,
  );
  const signs = (driver.ble ?? []).map(({ service, namePrefix, source }) => {
    const parts = [service && `service \`${service}\``, namePrefix && `a name that begins with \`${namePrefix}\``];
    return `  - ${parts.filter(Boolean).join(" and ")} (${source})`;
  });
  const known = driver.transport === "ble" ? ["- Advertises:", ...signs] : ["- USB:", ...cables];
  const bounds = limits === null ? "as the meter says" : `LO below ${limits.low}, HI above ${limits.high}`;
  return `## ${maker}: ${models.join(", ")}

Driver [\`${id}\`](../drivers/${id}/README.md). Evidence: ${evidence}. Gives ${kinds.join(", ")}.

- ${line}. Protection: ${check}, over ${over[integrity.over]}.
- Unit: ${units}; ${bounds}.
- ${driver.transport === "ble" ? "Among several drivers" : "On a shared cable"} it is asked at rank ${probe.rank}, for at most ${probe.withinMs} ms.
- Its clock ${setClock === null ? "can't be set from here" : "can be set with `glucohub set-clock`"}.
${known.join("\n")}
`;
}

/** A Markdown table with its columns aligned, as the formatter leaves them. */
function table(head, rows) {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
