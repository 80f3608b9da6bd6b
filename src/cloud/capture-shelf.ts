import type { Clock } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { Capture } from "./check-capture.js";
import type { Statements } from "./statements.js";

/** A capture as it is listed for people: everything but the bytes. */
export interface CaptureFacts extends Omit<Capture, "bytes"> {
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly storedAt: string;
}

/** The captures of a cloud: written once, never changed. */
export interface CaptureShelf {
  /**
   * Keeps a capture under its id, durably. `held`: it is there already, with the same content. Throws REQUEST_INVALID
   * if another content is kept under that id: neither may stand for the other.
   */
  put(id: string, capture: Capture): "stored" | "held";
  /** Newest first; `before` is the `next` of the page before, null for the first. */
  list(before: string | null, limit: number): { captures: CaptureFacts[]; next: string | null };
  /** The gzipped transcript, null if the capture came without one. Throws CAPTURE_NOT_FOUND. */
  bytes(id: string): Uint8Array | null;
}

/** The captures in the file that these statements were prepared for. */
export function openCaptureShelf(run: Statements, clock: Pick<Clock, "now">): CaptureShelf {
  return {
    put(id, capture) {
      const held = run.captureSum.get(id);
      if (held === capture.sha256) return "held";
      if (held !== undefined) throw new Problem("REQUEST_INVALID", `capture ${id} is kept with another content`);
      const { bytes, ...facts } = capture;
      const blob = bytes === null ? null : Buffer.from(bytes, "base64");
      run.putCapture.run(id, capture.sha256, JSON.stringify(facts), blob, new Date(clock.now()).toISOString());
      return "stored";
    },
    list(before, limit) {
      const rows = run.captures.all(before === null ? Number.MAX_SAFE_INTEGER : Number(before), limit + 1);
      const more = rows.length > limit;
      if (more) rows.pop();
      const last = rows.at(-1);
      return {
        captures: rows.map((row) => ({ ...JSON.parse(row.facts), id: row.id, storedAt: row.at })),
        next: more && last !== undefined ? String(last.number) : null,
      };
    },
    bytes(id) {
      const bytes = run.captureBytes.get(id);
      if (bytes === undefined) throw new Problem("CAPTURE_NOT_FOUND");
      return bytes;
    },
  };
}
