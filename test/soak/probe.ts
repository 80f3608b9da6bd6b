import { call } from "../e2e/hub-program.js";
import { ask } from "./facts.js";
import { until } from "./until.js";
import type { World } from "./world.js";

/** Adds a record at the hub and waits until the cloud's file has it; how long that took, milliseconds. */
export async function probe(world: World, withinMs: number, why: string): Promise<number> {
  const url = await world.hub.address(new AbortController().signal);
  const text = world.ledger.word("probe");
  const body = { kind: "note", note: text, time: "2026-02-03T04:05:06Z" };
  const begun = performance.now();
  const { status } = await call(url ?? "", "POST", "/records", body);
  if (status !== 201) throw new Error(`an entry was answered with ${status} ${why}`);
  const sql = `SELECT 1 FROM records WHERE json_extract(fields, '$.note') = '${text}'`;
  await until(
    `an entry to reach the cloud ${why}`,
    withinMs,
    async () => (await ask(world.cloud.path, sql)).length === 1,
  );
  return performance.now() - begun;
}
