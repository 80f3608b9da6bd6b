import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Tx } from "./store.js";

/** What a session or an import said about its device. */
export interface CaptureDevice {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly clockErrorMs: number | null;
}

/** How many readings a session told of. */
export interface CaptureCounts {
  readonly new: number;
  readonly known: number;
  readonly unreadable: number;
}

/** What a source said in one session or import. */
export interface Capture {
  readonly id: string;
  readonly kind: "session" | "import";
  readonly driver: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** `done`, or the code of the problem that ended it. */
  readonly outcome: string;
  readonly device: CaptureDevice;
  /** Ids of the records it told of. */
  readonly records: readonly string[];
  readonly counts: CaptureCounts;
  /** The transcript; null for an import. */
  readonly transcript: string | null;
  /** SHA-256 (hex) of an import's file; null: not known. That of a transcript is computed here. */
  readonly sha256?: string | null;
}

/** Keeps a capture; it never changes after that. */
export async function addCapture(tx: Tx, capture: Capture): Promise<void> {
  const bytes = capture.transcript === null ? null : Buffer.from(capture.transcript, "utf8");
  await tx.db
    .insertInto("captures")
    .values({
      id: capture.id,
      kind: capture.kind,
      driver: capture.driver,
      started_at: capture.startedAt,
      ended_at: capture.endedAt,
      outcome: capture.outcome,
      device: JSON.stringify(capture.device),
      records: JSON.stringify(capture.records),
      counts: JSON.stringify(capture.counts),
      sha256: bytes === null ? (capture.sha256 ?? null) : createHash("sha256").update(bytes).digest("hex"),
      bytes: bytes === null ? null : gzipSync(bytes),
      uploaded: 0,
    })
    .execute();
}

/** One thing that could not be understood. */
export interface Quarantined {
  readonly origin: string;
  readonly code: string;
  readonly detail: string;
  readonly raw: Uint8Array;
}

/** Keeps what could not be understood, for inspection; the same bytes from the same origin once. */
export async function quarantine(
  tx: Tx,
  capture: string | null,
  items: readonly Quarantined[],
  at: string,
): Promise<void> {
  for (const item of items) {
    await tx.db
      .insertInto("quarantine")
      .values({ capture, origin: item.origin, code: item.code, detail: item.detail, raw: item.raw, at })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}
