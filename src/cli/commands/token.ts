import type { Command } from "commander";
import { createToken, listTokens, revokeToken } from "../../store/tokens.js";
import type { Cli } from "../cli.js";
import { withExample } from "../help.js";
import { table } from "../plain.js";
import { withStore } from "../with-store.js";

/** `token`: who may use the hub's HTTP interface. */
export function addToken(program: Command, cli: Cli): void {
  const command = program.command("token").description("Make, list and revoke tokens for the dashboard and the API.");
  withExample(command, "token create tablet");

  const create = command
    .command("create")
    .description("Make a token; it is printed this once, only its hash is kept.")
    .argument("<name>", "what it is for; stands in the history beside changes made with it")
    .option("--json", "one JSON object: id, name, secret")
    .action((name: string, options: { json?: boolean }) => make(cli, name, options.json === true));
  withExample(create, "token create tablet");

  const list = command
    .command("list")
    .description("List every token that was ever made, never its secret.")
    .option("--json", "one JSON object a line")
    .action((options: { json?: boolean }) => show(cli, options.json === true));
  withExample(list, "token list");

  const revoke = command
    .command("revoke")
    .description("End a token.")
    .argument("<id>", "its id or its name")
    .action((id: string) => end(cli, id));
  withExample(revoke, "token revoke tablet");
}

async function make(cli: Cli, name: string, json: boolean): Promise<void> {
  const { id, secret } = await withStore(cli, cli.settings(), (store) => createToken(store, name, cli.now()));
  if (json) await cli.out.json({ id, name, secret });
  else await cli.out.print(secret);
  cli.out.note(`The token ${name} is shown this once.`);
}

async function show(cli: Cli, json: boolean): Promise<void> {
  const tokens = await withStore(cli, cli.settings(), listTokens);
  if (json) await cli.out.json(...tokens);
  else if (tokens.length === 0) cli.out.note("There is no token. `glucohub token create NAME` makes one.");
  else
    await cli.out.print(
      ...table(
        ["id", "name", "created", "revoked"],
        tokens.map((token) => [token.id, token.name, token.createdAt, token.revokedAt ?? "-"]),
      ),
    );
}

async function end(cli: Cli, id: string): Promise<void> {
  await withStore(cli, cli.settings(), (store) => revokeToken(store, id, cli.now()));
  cli.out.note(`${id} is revoked.`);
}
