import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { privateFolder } from "./private-folder.js";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glucohub-private-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const owner = { pid: process.pid, startedMs: performance.timeOrigin };
/** Number of a process that has ended. */
const ended = (): number => spawnSync("true").pid;

function left(name: string): string {
  const path = join(root, name);
  mkdirSync(path);
  writeFileSync(join(path, "copy.db"), "health");
  return path;
}

describe("a private folder", () => {
  test("is made anew each time, for this user only, in the first place that can be written to", async () => {
    const first = await privateFolder([join(root, "missing"), root], owner);
    const second = await privateFolder([root], owner);
    expect(first).not.toBe(second);
    expect([dirname(first), dirname(second)]).toEqual([root, root]);
    expect((statSync(first).mode & 0o777).toString(8)).toBe("700");
    expect(readdirSync(root)).toHaveLength(2);
  });

  test("is refused with the reason where there is no place", async () => {
    await expect(privateFolder([join(root, "missing")], owner)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(privateFolder([], owner)).rejects.toThrow("no folder");
  });

  test("takes away what killed processes left, and nothing else", async () => {
    const gone = left(`glucohub-import-${ended()}-aBc123`);
    const running = left(`glucohub-import-${process.ppid}-aBc123`);
    const mine = left(`glucohub-import-${process.pid}-aBc123`);
    const earlier = left(`glucohub-import-${process.pid}-dEf456`);
    const before = owner.startedMs / 1_000 - 60;
    utimesSync(earlier, before, before);
    const others = [left("glucohub-import-"), left(`other-${ended()}-aBc123`), left(`glucohub-import-${ended()}-a.b`)];
    const target = left("target");
    symlinkSync(target, join(root, `glucohub-import-${ended()}-link12`));
    await privateFolder([root], owner);
    expect([gone, earlier].map((path) => existsSync(path))).toEqual([false, false]);
    expect([running, mine, target, ...others].map((path) => existsSync(join(path, "copy.db")))).toEqual(
      Array.from({ length: 6 }, () => true),
    );
  });
});
