import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How long npm may take, milliseconds. */
const INSTALL_MS = 600_000;

/**
 * Installs a folder's locked packages where they are not there yet, without running any program of theirs. Null when
 * they are there; else a sentence that says why not.
 *
 * @param npm the program, for tests
 */
export async function installPeers(folder: URL, say: (line: string) => void, npm = "npm"): Promise<string | null> {
  const stamp = new URL("node_modules/.installed", folder);
  const wanted = createHash("sha256")
    .update(readFileSync(new URL("package-lock.json", folder)))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return null;
  say("Installing the peers to compare with (once, about a minute; 150 MB).");
  const fault = await run(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder);
  if (fault !== null) return `npm could not install the peers in ${fileURLToPath(folder)}: ${fault}`;
  writeFileSync(stamp, wanted);
  return null;
}

/** Null if it ended well, else the first line that tells why not. */
function run(program: string, args: readonly string[], folder: URL): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { cwd: fileURLToPath(folder), timeout: INSTALL_MS, maxBuffer: 100_000_000 };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(null);
      else resolve(`${stderr}\n${stdout}\n${error.message}`.trim().split("\n")[0] ?? "");
    });
  });
}

/** The installed version of a package. */
export function versionOf(folder: URL, name: string): string {
  const text = readFileSync(new URL(`node_modules/${name}/package.json`, folder), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
