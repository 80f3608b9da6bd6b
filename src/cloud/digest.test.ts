import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { derivedId } from "../domain/identity.js";
import { CloudStore } from "./cloud-store.js";

const fields = { time: "2026-11-21T07:03:00.000Z", value: 90, unit: "mg/dL", note: null };
const clock = { now: () => Date.parse("2026-11-22T10:00:00Z") };

/** The digest by its definition, over everything at once. */
function defined(store: CloudStore): { count: number; digest: string } {
  const { changes } = store.changes(null, 1_000);
  let sum = 0n;
  for (const { id, rev } of changes) sum ^= createHash("sha256").update(`${id} ${rev}`).digest().readBigUInt64BE(0);
  return { count: changes.length, digest: sum.toString(16).padStart(16, "0") };
}

test("the digest is that of the newest states, whenever it is asked for", () => {
  const store = new CloudStore({ path: ":memory:", clock });
  expect(store.digest()).toEqual({ count: 0, digest: "0000000000000000" });
  const ids = Array.from({ length: 40 }, (_, index) => derivedId("digest", index));
  store.push(
    ids.map((id) => ({ id, kind: "glucose", base: null, deleted: false, fields })),
    "hub",
  );
  const seen = new Set([store.digest().digest]);
  expect(store.digest()).toEqual(defined(store));
  for (let step = 0; step < 200; step += 1) {
    const id = ids[(step * 7) % ids.length] ?? "";
    store.edit(
      id,
      step % 9 === 0 ? { deleted: step % 2 === 0, by: "doctor" } : { fields: { note: `${step}` }, by: "d" },
    );
    // Not each time: what changed twice in between counts once.
    if (step % 3 !== 0) continue;
    expect(store.digest()).toEqual(defined(store));
    seen.add(store.digest().digest);
  }
  expect(seen.size).toBe(68);
  store.close();
});
