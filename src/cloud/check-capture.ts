import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { isUuid } from "../domain/identity.js";
import { Problem } from "../domain/problem.js";
import { NAME } from "./check-push.js";
import { isInstant } from "./instant.js";

/** Most bytes of an unpacked transcript: 64 MiB, so that a crafted archive can't fill the memory. */
const MAX_TRANSCRIPT_BYTES = 64 * 1024 * 1024;

const INSTANT = z.string().refine(isInstant, "must be an RFC 3339 date-time");
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const CAPTURE = z.object({
  hub: NAME,
  kind: z.enum(["session", "import"]),
  driver: z.string().min(1).max(200),
  startedAt: INSTANT,
  endedAt: INSTANT.nullable(),
  device: z
    .object({
      manufacturer: z.string().nullable(),
      model: z.string().nullable(),
      serial: z.string().nullable(),
      clockErrorMs: z.number().nullable(),
    })
    .nullable(),
  records: z.array(z.string().refine(isUuid, "must be a UUID in lower case")),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.string().regex(BASE64, "must be base64").nullable(),
});

/** What a session or an import said, as a hub sends it (protocol, "PUT /v1/captures"). */
export type Capture = Readonly<z.infer<typeof CAPTURE>>;

/**
 * The capture that a body holds. `sha256` is of the transcript's bytes, before gzip: what matters is that the words
 * came whole, however they were packed. Throws SYNC_MALFORMED (400) where it does not fit, or the sum is not theirs.
 */
export function checkCapture(body: unknown): Capture {
  const read = CAPTURE.safeParse(body);
  if (!read.success) throw new Problem("SYNC_MALFORMED", z.prettifyError(read.error));
  const capture = read.data;
  if (capture.bytes === null) return capture;
  const sum = createHash("sha256").update(unpack(capture.bytes)).digest("hex");
  if (sum !== capture.sha256) {
    throw new Problem("SYNC_MALFORMED", `sha256 is not of the bytes: they give ${sum}`);
  }
  return capture;
}

function unpack(base64: string): Uint8Array {
  try {
    return gunzipSync(Buffer.from(base64, "base64"), { maxOutputLength: MAX_TRANSCRIPT_BYTES });
  } catch (cause) {
    throw new Problem("SYNC_MALFORMED", "bytes must be a gzipped transcript", {}, { cause });
  }
}
