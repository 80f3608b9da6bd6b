#!/usr/bin/env node
/**
 * Makes the documents that come from tables in the code; run `npm run build` first.
 * `node config/make-docs.mjs` writes them, `--check` only fails if one is not up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { PROBLEMS } = await import(pathToFileURL(join(root, "dist/src/domain/problem.table.js")).href);

const RETRY = {
  now: "try again at once",
  later: "try again later, with growing pauses",
  never: "don't repeat it unchanged",
  user: "wait until a person has acted",
};

const DOCUMENTS = { "docs/errors.md": errors() };

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
