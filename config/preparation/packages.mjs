import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { PreparationError, run, say } from "./run.mjs";
import { installSystemPackages } from "./system.mjs";

/** True if node_modules holds what package-lock.json asks for, for this version of Node.js. */
export function packagesAreInstalled(root) {
  return readOrNull(stampFile(root)) === wanted(root);
}

/**
 * Installs what package-lock.json asks for. Call it alone (see lock.mjs).
 * Throws a PreparationError that says what to do.
 */
export async function installPackages(root) {
  const stamp = wanted(root);
  rmSync(stampFile(root), { force: true });
  if (!(agreesWithLock(root) && (await storeLoads(root)))) await install(root);
  writeFileSync(stampFile(root), stamp);
}

const stampFile = (root) => join(root, "node_modules/.glucohub-installed");

/** Packages are compiled for one binary interface of Node.js: another Node.js needs them again. */
function wanted(root) {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${lock} ${process.platform} ${process.arch} ${process.versions.modules}`;
}

function readOrNull(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

/**
 * True if npm's own list of what it has installed agrees with the lock: someone ran npm by hand, and installing all of it
 * again would take a minute for nothing. Packages for other machines are optional and may be missing.
 */
function agreesWithLock(root) {
  const list = readOrNull(join(root, "node_modules/.package-lock.json"));
  if (list === null) return false;
  const installed = JSON.parse(list).packages;
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(locked).every(([place, entry]) => {
    if (place === "") return true;
    const found = installed[place];
    if (found === undefined) return entry.optional === true;
    return found.version === entry.version && found.integrity === entry.integrity && existsSync(join(root, place));
  });
}

/** True if the SQLite library, the one package that is compiled on this machine, can be loaded. */
async function storeLoads(root) {
  if (!existsSync(join(root, "node_modules/better-sqlite3"))) return true;
  const program = 'new (require("better-sqlite3"))(":memory:").close()';
  const { code } = await run("Trying the SQLite library.", process.execPath, ["-e", program], { cwd: root });
  return code === 0;
}

async function install(root) {
  say("Installing packages. The SQLite library may be compiled here: that takes one to three minutes.");
  let result = await npmInstall(root);
  if (result === null) return;
  const missing = missingTools();
  if (missing.length > 0) {
    say(`A compiler is missing here: ${missing.join(", ")}.`);
    if (
      await installSystemPackages("a compiler", {
        apt: ["g++", "make", "python3"],
        dnf: ["gcc-c++", "make", "python3"],
        apk: ["g++", "make", "python3"],
        pacman: ["gcc", "make", "python"],
      })
    ) {
      result = await npmInstall(root);
      if (result === null) return;
    }
  }
  say(result);
  throw new PreparationError(
    missing.length > 0
      ? "Installing packages failed. The SQLite library needs a compiler: install g++, make and python3 (on Debian: apt-get install g++ make python3) and try again."
      : "Installing packages failed; what npm said stands above. Check the network and try again. The SQLite library needs g++, make and python3, which are here.",
  );
}

/** Null if it worked, else what npm said. */
async function npmInstall(root) {
  // The packages that build and test are needed whatever NODE_ENV says, and settings of an npm around us are not ours.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        name !== "NODE_ENV" && !/^npm_(config_(omit|include|production|only|dry_run)|package_|lifecycle_)/i.test(name),
    ),
  );
  // `install --no-save` keeps to the lock as `ci` does, but leaves standing what is already right (compiling takes a
  // minute), and does not refuse a lock that lacks optional packages of foreign systems.
  const args = ["install", "--no-save", "--include=dev", "--include=optional", "--no-audit", "--no-fund"];
  const npm = process.env.npm_execpath?.endsWith("npm-cli.js") ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const [command, ...before] = npm;
  const { code, output } = await run("npm is at work.", command, [...before, ...args], { cwd: root, env });
  if (code !== 0) return output;
  return (await storeLoads(root)) ? null : `${output}\nThe SQLite library was installed but does not load.`;
}

/** Names of the compiler's parts that are not on PATH. */
function missingTools() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return ["g++", "make", "python3"].filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
}
