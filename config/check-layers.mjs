#!/usr/bin/env node
/**
 * Reads the imports of src and drivers and fails on an arrow that points back, on a circle, and on a folder without a rule.
 * Imports of types count: they tie folders together just as well. Test files may import anything.
 * `node config/check-layers.mjs [root]`
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findCircles } from "./layers/circles.mjs";
import { readImports } from "./layers/read-imports.mjs";
import { mayImport, mayUse, partOf, ruleOf } from "./layers/rules.mjs";

const root = resolve(process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url))));
const files = ["src", "drivers"].flatMap((folder) => sourcesUnder(folder)).sort();
const graph = new Map(files.map((file) => [file, []]));
const declared = declaredLibraries();
const faults = [];
let imports = 0;

for (const part of new Set(files.map(partOf))) {
  if (ruleOf(part) === null) faults.push(`${part}: there is no rule for it in config/layers/rules.mjs.`);
}
for (const file of files) {
  const { specifiers, unreadable } = readImports(readFileSync(join(root, file), "utf8"));
  imports += specifiers.length;
  if (unreadable > 0) faults.push(`${file}: imports what is not a plain string, so nobody can check it.`);
  for (const specifier of specifiers) check(file, specifier);
}
for (const circle of findCircles(graph)) faults.push(`Circle: ${circle.join(" -> ")}`);

process.stdout.write(`Layers: ${files.length} files, ${imports} imports, ${faults.length} faults.\n`);
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

function check(file, specifier) {
  const part = partOf(file);
  if (specifier.startsWith(".")) {
    const target = sourceOf(posix.join(posix.dirname(file), specifier));
    if (graph.has(target)) graph.get(file).push(target);
    const reported = ruleOf(part) === null || (graph.has(target) && ruleOf(partOf(target)) === null);
    if (!reported && !mayImport(part, partOf(target))) faults.push(`${file}: ${part} must not import ${target}.`);
    return;
  }
  const library = builtinModules.includes(specifier) ? `node:${specifier}` : specifier;
  const name = library.startsWith("node:") ? library : packageOf(library);
  if (ruleOf(part) !== null && !mayUse(part, name)) faults.push(`${file}: ${part} must not use the library ${name}.`);
  if (!name.startsWith("node:") && !declared.has(name))
    faults.push(`${file}: package.json does not depend on ${name}.`);
}

/** The source behind an import's path: `x.js` names `x.ts`. Files that are no TypeScript stay as they are. */
function sourceOf(path) {
  const source = path.replace(/\.js$/, ".ts");
  return existsSync(join(root, source)) ? source : path;
}

function packageOf(specifier) {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

function declaredLibraries() {
  const file = join(root, "package.json");
  const own = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return new Set(
    [own.dependencies, own.optionalDependencies, own.peerDependencies].flatMap((list) => Object.keys(list ?? {})),
  );
}

/** Paths from the root of all sources under a folder but the tests. */
function sourcesUnder(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?ts$/.test(entry.name) && !entry.name.endsWith(".test.ts"))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).replaceAll("\\", "/"));
}
