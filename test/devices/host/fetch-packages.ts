import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { KitMissing } from "./kit-missing.js";
import { run } from "./run.js";

/** Longest that fetching or unpacking may take, milliseconds. */
const LIMIT_MS = 600_000;

/**
 * Fetches these Debian packages, and those that they need and this machine does not have, and unpacks them below the root.
 * Installs nothing and needs no rights. Throws KitMissing with a sentence where that does not work.
 */
export async function fetchPackages(
  names: readonly string[],
  root: string,
  say: (line: string) => void,
): Promise<void> {
  const scratch = mkdtempSync(join(dirname(root), "fetch-"));
  try {
    const list = await packageList(names, scratch, say);
    say(`Fetching ${list.packages.length} packages, about 90 MB: ${names.join(", ")} and what they need.`);
    const debs = join(scratch, "debs");
    mkdirSync(debs, { recursive: true });
    await apt(["download", ...list.packages], list.options, debs);
    say("Unpacking them.");
    mkdirSync(root, { recursive: true });
    for (const deb of readdirSync(debs)) {
      const { code, stderr } = await run("dpkg", ["-x", join(debs, deb), root], { limitMs: LIMIT_MS });
      if (code !== 0) throw new KitMissing(`Unpacking ${deb} failed: ${stderr.trim()}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface PackageList {
  readonly packages: readonly string[];
  readonly options: readonly string[];
}

/** Names of all packages, by the system's lists; by lists of our own where the system's are missing or too old. */
async function packageList(
  names: readonly string[],
  scratch: string,
  say: (line: string) => void,
): Promise<PackageList> {
  const systems = await tryList(names, []);
  if (typeof systems !== "string" && (await canFetch(systems))) return systems;
  say("Asking Debian what there is.");
  const lists = join(scratch, "lists");
  const cache = join(scratch, "cache");
  for (const folder of [lists, cache]) mkdirSync(join(folder, "partial"), { recursive: true });
  const options = ["-o", `Dir::State::Lists=${lists}`, "-o", `Dir::Cache=${cache}`];
  await apt(["update"], options, scratch);
  const own = await tryList(names, options);
  if (typeof own === "string") throw new KitMissing(`The packages ${names.join(", ")} can't be had: ${own}`);
  return own;
}

/** True if the server still has the versions that the list names. */
async function canFetch({ packages, options }: PackageList): Promise<boolean> {
  const { code } = await run("apt-get", ["-qq", ...options, "download", "--print-uris", ...packages], {
    limitMs: LIMIT_MS,
  });
  return code === 0;
}

async function tryList(names: readonly string[], options: readonly string[]): Promise<PackageList | string> {
  // A kernel wants much that only installing needs: of it, the one package is taken that its newest name stands for.
  const plain = names.filter((name) => !name.startsWith("linux-image"));
  const kernels: string[] = [];
  for (const name of names.filter((one) => !plain.includes(one))) {
    const { stdout, stderr } = await run("apt-cache", [...options, "depends", name], { limitMs: LIMIT_MS });
    const kernel = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
    if (kernel === undefined) return stderr.trim() || `nothing stands behind ${name}`;
    kernels.push(kernel);
  }
  const args = ["-s", "-qq", "--no-install-recommends", ...options, "install", ...plain];
  const { code, stdout, stderr } = await run("apt-get", args, { limitMs: LIMIT_MS });
  if (code !== 0) return stderr.trim().split("\n")[0] ?? "apt-get failed";
  return { packages: [...needed(stdout), ...kernels], options };
}

/** The packages that `apt-get -s install` says it would install: a line `Inst NAME (…` each. */
export function needed(said: string): readonly string[] {
  return said.split("\n").flatMap((line) => /^Inst (\S+) /.exec(line)?.[1] ?? []);
}

async function apt(args: readonly string[], options: readonly string[], cwd: string): Promise<void> {
  // The user that apt takes for fetching can't write to a folder of ours.
  const all = ["-qq", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2", ...options, ...args];
  const { code, stderr } = await run("apt-get", all, { cwd, limitMs: LIMIT_MS });
  if (code === 127) throw new KitMissing("The lab fetches Debian packages with apt-get, which is not here.");
  if (code !== 0) throw new KitMissing(`apt-get ${args[0]} failed: ${stderr.trim().split("\n").at(-1)}`);
}
