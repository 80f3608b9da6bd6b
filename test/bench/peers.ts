import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fieldsText } from "../../src/domain/record.js";
import { startChild } from "./child.js";
import { compare } from "./compare.js";
import type { Bench, BenchContext, Figure } from "./figure.js";
import { filledStore } from "./filled-store.js";
import { intoStore } from "./ingest.js";
import { installPeers, versionOf } from "./install-peers.js";
import { meterRecords } from "./meter-records.js";
import { pushToCloud } from "./push.js";
import { pushAll } from "./push-run.js";
import { repositoryFile } from "./repository-file.js";

/** What a peer, or ours in its place, was measured at: milliseconds. */
interface Measured {
  readonly insertMs: number;
  readonly pushMs: number;
}

/** Another way to keep records and to bring them to a server. */
interface Peer {
  /** Its program in the folder of peers, without the ending. */
  readonly program: string;
  readonly name: string;
  /** What is told of it beside its name. */
  about(versionOf: (name: string) => string): string;
  /** To what it pushes: its own server, or the bare one, to which ours then pushes too. */
  readonly to: "own server" | "bare server";
  /** How many times as long it has to take for the push as ours does. */
  readonly slower: number;
}

const PEERS: readonly Peer[] = [
  {
    program: "pouchdb",
    name: "PouchDB",
    about: (version) => `${version("pouchdb-core")} to express-pouchdb ${version("express-pouchdb")}`,
    to: "own server",
    slower: 10,
  },
  {
    program: "rxdb",
    name: "RxDB",
    about: (version) => `${version("rxdb")} in memory`,
    to: "bare server",
    slower: 2,
  },
  {
    program: "watermelondb",
    name: "WatermelonDB",
    about: (version) => version("@nozbe/watermelondb"),
    to: "bare server",
    slower: 15,
  },
];

/**
 * The same records into other stores, and from there to a server, each by its own replication, each store and each
 * server a process of its own; against ours, in turn.
 */
export const benchPeers: Bench = async (context) => {
  const folder = repositoryFile("test/bench/peers/");
  const missing = await installPeers(folder, context.say);
  if (missing !== null) return PEERS.map(({ name }) => ({ name, skipped: missing }));
  const file = join(context.folder, "peers.jsonl");
  const lines = meterRecords(context.records).map(
    ({ id, kind, fields }) => `{"id":"${id}","kind":"${kind}","fields":${fieldsText(fields)}}\n`,
  );
  writeFileSync(file, lines.join(""));
  const figures: Figure[] = [];
  for (const peer of PEERS) {
    context.say(`Comparing with ${peer.name}.`);
    const { ours, floor: theirs } = await compare<Measured>(
      () => measureOurs(context, peer.to),
      () => measurePeer(context, peer, folder, file),
      ({ pushMs }) => pushMs,
      context.say,
    );
    figures.push(...figuresOf(peer, ours, theirs, folder, context.records));
  }
  return figures;
};

function figuresOf(peer: Peer, ours: Measured, theirs: Measured, folder: URL, records: number): Figure[] {
  const figure = (name: string, mine: number, other: number, atMost: number | null): Figure => ({
    name,
    unit: "ms",
    ours: mine,
    floor: other,
    ratio: mine / other,
    target: atMost === null ? null : { of: "ratio", atMost },
  });
  const about = peer.about((name) => versionOf(folder, name));
  return [
    figure(`push of ${records}, ${peer.name} ${about}`, ours.pushMs, theirs.pushMs, 1 / peer.slower),
    figure("  insert before it", ours.insertMs, theirs.insertMs, null),
  ];
}

async function measureOurs(context: BenchContext, to: Peer["to"]): Promise<Measured> {
  const { folder, records } = context;
  const insertMs = await intoStore(join(folder, "ours.db"), meterRecords(records));
  remove(folder, "ours.db");
  const path = await filledStore(context, "ours");
  const cloud = join(folder, "ours-cloud.db");
  const push = to === "own server" ? pushToCloud(path, cloud, records) : pushToBareServer(path, cloud, records);
  const { pushMs } = await push;
  remove(folder, "ours.db");
  remove(folder, "ours-cloud.db");
  return { insertMs, pushMs };
}

async function pushToBareServer(path: string, serverPath: string, count: number): Promise<Measured> {
  const server = startChild(new URL("./floor-server.js", import.meta.url), [serverPath]);
  try {
    const { pushMs } = await pushAll(path, `http://127.0.0.1:${await server.line()}`, count);
    return { insertMs: 0, pushMs };
  } finally {
    await server.stop();
  }
}

async function measurePeer(context: BenchContext, peer: Peer, folder: URL, file: string): Promise<Measured> {
  const [here, there] = ["here", "there"].map((name) => join(context.folder, `${peer.program}-${name}`));
  if (here === undefined || there === undefined) throw new Error("a peer needs two folders");
  mkdirSync(here);
  mkdirSync(there);
  // As its makers mean it to run in earnest: without the checks that help who develops.
  const options = { env: { ...process.env, NODE_ENV: "production" }, say: context.say };
  const server =
    peer.to === "own server"
      ? startChild(new URL(`${peer.program}-server.mjs`, folder), [there], options)
      : startChild(new URL("./floor-server.js", import.meta.url), [join(there, "server.db")]);
  const said = await server.line();
  const url = peer.to === "own server" ? said : `http://127.0.0.1:${said}/`;
  const program = startChild(new URL(`${peer.program}.mjs`, folder), [file, here, url], options);
  try {
    const measured = JSON.parse(await program.line()) as Measured & { readonly pushed: number };
    if (measured.pushed !== context.records)
      throw new Error(`${peer.name} pushed ${measured.pushed} of ${context.records} records`);
    return measured;
  } finally {
    await program.stop();
    await server.stop();
    rmSync(here, { recursive: true });
    rmSync(there, { recursive: true });
  }
}

function remove(folder: string, name: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(join(folder, name + suffix), { force: true });
}
