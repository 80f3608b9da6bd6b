import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BASE = mkdtempSync(join(tmpdir(), "prepare-"));
afterAll(() => rmSync(BASE, { recursive: true, force: true }));

/** A small checkout with the real scripts and packages, whose program prints its arguments. */
let checkout = "";
let made = 0;

beforeEach(() => {
  made += 1;
  checkout = join(BASE, `checkout-${made}`);
  cpSync(join(ROOT, "config"), join(checkout, "config"), { recursive: true });
  for (const file of ["package.json", "tsconfig.json"]) cpSync(join(ROOT, file), join(checkout, file));
  put("src/cli/main.ts", 'import { word } from "../domain/word.js";\nconsole.log(word, ...process.argv.slice(2));\n');
  put("src/domain/word.ts", 'export const word = "hello";\n');
  put("src/web/page.html", "<p>page</p>\n");
  put("src/domain/word.test.ts", PASSING);
  installByHand({});
});

const PASSING = 'import { expect, test } from "vitest";\ntest("passes", () => expect(1).toBe(1));\n';

function put(path: string, text: string): void {
  mkdirSync(dirname(join(checkout, path)), { recursive: true });
  writeFileSync(join(checkout, path), text);
}

/** Packages as npm leaves them: linked to the real ones, with npm's own list of what it installed. */
function installByHand(packages: Readonly<Record<string, object>>): void {
  const modules = join(checkout, "node_modules");
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  const wanted = ["typescript", "@typescript", "@types", "undici-types", "vitest", "@vitest", "vite"];
  for (const name of wanted) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  put("package-lock.json", JSON.stringify({ name: "glucohub", lockfileVersion: 3, packages: { "": {}, ...packages } }));
  put("node_modules/.package-lock.json", JSON.stringify({ packages }));
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function go(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [join(checkout, script), ...args], {
    cwd: checkout,
    // A Redis elsewhere: these tests must not install one on the machine that runs them.
    env: { ...process.env, GLUCOHUB_REDIS_URL: "redis://127.0.0.1:1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

const prepare = (...args: string[]) => go("config/prepare.mjs", args);
const built = (path: string) => join(checkout, "dist", path);

describe("the preparation", () => {
  test("builds a checkout, copies what the browser is given and hands over to the program", async () => {
    const { code, out, err } = await prepare("start", "--demo", "--x=1");
    expect(err).toBe("");
    expect(out).toBe("hello start --demo --x=1\n");
    expect(code).toBe(0);
    expect(readFileSync(built("src/web/page.html"), "utf8")).toBe("<p>page</p>\n");
    expect(existsSync(built("src/domain/word.test.js"))).toBe(false);
  });

  test("changes nothing the second time", async () => {
    await prepare("start");
    const before = readFileSync(built(".glucohub-built"), "utf8");
    rmSync(built("src/web/page.html")); // would come back with a build
    expect((await prepare("start")).out).toBe("hello start\n");
    expect(readFileSync(built(".glucohub-built"), "utf8")).toBe(before);
    expect(existsSync(built("src/web/page.html"))).toBe(false);
  });

  test("builds again after a change, and leaves nothing of a deleted source", async () => {
    put("src/domain/gone.ts", "export const gone = 1;\n");
    await prepare("build");
    expect(existsSync(built("src/domain/gone.js"))).toBe(true);
    put("src/domain/word.ts", 'export const word = "good day";\n');
    expect((await prepare("start")).out).toBe("good day start\n");
    rmSync(join(checkout, "src/domain/gone.ts"));
    expect((await prepare("start")).out).toBe("good day start\n");
    expect(existsSync(built("src/domain/gone.js"))).toBe(false);
  });

  test("says what the compiler said, fails, and builds once the source is corrected", async () => {
    put("src/domain/word.ts", 'export const word: number = "hello";\n');
    for (let n = 0; n < 2; n += 1) {
      const { code, out, err } = await prepare("start");
      expect(code).toBe(1);
      expect(out).toBe("");
      expect(err).toContain("src/domain/word.ts(1,14): error TS2322");
      expect(err.trim().split("\n").at(-1)).toBe("Building failed; what the compiler said stands above.");
    }
    put("src/domain/word.ts", 'export const word = "hello";\n');
    expect((await prepare("start")).out).toBe("hello start\n");
  });

  test("does not need NODE_ENV to be anything", async () => {
    const { code, out } = await go("config/prepare.mjs", ["start"], { NODE_ENV: "production" });
    expect(out).toBe("hello start\n");
    expect(code).toBe(0);
  });

  test("lets several start at once: one builds, the others wait for it", async () => {
    rmSync(join(checkout, "node_modules/typescript"));
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const counted = `import { appendFileSync } from "node:fs";\nappendFileSync("builds", "x");\nawait import(${JSON.stringify(tsc)});\n`;
    put("node_modules/typescript/bin/tsc", counted);
    put("node_modules/typescript/package.json", '{"type": "module"}');
    const all = await Promise.all([1, 2, 3, 4].map((n) => prepare("start", `${n}`)));
    expect(all.map(({ out }) => out)).toEqual([1, 2, 3, 4].map((n) => `hello start ${n}\n`));
    expect(readFileSync(join(checkout, "builds"), "utf8")).toBe("x");
    expect(readdirSync(join(checkout, ".glucohub"))).toEqual([]);
  });

  test("takes over the lock of a process that has died, and of one that was never seen again", async () => {
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "close");
    const host = execFileSync("uname", ["-n"], { encoding: "utf8" }).trim();
    put(".glucohub/prepare.lock/holder.json", JSON.stringify({ pid: gone.pid, host }));
    expect((await prepare("start")).out).toBe("hello start\n");

    put("src/domain/word.ts", 'export const word = "hello again";\n');
    put(".glucohub/prepare.lock/holder.json", JSON.stringify({ pid: 1, host: "elsewhere" }));
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(join(checkout, ".glucohub/prepare.lock"), longAgo, longAgo);
    expect((await prepare("start")).out).toBe("hello again start\n");
    expect(readdirSync(join(checkout, ".glucohub"))).toEqual([]);
  });

  test("ends its lock and its compiler when it is told to stop", async () => {
    rmSync(join(checkout, "node_modules/typescript"));
    put("node_modules/typescript/bin/tsc", "setInterval(() => {}, 1000);\n");
    const child = spawn(process.execPath, [join(checkout, "config/prepare.mjs"), "build"], { stdio: "pipe" });
    await once(child.stderr, "data"); // "Building Glucohub."
    child.kill("SIGTERM");
    const [code] = await once(child, "close"); // closes only when the compiler has let go of the pipe
    expect(code).toBe(143);
    expect(readdirSync(join(checkout, ".glucohub"))).toEqual([]);
  });

  test("refuses a word that it does not know", async () => {
    for (const word of ["stop", "toString"]) {
      const { code, err } = await prepare(word);
      expect(code).toBe(2);
      expect(err).toBe(
        "Usage: node config/prepare.mjs start|test|bench|soak|simulate|devices|build|packages [arguments]\n",
      );
    }
  });
});

describe("the packages", () => {
  /** An npm that writes down how it was called and installs nothing. */
  function fakeNpm(exit: number): NodeJS.ProcessEnv {
    const program = [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is a program that holds a template
      'require("node:fs").appendFileSync("called", `${process.argv.slice(2).join(" ")} ${process.env.NODE_ENV}\\n`);',
      `console.log("npm says something"); process.exitCode = ${exit};`,
    ];
    put("fake/npm-cli.js", program.join("\n"));
    put("fake/package.json", '{"type": "commonjs"}');
    return { npm_execpath: join(checkout, "fake/npm-cli.js"), NODE_ENV: "production" };
  }
  const called = () => (existsSync(join(checkout, "called")) ? readFileSync(join(checkout, "called"), "utf8") : "");

  test("are not installed again where npm's own list agrees with the lock, but for foreign systems", async () => {
    installByHand({ "node_modules/vite": { version: "1", integrity: "x" } });
    const lock = JSON.parse(readFileSync(join(checkout, "package-lock.json"), "utf8"));
    lock.packages["node_modules/foreign"] = { version: "1", integrity: "y", optional: true };
    put("package-lock.json", JSON.stringify(lock));
    const { code } = await go("config/prepare.mjs", ["build"], fakeNpm(1));
    expect(code).toBe(0);
    expect(called()).toBe("");
  });

  test.each([
    ["a package is missing", { "node_modules/other": { version: "1", integrity: "x" } }],
    ["a version differs", { "node_modules/vite": { version: "2", integrity: "x" } }],
    ["the content differs", { "node_modules/vite": { version: "1", integrity: "y" } }],
  ])("are installed, with those that build and test, when %s", async (_, locked) => {
    installByHand({ "node_modules/vite": { version: "1", integrity: "x" } });
    put("package-lock.json", JSON.stringify({ packages: { "": {}, ...locked } }));
    const env = fakeNpm(0);
    const { code, err } = await go("config/prepare.mjs", ["build"], env);
    expect(err).toContain("Installing packages.");
    expect(code).toBe(0);
    const call = "install --no-save --include=dev --include=optional --no-audit --no-fund undefined\n";
    expect(called()).toBe(call);
    await go("config/prepare.mjs", ["build"], env);
    expect(called()).toBe(call);
  });

  test("that can't be installed stop the start with npm's words, and are tried again next time", async () => {
    put("package-lock.json", '{"packages": {"node_modules/other": {"version": "1"}}}');
    const env = { ...fakeNpm(1), PATH: withTools(["g++", "make", "python3"]) };
    for (let n = 1; n <= 2; n += 1) {
      const { code, out, err } = await go("config/prepare.mjs", ["start"], env);
      expect(code).toBe(1);
      expect(out).toBe("");
      expect(err).toContain("npm says something\n");
      expect(err.trim().split("\n").at(-1)).toContain("Installing packages failed");
      expect(called().trim().split("\n")).toHaveLength(n);
    }
  });

  /** A folder of programs that do nothing. */
  function withTools(names: readonly string[]): string {
    for (const name of names) {
      put(`tools/${name}`, "#!/bin/sh\n");
      chmodSync(join(checkout, "tools", name), 0o755);
    }
    return join(checkout, "tools");
  }
});

describe("Redis", () => {
  /** Runs lines of a program that has the functions of config/preparation/redis.mjs and system.mjs. */
  async function script(...lines: string[]): Promise<Ended> {
    const from = (name: string) => JSON.stringify(pathToFileURL(join(checkout, "config/preparation", name)).href);
    const program = [`import * as redis from ${from("redis.mjs")};`, `import * as system from ${from("system.mjs")};`];
    put("script.mjs", [...program, ...lines].join("\n"));
    return await go("script.mjs", []);
  }

  test("is there when a server of either name is found, or one is configured", async () => {
    put("one/redis-server", "");
    put("two/valkey-server", "");
    put("none/other", "");
    const folder = (name: string) => JSON.stringify([join(checkout, name)]);
    const { out } = await script(
      ...["one", "two", "none"].map((name) => `console.log(redis.redisIsThere({}, ${folder(name)}));`),
      `console.log(redis.redisIsThere({ GLUCOHUB_REDIS_URL: "redis://x" }, ${folder("none")}));`,
    );
    expect(out).toBe("true\ntrue\nfalse\ntrue\n");
  });

  test("is asked for once an hour where it can't be installed, and its absence stops nothing", async () => {
    const { code, out, err } = await script(
      "const install = async (what, packages) => { console.log(what, packages.apt.join()); return false; };",
      `for (let n = 0; n < 3; n += 1) await redis.installRedis(${JSON.stringify(checkout)}, install);`,
    );
    expect(code).toBe(0);
    expect(out).toBe("a Redis server redis-server\n");
    expect(err.match(/No Redis server is here/g)).toHaveLength(3);
  });

  test("is installed by the system's packages, after its list was brought up to date, without questions", async () => {
    const record = join(checkout, "calls");
    const apt = `#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> ${record}\n`;
    put("bin/apt-get", apt);
    put("bin/sudo", '#!/bin/sh\nshift\nexec "$@"\n');
    for (const name of ["apt-get", "sudo"]) chmodSync(join(checkout, "bin", name), 0o755);
    const { out } = await script(
      `process.env.PATH = ${JSON.stringify(join(checkout, "bin"))} + ":" + process.env.PATH;`,
      'console.log(await system.installSystemPackages("a Redis server", { apt: ["redis-server"] }));',
    );
    expect(out).toBe("true\n");
    expect(readFileSync(record, "utf8").trim().split("\n")).toEqual([
      "noninteractive -o Acquire::Retries=1 -o Acquire::http::Timeout=20 update",
      "noninteractive -o DPkg::Lock::Timeout=60 install -y --no-install-recommends redis-server",
    ]);
  });
});

describe("the command", () => {
  test("prepares a checkout that never was, and then passes on its words", async () => {
    const { code, out, err } = await go("config/glucohub.mjs", ["status", "--json"]);
    expect(err).toBe("");
    expect(out).toBe("hello status --json\n");
    expect(code).toBe(0);
  });

  test("runs what was built and says so when the sources have changed since", async () => {
    await prepare("build");
    put("src/domain/word.ts", 'export const word = "good day";\n');
    const { out, err } = await go("config/glucohub.mjs", ["status"]);
    expect(out).toBe("hello status\n");
    expect(err).toContain("sources have changed since it was built");
  });

  test("needs no sources, once built", async () => {
    await prepare("build");
    rmSync(join(checkout, "src"), { recursive: true });
    const { out, err } = await go("config/glucohub.mjs", ["status"]);
    expect(out).toBe("hello status\n");
    expect(err).toBe("");
  });
});

describe("the test run", () => {
  test("ends with the counts and succeeds when nothing failed", async () => {
    const { code, out } = await prepare("test");
    expect(out.trimEnd().split("\n").at(-1)).toBe("1 passed, 0 failed, 0 skipped");
    expect(code).toBe(0);
  });

  test("counts a failed test, one without assertions, a failed hook, a broken file and a loose error", async () => {
    const text = [
      'import { beforeAll, describe, expect, test } from "vitest";',
      'test("passes", () => expect(1).toBe(1));',
      'test("fails", () => expect(1).toBe(2));',
      'test("asserts nothing", () => {});',
      'test.skip("skipped", () => expect(1).toBe(1));',
      'test.todo("to be written");',
      'test("loose", () => { Promise.reject(new Error("loose")); expect(1).toBe(1); });',
      'describe("hook", () => { beforeAll(() => { throw new Error("no"); }); test("in it", () => expect(1).toBe(1)); });',
    ];
    put("test/mixed.test.ts", text.join("\n"));
    put("drivers/one/broken.test.ts", 'import "./nowhere.js";\n');
    const { code, out } = await prepare("test");
    expect(out.trimEnd().split("\n").at(-1)).toBe("3 passed, 5 failed, 3 skipped");
    expect(code).toBe(1);
  });
});
