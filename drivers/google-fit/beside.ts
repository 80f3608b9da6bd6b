import type { FileTransport } from "../../src/kit/transport.js";
import { streamOfHead } from "./head.js";
import type { StreamName } from "./stream.js";

const HEAD_BYTES = 4_096;

/** The streams of one data type in a file or archive, by the beginnings of its entries. Entries that are damaged are none. */
export async function streamsBeside(file: FileTransport, type: string, signal: AbortSignal): Promise<StreamName[]> {
  const streams: StreamName[] = [];
  for (const entry of await file.entries()) {
    signal.throwIfAborted();
    const stream = streamOfHead(await headOf(entry.open()));
    if (stream !== null && stream.type === type) streams.push(stream);
  }
  return streams;
}

async function headOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const head: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const bytes of chunks) {
      head.push(bytes.subarray(0, HEAD_BYTES));
      length += bytes.length;
      if (length >= HEAD_BYTES) break;
    }
  } catch {
    return new Uint8Array();
  }
  return Buffer.concat(head).subarray(0, HEAD_BYTES);
}
