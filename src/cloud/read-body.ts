import { isUtf8 } from "node:buffer";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { FastifyRequest } from "fastify";
import { Problem } from "../domain/problem.js";

const unpack = promisify(gunzip);

/**
 * The JSON value in a request's body (which the server reads as bytes), of at most `maxBytes` after decoding. Throws
 * SYNC_TOO_LARGE (413) beyond, SYNC_MALFORMED (400) for what is not gzip, UTF-8 or JSON: a damaged letter in a note
 * must not pass as another one.
 */
export async function readBody(request: FastifyRequest, maxBytes: number): Promise<unknown> {
  if (!(request.body instanceof Uint8Array)) throw new Problem("SYNC_MALFORMED", "the request has no body");
  const bytes = await decode(request.body, request.headers["content-encoding"] ?? "identity", maxBytes);
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
  if (!isUtf8(bytes)) throw new Problem("SYNC_MALFORMED", "the body is not UTF-8");
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    throw new Problem("SYNC_MALFORMED", "the body is not JSON", {}, { cause });
  }
}

async function decode(body: Uint8Array, encoding: string, maxBytes: number): Promise<Uint8Array> {
  if (encoding.toLowerCase() === "identity") return body;
  if (encoding.toLowerCase() !== "gzip") {
    throw new Problem("SYNC_MALFORMED", "Content-Encoding must be gzip or absent");
  }
  try {
    return await unpack(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    const full = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    throw full ? tooLarge(maxBytes) : new Problem("SYNC_MALFORMED", "the body is not gzip", {}, { cause });
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem("SYNC_TOO_LARGE", `the body holds more than ${maxBytes} bytes when decoded`);
}
