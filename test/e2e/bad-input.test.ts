import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sampleExport } from "../../drivers/healthkit/simulator.js";
import { onetouchUltra2 } from "../../drivers/onetouch-ultra2/index.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { openPty, type Pty } from "../../src/transports/pty.js";
import { call, dataFolder, isBuilt, sqlite3, startHub, tryGlucohub } from "./hub-process.js";

let data: string;
let pty: Pty | null = null;
beforeEach(() => {
  data = dataFolder();
});
afterEach(async () => {
  await pty?.close();
  pty = null;
  rmSync(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

/** A virtual meter with a fault in its lines. */
async function meter(count: number, mangle: (text: string) => string = (text) => text): Promise<Pty> {
  const simulator = onetouchUltra2.simulate({ count, seed: 5, clock: systemClock, zone: "Europe/London" });
  const made = await openPty();
  let line = "";
  made.onData((bytes) =>
    simulator.receive(bytes, (answer) => {
      line += Buffer.from(answer).toString("latin1");
      const end = line.lastIndexOf("\n") + 1;
      if (end === 0) return;
      made.send(Buffer.from(mangle(line.slice(0, end)), "latin1"));
      line = line.slice(end);
    }),
  );
  return made;
}

const read = (port: string, ...more: string[]) =>
  tryGlucohub(data, [
    "read",
    "--port",
    port,
    "--driver",
    "onetouch-ultra2",
    "--zone",
    "Europe/London",
    "--store",
    "--json",
    ...more,
  ]);

describe.skipIf(!isBuilt)("bad input gets a clear sentence and loses nothing", () => {
  test("a port where nobody answers", { timeout: 40_000 }, async () => {
    pty = await openPty();
    const { status, stderr, stdout } = await read(pty.path);
    expect(stderr).toMatch(/No meter answers/);
    expect([status, stdout]).toEqual([1, ""]);
  });

  test("a port that does not exist", async () => {
    const { status, stderr } = await read("/dev/ttyUSB99");
    expect(stderr).toMatch(/ttyUSB99/);
    expect(status).toBe(1);
  });

  test("garbage on the line", { timeout: 40_000 }, async () => {
    const noisy = await openPty();
    pty = noisy;
    noisy.onData(() => noisy.send(Buffer.from(Array.from({ length: 300 }, (_, index) => (index * 37) % 256))));
    const { status, stderr, stdout } = await read(noisy.path);
    expect(stderr).toMatch(/glucohub: /);
    expect([status, stdout]).toEqual([status === 3 ? 3 : 1, ""]);
    expect(sqlite3(data, "SELECT count(*) FROM records")).toBe("0");
  });

  test("an empty meter", async () => {
    pty = await meter(0);
    const { status, stdout } = await read(pty.path);
    expect([status, stdout]).toEqual([0, ""]);
  });

  test("a meter with a lost clock: its readings are kept, their times are not trusted", {
    timeout: 30_000,
  }, async () => {
    const sum = (text: string): string => {
      let total = 0;
      for (const character of text) total += character.charCodeAt(0);
      return total.toString(16).toUpperCase().padStart(4, "0");
    };
    pty = await meter(3, (text) =>
      text.replace(/^F ("[A-Z]{3}",)"[^"]*","[^"]*" [0-9A-F]{4}/m, (_line, day: string) => {
        const lost = `F ${day}"01/01/00","00:03:00   "`;
        return `${lost} ${sum(lost)}`;
      }),
    );
    const { status, stdout } = await read(pty.path);
    const records = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { timeQuality: string });
    expect(status).toBe(0);
    expect(records.map((record) => record.timeQuality)).toEqual(["suspect", "suspect", "suspect"]);
  });

  test("a dump with a damaged line that stays damaged: the others are kept, and the exit code says so", {
    timeout: 60_000,
  }, async () => {
    let seen = 0;
    pty = await meter(4, (text) =>
      text.replace(/^P "[^\r]*/gm, (line) =>
        seen++ % 4 === 1 ? line.replace(/" 00 /, '" 01 ').replace(/..$/, "ZZ") : line,
      ),
    );
    const { status, stdout, stderr } = await read(pty.path);
    expect(stdout.trim().split("\n").length).toBe(3);
    expect(status).toBe(3);
    expect(stderr).toMatch(/damaged/i);
    expect(sqlite3(data, "SELECT count(*) FROM records")).toBe("3");
    expect(Number(sqlite3(data, "SELECT count(*) FROM quarantine"))).toBeGreaterThan(0);
  });

  const file = (name: string, text: string | Uint8Array): string => {
    writeFileSync(join(data, name), text);
    return join(data, name);
  };
  const XML = sampleExport({ seed: 3, days: 3, endMs: Date.UTC(2026, 0, 10), zone: "Europe/London" });

  test("a zip that is not one", async () => {
    const { status, stderr } = await tryGlucohub(data, [
      "import",
      file("export.zip", "PK\u0003\u0004 but nothing more"),
    ]);
    expect(stderr).toMatch(/zip/i);
    expect(status).toBe(1);
  });

  test("XML that is not well formed: what came before the damage is kept", async () => {
    const { status, stderr } = await tryGlucohub(data, [
      "import",
      file("export.xml", XML.replace(/(<Record [^>]*DietaryCarb)/, "<Record type= <$1")),
    ]);
    expect(stderr).toMatch(/line/i);
    expect(status).toBe(3);
    expect(Number(sqlite3(data, "SELECT count(*) FROM records"))).toBeGreaterThan(0);
  });

  test("an export cut off in the middle", async () => {
    const { status, stderr } = await tryGlucohub(data, ["import", file("export.xml", XML.slice(0, XML.length / 2))]);
    expect(stderr).toMatch(/ends at byte \d+, before its end tag/);
    expect(status).toBe(3);
  });

  test("an unknown unit and a value that is no number stand in quarantine; the rest comes in", async () => {
    const wrong = XML.replace('unit="mg/dL"', 'unit="stone"').replace(
      /(BloodGlucose"[^>]*unit="mg\/dL"[^>]*value=")\d+/,
      "$1many",
    );
    expect(wrong).toMatch(/value="many/);
    const { status, stdout, stderr } = await tryGlucohub(data, ["import", file("export.xml", wrong)]);
    expect(`${stdout}${stderr}`).toMatch(/2/);
    expect(status).toBe(0);
    expect(sqlite3(data, "SELECT count(*) FROM quarantine")).toBe("2");
  });

  test("a typed value that is no number, and a unit that nobody knows", async () => {
    expect(await tryGlucohub(data, ["add", "glucose", "many", "mg/dL"])).toMatchObject({ status: 2, stdout: "" });
    const { status, stderr } = await tryGlucohub(data, ["add", "glucose", "105", "mg/l"]);
    expect(stderr).toMatch(/mg\/dL or mmol\/L/);
    expect(status).toBe(2);
  });

  test("a settings file with an unknown key", async () => {
    const { status, stderr } = await tryGlucohub(data, ["config", "check"], {
      GLUCOHUB_CONFIG: file("glucohub.yaml", "http:\n  prot: 9000\n"),
    });
    expect(stderr).toMatch(/http\.prot[\s\S]*http\.port/);
    expect(status).toBe(2);
  });

  /** True where this user may mount a small disk. */
  const mayMount = process.getuid?.() === 0 && spawnSync("mount", ["--version"]).status === 0;

  test.skipIf(!mayMount)(
    "a full disk: nothing that was answered for is lost, the hub says so and goes on when there is room",
    { timeout: 60_000 },
    async ({ skip }) => {
      const small = join(data, "small");
      mkdirSync(small);
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", small]).status !== 0)
        skip("no disk can be mounted here");
      try {
        const hub = await startHub(small);
        const ballast = join(small, "ballast");
        const answered: string[] = [];
        let refused: Awaited<ReturnType<typeof call>> | null = null;
        writeFileSync(ballast, Buffer.alloc(1_000_000));
        for (let index = 0; index < 5_000 && refused === null; index += 1) {
          const answer = await call(hub.url, "POST", "/records", { kind: "note", note: "x".repeat(9_000) });
          if (answer.status === 201) answered.push(String(answer.body["id"]));
          else refused = answer;
        }
        expect(refused).toMatchObject({ status: 507, body: { code: "STORE_FULL" } });
        expect((await fetch(`${hub.url}/healthz`)).status).toBe(503);
        rmSync(ballast);
        expect((await call(hub.url, "POST", "/records", { kind: "note", note: "there is room again" })).status).toBe(
          201,
        );
        expect((await fetch(`${hub.url}/healthz`)).status).toBe(200);
        await hub.kill("SIGKILL");
        const kept = new Set(sqlite3(small, "SELECT id FROM records").split("\n"));
        expect(answered.filter((id) => !kept.has(id))).toEqual([]);
        expect(answered.length).toBeGreaterThan(5);
        expect(sqlite3(small, "PRAGMA integrity_check")).toBe("ok");
      } finally {
        execFileSync("umount", ["-l", small]);
      }
    },
  );
});
