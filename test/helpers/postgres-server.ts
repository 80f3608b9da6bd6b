import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian keeps each version's programs, and what others call it. */
const FOLDERS = ["/usr/lib/postgresql", "/usr/local/pgsql/bin", "/usr/bin"];
const OWNER = "postgres";

/** A PostgreSQL server of a test file's own, on a socket of its own, that can be killed and started again. */
export interface PostgresServer {
  /** The folder of its socket. */
  readonly folder: string;
  /** An empty database's address, for the server's superuser. */
  database(): string;
  /** Takes a database back that nobody uses any more; it is emptied and given to the next who asks. */
  takeBack(url: string): void;
  /** The address of a database for another user. */
  urlFor(url: string, user: string): string;
  /** Runs SQL with the psql program, a witness that knows nothing of our code. Throws what it says on standard error. */
  psql(url: string, sql: string): string;
  /** Ends it in the middle of whatever it does, as `pg_ctl stop -m immediate` would, or a power cut. */
  kill(): Promise<void>;
  /** Starts it again on what is left, unless it runs; resolves when it answers. */
  start(): Promise<void>;
  /** Ends it and removes its files. */
  dispose(): Promise<void>;
}

/** The folder of the server's programs, or null where there are none or none may be run: those tests are skipped. */
export function postgresPrograms(): string | null {
  const versions = existsSync(FOLDERS[0] ?? "") ? readdirSync(FOLDERS[0] ?? "") : [];
  const newest = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(FOLDERS[0] ?? "", version, "bin"));
  const folder = [...newest, ...FOLDERS].find((each) => existsSync(join(each, "initdb")));
  if (folder === undefined) return null;
  try {
    execFileSync(join(folder, "psql"), ["--version"]);
    // The server refuses to run as root, and its package makes this user.
    execFileSync(...asOwner("true", []));
    return folder;
  } catch {
    return null;
  }
}

/** A program as the server's own user where this one is root; it ends with this process. */
function asOwner(program: string, args: readonly string[]): [string, string[]] {
  const user = process.getuid?.() === 0 ? [`--reuid=${OWNER}`, `--regid=${OWNER}`, "--clear-groups"] : [];
  return ["setpriv", [...user, "--pdeathsig", "QUIT", program, ...args]];
}

/** Makes a server that is durable and small, and starts it. */
export async function startPostgres(programs: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-postgres-"));
  if (process.getuid?.() === 0) execFileSync("chown", [OWNER, folder]);
  chmodSync(folder, 0o755);
  const data = join(folder, "data");
  const init = ["-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  execFileSync(...asOwner(join(programs, "initdb"), init), { stdio: "ignore" });
  let child: ChildProcess | null = null;
  let databases = 0;
  const free: string[] = [];

  const psql = (url: string, sql: string): string =>
    execFileSync(join(programs, "psql"), ["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", url], {
      encoding: "utf8",
      input: sql,
      stdio: ["pipe", "pipe", "pipe"],
    }).trim();
  const address = (database: string, user = OWNER): string =>
    `postgres://${user}@localhost/${database}?host=${encodeURIComponent(folder)}`;

  const start = async (): Promise<void> => {
    if (child !== null && child.exitCode === null) return;
    const settings = {
      listen_addresses: "",
      unix_socket_directories: folder,
      shared_buffers: "16MB",
      max_connections: "60",
      fsync: "off",
      wal_level: "minimal",
      max_wal_senders: "0",
      log_min_messages: "fatal",
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const started = spawn(...asOwner(join(programs, "postgres"), ["-D", data, ...args]), { stdio: "ignore" });
    child = started;
    for (;;) {
      if (started.exitCode !== null) throw new Error("the test's PostgreSQL did not start");
      try {
        execFileSync(join(programs, "pg_isready"), ["-q", "-h", folder]);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };

  const kill = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGQUIT");
    await gone;
  };

  await start();
  return {
    folder,
    database() {
      // To make one costs many times what it costs to empty one.
      const used = free.pop();
      if (used !== undefined) {
        psql(used, "DROP SCHEMA IF EXISTS glucohub CASCADE");
        return used;
      }
      databases += 1;
      const name = `store${databases}`;
      psql(address("postgres"), `CREATE DATABASE ${name}`);
      return address(name);
    },
    takeBack: (url) => void free.push(url),
    urlFor(url, user) {
      const other = new URL(url);
      other.username = user;
      return other.href;
    },
    psql,
    kill,
    start,
    async dispose() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
