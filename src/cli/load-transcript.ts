import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Problem } from "../domain/problem.js";
import { parseTranscript, type Transcript } from "../kit/transcript.js";
import type { Cli } from "./cli.js";

/** The transcript in a file named on the command line. Throws FILE_NOT_FOUND and TRANSCRIPT_MALFORMED. */
export async function loadTranscript(cli: Cli, file: string): Promise<Transcript> {
  const path = resolve(cli.io.cwd, file);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Problem("FILE_NOT_FOUND", `${path} can't be read.`, {}, { cause });
  });
  return parseTranscript(text);
}
