import { createHash } from "node:crypto";
import type { Statements } from "./statements.js";

/** Stands for every record that the cloud holds, in its newest state: equal sets have equal digests. */
export interface CloudDigest {
  /** Records, deleted ones too. */
  readonly count: number;
  /** 16 hexadecimal digits: the first 8 bytes of SHA-256 of "id rev", of all records, joined by exclusive or. */
  readonly digest: string;
}

/**
 * Gives the digest of one open store. It costs only what changed since it was last asked for: a state that was followed
 * by another is taken out, the other put in.
 */
export function digestOf(run: Statements): () => CloudDigest {
  let [seen, count, high, low] = [0, 0, 0, 0];
  const turn = (id: string, rev: string): void => {
    const hash = createHash("sha256").update(`${id} ${rev}`).digest();
    high ^= hash.readInt32BE(0);
    low ^= hash.readInt32BE(4);
  };
  return () => {
    const before = seen;
    for (const { seq, id, rev } of run.revsAfter.iterate(before)) {
      const former = run.revBefore.get(id, before);
      if (former === undefined) count += 1;
      else turn(id, former);
      turn(id, rev);
      seen = seq;
    }
    return { count, digest: hex(high) + hex(low) };
  };
}

function hex(part: number): string {
  return (part >>> 0).toString(16).padStart(8, "0");
}
