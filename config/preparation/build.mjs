import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, extname, join } from "node:path";
import { PreparationError, run, say } from "./run.mjs";

/** What is compiled, and what decides how. */
const FOLDERS = ["src", "drivers", "test"];
const FILES = ["tsconfig.json", "config/tsconfig.build.json", "package-lock.json"];

/** What the browser is given as it stands. */
const ASSETS = "src/web";

/** True if dist was built, from these sources or others. */
export function isBuilt(root) {
  return readStamp(root) !== null;
}

/** True if dist was built from the sources as they are (same files, sizes and times of change), or came without any. */
export function buildIsFresh(root) {
  const stamp = readStamp(root);
  if (stamp !== null && !existsSync(join(root, "src"))) return true;
  return stamp?.content === fingerprint(root).content;
}

/** Compiles and copies into dist. Call it alone (see lock.mjs). Throws a PreparationError if the sources don't compile. */
export async function build(root) {
  const before = readStamp(root);
  const now = fingerprint(root);
  rmSync(stampFile(root), { force: true });
  // The compiler leaves the outputs of deleted sources behind.
  if (before?.names !== now.names) rmSync(join(root, "dist"), { recursive: true, force: true });
  const { code, output } = await run("Building Glucohub.", process.execPath, compile(root), { cwd: root });
  if (code !== 0) {
    say(output);
    throw new PreparationError("Building failed; what the compiler said stands above.");
  }
  for (const file of filesUnder(root, ASSETS)) if (extname(file) !== ".ts") copy(root, file);
  mkdirSync(join(root, "dist"), { recursive: true });
  writeFileSync(stampFile(root), JSON.stringify(now));
}

const compile = (root) => [join(root, "node_modules/typescript/bin/tsc"), "-p", "config/tsconfig.build.json"];
const stampFile = (root) => join(root, "dist/.glucohub-built");

function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampFile(root), "utf8"));
  } catch {
    return null;
  }
}

/** Digests of the sources: `names` of their paths, `content` of paths, sizes and times of change. */
function fingerprint(root) {
  const names = createHash("sha256");
  const content = createHash("sha256");
  const sources = FOLDERS.flatMap((folder) => filesUnder(root, folder));
  for (const file of [...sources.filter(isInput), ...FILES]) {
    const stat = statSync(join(root, file), { throwIfNoEntry: false });
    if (stat === undefined) continue;
    names.update(`${file}\n`);
    content.update(`${file} ${stat.size} ${stat.mtimeMs}\n`);
  }
  return { names: names.digest("hex"), content: content.digest("hex") };
}

function isInput(file) {
  if (file.endsWith(".test.ts")) return false;
  return file.endsWith(".ts") || file.startsWith(`${ASSETS}/`);
}

/** Paths of all files under a folder, relative to the root, in a fixed order. */
function filesUnder(root, folder) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(root, path) : [path];
  });
}

function copy(root, file) {
  const target = join(root, "dist", file);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(root, file), target);
}
