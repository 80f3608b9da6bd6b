import { closeSync, createReadStream, createWriteStream, openSync, statSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { createDeflateRaw } from "node:zlib";
import { crc32 } from "../../src/transports/zip-crc.js";
import { type ExportCounts, exportText } from "./export-text.js";

/** Writes an invented export of about that many records. */
export function writeExport(path: string, records: number, onlyGlucose = false): ExportCounts {
  const text = exportText(records, onlyGlucose);
  const file = openSync(path, "w");
  try {
    for (const piece of text.pieces()) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
  return text.counts();
}

/** Packs one file into an archive as a phone does; below 4 GiB (PKWARE APPNOTE 4.3.7, 4.3.12, 4.3.16). */
export async function packExport(from: string, to: string): Promise<void> {
  const name = Buffer.from(`apple_health_export/${basename(from)}`);
  let crc = 0;
  const source = createReadStream(from, { highWaterMark: 1 << 20 });
  source.on("data", (bytes) => {
    crc = crc32(Buffer.from(bytes), crc);
  });
  const header = Buffer.concat([Buffer.from("504b0304", "hex"), fields(name, 0, 0, 0), name]);
  const target = createWriteStream(to);
  target.write(header);
  await pipeline(source, createDeflateRaw({ level: 6, chunkSize: 1 << 18 }), target);
  const packed = statSync(to).size - header.length;
  const truth = fields(name, crc, packed, statSync(from).size);
  const central = Buffer.concat([Buffer.from("504b01021403", "hex"), truth, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write("504b0506", 0, "hex");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(header.length + packed, 16);
  const file = openSync(to, "r+");
  try {
    writeSync(file, Buffer.concat([Buffer.from("504b0304", "hex"), truth]), 0, 30, 0);
    writeSync(file, Buffer.concat([central, end]), 0, central.length + end.length, header.length + packed);
  } finally {
    closeSync(file);
  }
}

/** What the header before the data and the one in the directory have in common. */
function fields(name: Buffer, crc: number, packed: number, size: number): Buffer {
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(0x800, 2);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(crc, 10);
  common.writeUInt32LE(packed, 14);
  common.writeUInt32LE(size, 18);
  common.writeUInt16LE(name.length, 22);
  return common;
}
