import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { jsonLines, tempFolder } from "./run.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MAIN = join(ROOT, "dist/src/cli/main.js");

/** The built command as processes of their own, on one data folder. */
function processes(more: Readonly<Record<string, string>> = {}) {
  const data = join(tempFolder(), "data");
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, GLUCOHUB_DATA: data, GLUCOHUB_ZONE: "Europe/London", GLUCOHUB_HTTP_PORT: "0", ...more };
  const begin = (...argv: string[]) => {
    const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: "pipe" });
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "close");
      }
    });
    return { child, ...listening(child) };
  };
  return {
    data,
    begin,
    async run(...argv: string[]) {
      const { said, ended } = begin(...argv);
      return { code: await ended, ...said };
    },
  };
}

function listening(child: ChildProcessWithoutNullStreams) {
  const said = { out: "", err: "" };
  const looks = new Set<() => void>();
  const hear = (name: "out" | "err") => (chunk: Buffer) => {
    said[name] += chunk.toString();
    for (const look of looks) look();
  };
  child.stdout.on("data", hear("out"));
  child.stderr.on("data", hear("err"));
  const ended = once(child, "close").then(([code, signal]) => (code as number | null) ?? (signal as string));
  const says = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(said.out);
        if (match !== null) resolve(match);
      };
      looks.add(look);
      look();
      ended.then((code) => reject(new Error(`ended with ${code} before it said ${pattern}: ${said.err}`)));
    });
  return { said, ended, says };
}

describe.skipIf(!existsSync(MAIN))("the command as a process", () => {
  test("starts the hub, is told of by status and meters, refuses a second one, and ends in order", async () => {
    const hub = processes();
    const first = hub.begin("start");
    const [, url] = await first.says(/^The live page: (http:\S+?)\/$/m);
    expect(statSync(hub.data).mode & 0o077).toBe(0);
    expect(statSync(join(hub.data, "glucohub.db")).mode & 0o077).toBe(0);

    const status = await hub.run("status", "--json");
    expect(status.code).toBe(0);
    expect(jsonLines(status.out)).toMatchObject([{ hub: { running: true, url, pid: first.child.pid }, state: "idle" }]);
    expect(await hub.run("meters", "--json")).toMatchObject({ code: 0, out: "" });

    const second = await hub.run("start");
    expect(second).toMatchObject({ code: 1, err: expect.stringContaining("Another hub is running") });
    expect(await hub.run("restore-backup", "/dev/null")).toMatchObject({ code: 1 });

    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    const after = jsonLines((await hub.run("status", "--json")).out);
    expect(after).toMatchObject([{ hub: { running: false, url: null }, state: "stopped" }]);
  }, 60_000);

  test("syncs through the running hub, and reads a virtual meter that the hub finds", async () => {
    const cloud = processes().begin("cloud", "--port", "0", "--json", "--token", "t0ken");
    const [line = ""] = await cloud.says(/^.+\n/);
    const { url } = JSON.parse(line) as { url: string };
    const env = { GLUCOHUB_CLOUD_KIND: "native", GLUCOHUB_CLOUD_URL: url, GLUCOHUB_CLOUD_TOKEN: "t0ken" };
    const hub = processes({ ...env, GLUCOHUB_SYNC_EVERY_MS: "86400000" });
    const running = hub.begin("start");
    await running.says(/The live page/);
    const meter = hub.begin("simulate", "onetouch-ultra2", "--count", "4");
    await meter.says(/\/dev\/pts\/\d+\n/);
    await hub.run("add", "glucose", "5.6", "mmol/L");
    for (;;) {
      const [found] = jsonLines((await hub.run("meters", "--json")).out);
      if (found?.["state"] === "done") break;
    }
    const synced = await hub.run("sync", "--json");
    expect(synced.code).toBe(0);
    expect(jsonLines(synced.out)).toMatchObject([{ state: "idle", pending: 0 }]);
    const answer = await fetch(`${url}/v1/changes?limit=100`, {
      headers: { Authorization: "Bearer t0ken" },
    });
    const body = (await answer.json()) as { changes: unknown[] };
    expect(body.changes.length).toBe(5);
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(0);
    meter.child.kill("SIGINT");
    expect(await meter.ended).toBe(0);
  }, 60_000);

  test("ends quietly when its reader goes away in the middle", async () => {
    const hub = processes();
    const rows = Array.from({ length: 3_000 }, (_, index) => {
      const at = new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString().replace("T", " ").slice(0, 19);
      return `<Record type="HKQuantityTypeIdentifierStepCount" sourceName="W" unit="count" startDate="${at} +0000" endDate="${at} +0000" value="${index}"/>`;
    });
    const file = join(hub.data, "..", "export.xml");
    writeFileSync(file, `<?xml version="1.0"?>\n<HealthData locale="en">\n${rows.join("\n")}\n</HealthData>\n`);
    expect((await hub.run("import", file)).code).toBe(0);
    const env = { ...process.env, GLUCOHUB_DATA: hub.data };
    const script = `set -o pipefail; "${process.execPath}" "${MAIN}" records --json | head -n 2 | wc -l`;
    expect(execFileSync("bash", ["-c", script], { env, encoding: "utf8" }).trim()).toBe("2");
  }, 60_000);
});
