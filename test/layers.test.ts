import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { parseAst } from "vitest/node";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Runs the check over a tree of files, by path; a package.json that depends on `zod` is added. */
function check(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), "layers-"));
  folders.push(root);
  const all = { "package.json": '{"dependencies": {"zod": "4"}, "devDependencies": {"vitest": "4"}}', ...files };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return run(root);
}

function run(root: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "config/check-layers.mjs"), root], {
    encoding: "utf8",
  });
  return { status, said: stdout.trim(), faults: stderr.split("\n").filter((line) => line !== "") };
}

const A = "export const a = 1;\n";

describe("the check of the layers", () => {
  test("finds nothing wrong with this repository, and read it", () => {
    const { status, said, faults } = run(ROOT);
    expect(faults).toEqual([]);
    expect(status).toBe(0);
    const counts = /^Layers: (\d+) files, (\d+) imports, 0 faults\.$/.exec(said);
    expect(Number(counts?.[1])).toBeGreaterThan(10);
    expect(Number(counts?.[2])).toBeGreaterThan(10);
  });

  test("lets through a small tree that keeps to the rules, and counts what it read", () => {
    const { status, said } = check({
      "src/domain/a.ts": 'import { createHash } from "node:crypto";\nexport const hash = createHash;\n',
      "src/kit/b.ts": 'export { hash } from "../domain/a.js";\n',
      "src/settings/c.ts": 'import { z } from "zod";\nexport const schema = z;\n',
      "drivers/one/d.ts": 'import type { hash } from "../../src/kit/b.js";\nexport type D = typeof hash;\n',
      "drivers/index.ts": 'export type { D } from "./one/d.js";\n',
      "src/hub.ts": 'import "./kit/b.js";\nimport "../drivers/index.js";\n',
      "src/cli/main.ts": 'import "../hub.js";\nawait import("../settings/c.js");\n',
    });
    expect(said).toBe("Layers: 7 files, 9 imports, 0 faults.");
    expect(status).toBe(0);
  });

  test.each([
    ["domain imports store", "src/domain/b.ts", "src/store/a.ts", "../store/a.js"],
    ["kit imports store", "src/kit/b.ts", "src/store/a.ts", "../store/a.js"],
    ["a driver imports the store", "drivers/one/b.ts", "src/store/a.ts", "../../src/store/a.js"],
    ["a driver imports another", "drivers/one/b.ts", "drivers/two/a.ts", "../two/a.js"],
    ["a driver imports the catalogue", "drivers/one/b.ts", "drivers/index.ts", "../index.js"],
    ["transports import a driver", "src/transports/b.ts", "drivers/one/a.ts", "../../drivers/one/a.js"],
    ["ingest imports one driver", "src/ingest/b.ts", "drivers/one/a.ts", "../../drivers/one/a.js"],
    ["ingest imports sync", "src/ingest/b.ts", "src/sync/a.ts", "../sync/a.js"],
    ["sync imports ingest", "src/sync/b.ts", "src/ingest/a.ts", "../ingest/a.js"],
    ["the cloud imports the store", "src/cloud/b.ts", "src/store/a.ts", "../store/a.js"],
    ["the api imports ingest", "src/api/b.ts", "src/ingest/a.ts", "../ingest/a.js"],
    ["the hub imports the cli", "src/hub.ts", "src/cli/a.ts", "./cli/a.js"],
    ["a piece of the hub imports the cli", "src/hub/b.ts", "src/cli/a.ts", "../cli/a.js"],
    ["a piece of the hub imports the hub", "src/hub/b.ts", "src/hub.ts", "../hub.js"],
    ["the store imports the hub", "src/store/b.ts", "src/hub.ts", "../hub.js"],
    ["the store imports a test helper", "src/store/b.ts", "test/help.ts", "../../test/help.js"],
  ])("refuses an arrow that points back: %s", (_, from, to, specifier) => {
    const { status, faults } = check({ [from]: `import { a } from "${specifier}";\nexport const b = a;\n`, [to]: A });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`${from}: `);
    expect(faults[0]).toContain(`must not import ${to}.`);
    expect(status).toBe(1);
  });

  test.each([
    ["a type", 'import type { A } from "../store/a.js";'],
    ["a type written in place", 'export type A = import("../store/a.js").A;'],
    ["a re-export", 'export * from "../store/a.js";'],
    ["a dynamic import", 'await import("../store/a.js");'],
    ["an import for its effect", 'import "../store/a.js";'],
    ["an import over several lines behind a remark", 'import {\n  // from "./b.js"\n  a,\n} from "../store/a.js";'],
    ["a worker thread", 'new Worker(new URL("../store/a.js", import.meta.url));'],
  ])("sees the arrow in %s", (_, statement) => {
    const { faults } = check({ "src/domain/b.ts": `${statement}\n`, "src/store/a.ts": A });
    expect(faults).toEqual(["src/domain/b.ts: src/domain must not import src/store/a.ts."]);
  });

  test("takes no remark, string, template or regular expression for an import", () => {
    const text = [
      '// import "../store/a.js"',
      '/* export * from "../store/a.js"; */',
      "const one = 'import \"../store/a.js\"';",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is a program that holds a template
      'const two = `import "../store/a.js" ${`export * from "../store/a.js"` + "}"} import("../store/a.js")`;',
      'const three = /import "..\\/store\\/a.js"/;',
      "export const four = [one, two, three];",
    ].join("\n");
    const { faults, said } = check({ "src/domain/b.ts": text, "src/store/a.ts": A });
    expect(faults).toEqual([]);
    expect(said).toContain(" 0 imports,");
  });

  test("refuses a circle within one folder and shows its way, even one of types only", () => {
    const { status, faults } = check({
      "src/domain/a.ts": 'import type { B } from "./b.js";\nexport type A = B;\n',
      "src/domain/b.ts": 'import type { C } from "./c.js";\nexport type B = C;\n',
      "src/domain/c.ts": 'export type { A as C } from "./a.js";\n',
    });
    expect(faults).toEqual(["Circle: src/domain/a.ts -> src/domain/b.ts -> src/domain/c.ts -> src/domain/a.ts"]);
    expect(status).toBe(1);
  });

  test.each(["src/newcomer/a.ts", "src/stray.ts", "drivers/stray.ts"])(
    "refuses %s, for which there is no rule",
    (file) => {
      const { status, faults } = check({ [file]: A });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toContain("there is no rule for it");
      expect(status).toBe(1);
    },
  );

  test.each([
    ["src/domain/a.ts", "zod", "src/domain must not use the library zod."],
    ["src/domain/a.ts", "node:fs", "src/domain must not use the library node:fs."],
    ["drivers/one/a.ts", "node:https", "drivers/one must not use the library node:https."],
    ["drivers/one/a.ts", "fs/promises", "drivers/one must not use the library node:fs/promises."],
    ["src/store/a.ts", "vitest", "package.json does not depend on vitest."],
    ["src/store/a.ts", "@scope/nowhere/deep", "package.json does not depend on @scope/nowhere."],
  ])("refuses %s the library %s", (file, library, fault) => {
    const { faults } = check({ [file]: `import "${library}";\n` });
    expect(faults).toEqual([`${file}: ${fault}`]);
  });

  test("refuses an import that can't be read, and lets test files import anything", () => {
    const { faults } = check({
      "src/store/a.ts": "export const load = (name: string) => import(name);\n",
      "src/domain/a.test.ts": 'import "../store/a.js";\nimport "vitest";\n',
    });
    expect(faults).toEqual(["src/store/a.ts: imports what is not a plain string, so nobody can check it."]);
  });
});

