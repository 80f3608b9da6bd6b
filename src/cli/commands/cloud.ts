import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { readWhole } from "../whole-number.js";

/** Next to the hub's own. */
const DEFAULT_PORT = 8_471;

interface CloudCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** `cloud`: runs the reference cloud server until a signal ends it. */
export function addCloud(program: Command, cli: Cli): void {
  const command = program
    .command("cloud")
    .description("Run the reference cloud server in the foreground and print its address and token.")
    .option("--port <n>", "port to listen on; 0 takes any that is free", readWhole(0, 65_535), DEFAULT_PORT)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--token <token>", "what hubs must send (default: GLUCOHUB_CLOUD_TOKEN, else one made once and kept)")
    .option("--data <file>", "where it keeps its records (default: cloud.db in the data folder)")
    .option("--json", "one JSON object: url, token")
    .action((options: CloudCommandOptions) => cloud(cli, options));
  withExample(command, "cloud --port 8471 --data /srv/glucohub-cloud.db");
}

async function cloud(cli: Cli, options: CloudCommandOptions): Promise<void> {
  const { settings } = cli.loaded();
  const path = options.data === undefined ? join(settings.data, "cloud.db") : resolve(cli.io.cwd, options.data);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const token = options.token ?? settings.cloud.token ?? keptToken(`${path}.token`);
  const ending = cli.io.interruption();
  // Loaded here: no other command needs the server.
  const { startCloud } = await import("../../cloud/start-cloud.js");
  const { host, port } = options;
  const server = await startCloud({ path, host, port, token, clock: cli.io.clock, log: cli.quietLog(settings) });
  try {
    if (options.json === true) await cli.out.json({ url: server.url, token });
    else await cli.out.print(`url: ${server.url}`, `token: ${token}`);
    cli.out.note(`Its record editor: ${server.url}/ (the token is the password). Ctrl-C ends it.`);
    await new Promise<void>((done) => {
      if (ending.aborted) done();
      ending.addEventListener("abort", () => done(), { once: true });
    });
  } finally {
    await server.close();
  }
}

/** The token kept in that file, made at the first start, so that hubs find the same cloud after the next one. */
function keptToken(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const token = randomBytes(18).toString("base64url");
  writeFileSync(file, `${token}\n`, { flag: "wx", mode: 0o600 });
  chmodSync(file, 0o600);
  return token;
}
