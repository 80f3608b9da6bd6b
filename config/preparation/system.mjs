import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, say } from "./run.mjs";

/** Folders that a user's PATH often lacks, and where servers stand. */
const MORE_FOLDERS = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/opt/homebrew/bin",
];

/** Longest wait for a package manager, milliseconds: a network that swallows packets must not hold up the hub for ever. */
const INSTALL_MS = 300_000;

/** How each family of systems installs packages; the first that is there is used. */
const MANAGERS = [
  {
    id: "apt",
    program: "apt-get",
    before: ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "update"],
    install: ["-o", "DPkg::Lock::Timeout=60", "install", "-y", "--no-install-recommends"],
  },
  { id: "dnf", program: "dnf", before: null, install: ["install", "-y"] },
  { id: "apk", program: "apk", before: ["update"], install: ["add"] },
  { id: "pacman", program: "pacman", before: null, install: ["-S", "--noconfirm", "--needed"] },
];

/**
 * The full path of the first of these programs that is found, or null.
 *
 * @param {readonly string[]} names
 * @param {readonly string[]} [folders] where to look; default PATH and the usual folders
 */
export function findProgram(names, folders = [...(process.env.PATH ?? "").split(delimiter), ...MORE_FOLDERS]) {
  for (const name of names) {
    const folder = folders.find((candidate) => candidate !== "" && existsSync(join(candidate, name)));
    if (folder !== undefined) return join(folder, name);
  }
  return null;
}

/**
 * Installs packages of the system where this user may (root, or sudo without a password), without questions.
 * Else, and where it fails, prints the command that does it.
 *
 * @param {string} what what they give, for a person: "a compiler"
 * @param {Readonly<Record<"apt" | "dnf" | "apk" | "pacman", readonly string[]>>} packages by package manager
 * @returns {Promise<boolean>} true if they were installed
 */
export async function installSystemPackages(what, packages) {
  const manager = MANAGERS.find(({ program }) => findProgram([program]) !== null);
  if (manager === undefined) {
    say(`No package manager that Glucohub knows is here: install ${what} by hand.`);
    return false;
  }
  const names = packages[manager.id];
  const isRoot = process.getuid?.() === 0;
  const verb = manager.id === "apt" ? "install" : manager.install[0];
  const advice = `${isRoot ? "" : "sudo "}${manager.program} ${verb} ${names.join(" ")}`;
  if (!isRoot && !(await maySudo())) {
    say(`To install ${what}, run: ${advice}`);
    return false;
  }
  const program = findProgram([manager.program]) ?? manager.program;
  // sudo drops the environment, so the one variable that matters goes through env(1).
  const prefix = isRoot ? [] : ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const withRights = async (args) => {
    const [command, ...rest] = [...prefix, program, ...args];
    return await run(`Installing ${what}: ${names.join(" ")}.`, command, rest, { env, timeoutMs: INSTALL_MS });
  };
  // An out-of-date list of packages often still works: the result that counts is that of the installation.
  if (manager.before !== null) await withRights(manager.before);
  const { code, output } = await withRights([...manager.install, ...names]);
  if (code === 0) return true;
  say(output.split("\n").slice(-5).join("\n"));
  say(`Installing ${what} did not work. To try by hand, run: ${advice}`);
  return false;
}

async function maySudo() {
  if (findProgram(["sudo"]) === null) return false;
  const { code } = await run("Asking sudo.", "sudo", ["-n", "true"], { timeoutMs: 5000 });
  return code === 0;
}