describe("the reader of imports", () => {
  test("agrees with a real parser on every source and test of this repository", () => {
    const files = ["src", "drivers", "test"].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
        .map((name) => join(ROOT, folder, name)),
    );
    const texts = files.map((file) => readFileSync(file, "utf8"));
    const read = readAll(texts);
    expect(files.length).toBeGreaterThan(20);
    for (const [index, text] of texts.entries()) {
      expect({ file: files[index], imports: read[index] }).toEqual({ file: files[index], imports: parsed(text) });
    }
  });
});

/** What config/layers/read-imports.mjs says of each text: sorted. */
function readAll(texts: readonly string[]): string[][] {
  const program = [
    `import { readImports } from ${JSON.stringify(pathToFileURL(join(ROOT, "config/layers/read-imports.mjs")).href)};`,
    'import { readFileSync } from "node:fs";',
    'const texts = JSON.parse(readFileSync(0, "utf8"));',
    "console.log(JSON.stringify(texts.map((text) => readImports(text).specifiers.sort())));",
  ].join("\n");
  const options = { input: JSON.stringify(texts), encoding: "utf8", maxBuffer: 1e8 } as const;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", program], options));
}

/** The same from the syntax tree of a parser that is not ours. */
function parsed(text: string): string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) visit(each);
    if (!isNode(node)) return;
    const source = node["source"];
    if (isNode(source) && typeof source["value"] === "string") found.push(source["value"]);
    if (node["type"] === "NewExpression") found.push(...programOf(node));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(text, { lang: "ts" }));
  return found.sort();
}

/** The program named by `new URL("…", import.meta.url)`, if that is what the expression is. */
function programOf(node: Record<string, unknown>): string[] {
  const [first, second] = Array.isArray(node["arguments"]) ? node["arguments"] : [];
  if (!isNode(node["callee"]) || node["callee"]["name"] !== "URL" || !isNode(first) || !isNode(second)) return [];
  const value = first["value"];
  return typeof value === "string" && /\.[cm]?[jt]s$/.test(value) ? [value] : [];
}

function isNode(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
