import { rmSync } from "node:fs";
import { join } from "node:path";
import { compare } from "./compare.js";
import { packExport, writeExport } from "./export-files.js";
import { insertFloor } from "./export-floor.js";
import { compileExpat, type Measured, measured, ours, PEERS, XML_PEERS, type XmlPeer } from "./export-peers.js";
import type { ExportCounts } from "./export-text.js";
import type { Bench, BenchContext, Figure, Skipped, Target } from "./figure.js";
import { installPeers } from "./install-peers.js";

/** Records of the export for one of `--records`: at the default a file of 500 MB. */
const EXPORT_RECORDS = 11.6;
/** Sizes at which memory is looked at, as multiples of that file: 100 MB, 500 MB, 2 GB. */
const MEMORY_SIZES = [0.2, 1, 4];
const MEMORY_MB = 150;

/**
 * An invented Apple Health export, of the mix and sizes of real ones: found in it by our scanner and by other parsers, taken
 * from its archive into a new store, and the memory of that. Rejects if a program finds something else than was written.
 */
export const benchExports: Bench = async (context) => {
  const { folder, say } = context;
  const xml = join(folder, "export.xml");
  const counts = writeExport(xml, context.records * EXPORT_RECORDS);
  say(`An export of ${megabytes(counts)} MB, ${counts.records} records, ${counts.glucose} of glucose.`);
  const lines: (Figure | Skipped)[] = [];
  const expat = await compileExpat(folder);
  const compiled: XmlPeer | null =
    "path" in expat ? { name: "expat", faster: 7, run: (path) => measured(expat.path, [path]) } : null;
  if (compiled !== null) lines.push(await scanAgainst(compiled, xml, counts, say));
  else lines.push({ name: "scan against expat", skipped: "missing" in expat ? expat.missing : "" });
  const missing = await installPeers(XML_PEERS, say);
  for (const peer of PEERS) {
    if (missing === null) lines.push(await scanAgainst(peer, xml, counts, say));
    else lines.push({ name: `scan against ${peer.name}`, skipped: missing });
  }
  lines.push(
    await scanAgainst({ name: "reading alone", faster: 0.3, run: (path) => ours("read", path) }, xml, counts, say),
  );
  const zip = join(folder, "export.zip");
  await packExport(xml, zip);
  if (compiled !== null) {
    lines.push(await importAgainst(compiled, context, { xml, zip, kind: "glucose", faster: 2 }, counts));
    lines.push(await importAgainst(compiled, context, { xml, zip, kind: "all", faster: 1 }, counts));
  }
  remove(xml, zip);
  lines.push(await againstFloor(context), ...(await memory(context)));
  return lines;
};

async function scanAgainst(
  peer: XmlPeer,
  xml: string,
  counts: ExportCounts,
  say: BenchContext["say"],
): Promise<Figure> {
  say(`Scanning against ${peer.name}.`);
  const reads = peer.faster < 1;
  const compared = await compare(
    async () => checked(await ours("scan", xml), counts),
    async () => (reads ? await peer.run(xml) : checked(await peer.run(xml), counts)),
    ({ ms }) => ms,
    say,
  );
  return figure(`glucose found in ${megabytes(counts)} MB, against ${peer.name}`, compared, 1 / peer.faster);
}

async function importAgainst(
  peer: XmlPeer,
  { folder, say }: BenchContext,
  { xml, zip, kind, faster }: { xml: string; zip: string; kind: "glucose" | "all"; faster: number },
  counts: ExportCounts,
): Promise<Figure> {
  say(`Importing ${kind} against ${peer.name}'s scan of the unpacked file.`);
  const compared = await compare(
    () => imported(zip, kind, folder, kind === "glucose" ? counts.glucose : counts.wanted),
    async () => checked(await peer.run(xml), counts),
    ({ ms }) => ms,
    say,
  );
  return figure(`import of ${kind} from the archive, against ${peer.name}'s scan`, compared, 1 / faster);
}

/** Imports into a new store, which is removed again. */
async function imported(path: string, kind: string, folder: string, expected: number): Promise<Measured> {
  const store = join(folder, "import.db");
  const result = await ours("import", path, kind, store);
  remove(store, `${store}-wal`, `${store}-shm`);
  if (result.records !== expected) throw new Error(`${result.records} of ${expected} records were imported`);
  return result;
}

/** Ten times as many glucose records as `--records`, against the bare inserts of what came of them. */
async function againstFloor({ folder, records, say }: BenchContext): Promise<Figure> {
  const xml = join(folder, "glucose.xml");
  const count = records * 10;
  const counts = writeExport(xml, count, true);
  say(`Importing ${count} glucose records against inserting their rows.`);
  const store = join(folder, "floor.db");
  const compared = await compare(
    async () => {
      remove(store, `${store}-wal`, `${store}-shm`);
      const result = await ours("import", xml, "glucose", store);
      if (result.records !== counts.glucose) throw new Error(`${result.records} of ${counts.glucose} were imported`);
      return result.ms;
    },
    () => insertFloor(store, join(folder, "bare.db")),
    (ms) => ms,
    say,
  );
  remove(xml, store);
  return figure(
    `import of ${count} glucose records`,
    { ...compared, ours: { ms: compared.ours }, floor: { ms: compared.floor } },
    2,
  );
}

/** The most memory that an import of glucose is ever resident with, at several sizes. */
async function memory({ folder, records, say }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of MEMORY_SIZES) {
    const [xml, zip] = [join(folder, "memory.xml"), join(folder, "memory.zip")];
    const counts = writeExport(xml, records * EXPORT_RECORDS * size);
    await packExport(xml, zip);
    say(`Importing ${megabytes(counts)} MB for its memory.`);
    const { residentBytes } = await imported(zip, "glucose", folder, counts.glucose);
    remove(xml, zip);
    const name = `import of glucose from ${megabytes(counts)} MB, most resident memory`;
    const target: Target = { of: "value", atMost: MEMORY_MB };
    figures.push({ name, unit: "MB", ours: residentBytes / 1e6, floor: null, ratio: null, target });
  }
  return figures;
}

/** Every program must have found what was written. */
function checked(result: Measured, counts: ExportCounts): Measured {
  const { records, metadata, sum } = result;
  if (records === counts.glucose && metadata === counts.glucoseMetadata && sum === counts.glucoseSum) return result;
  throw new Error(`found ${records} records, ${metadata} entries, sum ${sum}; there are ${JSON.stringify(counts)}`);
}

function figure(
  name: string,
  { ours: mine, floor, ratio }: { ours: { ms: number }; floor: { ms: number }; ratio: number },
  atMost: number,
): Figure {
  return { name, unit: "ms", ours: mine.ms, floor: floor.ms, ratio, target: { of: "ratio", atMost } };
}

function megabytes({ bytes }: ExportCounts): string {
  return bytes >= 1e7 ? (bytes / 1e6).toFixed(0) : (bytes / 1e6).toFixed(1);
}

function remove(...paths: readonly string[]): void {
  for (const path of paths) rmSync(path, { force: true });
}
