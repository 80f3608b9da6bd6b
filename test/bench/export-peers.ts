import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repositoryFile } from "./repository-file.js";

/** What a program printed of an export. */
export interface Measured {
  readonly records: number;
  readonly metadata: number;
  readonly sum: number;
  readonly ms: number;
  /** The most memory it was resident with, bytes; NaN where it does not say. */
  readonly residentBytes: number;
}

/** Where the peers' programs lie. */
export const XML_PEERS = repositoryFile("test/bench/xml-peers/");

/** Runs a program that prints one line of numbers; rejects with what it said if it fails. */
export function measured(program: string, args: readonly string[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 10_000_000 }, (error, stdout, stderr) => {
      const [records = 0, metadata = 0, sum = 0, ms = 0, residentBytes = Number.NaN] = stdout
        .trim()
        .split(" ")
        .map(Number);
      if (error === null) resolve({ records, metadata, sum, ms, residentBytes });
      else reject(new Error(`${program} ${args.join(" ")}: ${stderr || error.message}`));
    });
  });
}

/** Of the thread on which a hub imports: a third of its young generation, and its old one, megabytes. */
const HEAP_FLAGS = ["--max-semi-space-size=5", "--max-old-space-size=128"];

/** The same of one of ours, with as much memory as a hub's imports have; see `export-child.ts`. */
export function ours(...args: readonly string[]): Promise<Measured> {
  const program = fileURLToPath(new URL("./export-child.js", import.meta.url));
  return measured(process.execPath, [...HEAP_FLAGS, program, ...args]);
}

/** Something else that finds the glucose of an export. */
export interface XmlPeer {
  readonly name: string;
  /** How many times as fast ours should be. */
  readonly faster: number;
  run(path: string): Promise<Measured>;
}

const inNode = (script: string) => (path: string) =>
  measured(process.execPath, [fileURLToPath(new URL(script, XML_PEERS)), path]);

/** Compiles the program around expat into a folder; its path, or why there is none. */
export async function compileExpat(folder: string): Promise<{ readonly path: string } | { readonly missing: string }> {
  const path = join(folder, "expat-glucose");
  const source = fileURLToPath(new URL("expat.c", XML_PEERS));
  return new Promise((resolve) => {
    execFile("gcc", ["-O2", "-o", path, source, "-lexpat"], (error) => {
      resolve(error === null ? { path } : { missing: "gcc or the headers of expat (libexpat1-dev) are missing." });
    });
  });
}

/** The peers that need no compiling. */
export const PEERS: readonly XmlPeer[] = [
  { name: "saxes", faster: 14, run: inNode("saxes.mjs") },
  { name: "sax", faster: 40, run: inNode("sax.mjs") },
  {
    name: "Python's XMLPullParser",
    faster: 20,
    run: (path) => measured("python3", [fileURLToPath(new URL("pull.py", XML_PEERS)), path]),
  },
];
