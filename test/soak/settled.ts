import { type Bulk, setApart } from "./bulk.js";
import { type Gap, isWhole } from "./check.js";
import type { CloudUnderTest } from "./cloud-under-test.js";
import { readNewest } from "./facts.js";
import { type HubUnderTest, needsPerson } from "./hub-under-test.js";
import type { Ledger } from "./ledger.js";
import { until } from "./until.js";

/** How long both sides may take to become equal once nothing goes wrong: several times the engine's longest pause. */
const QUIET_MS = 120_000;

/** Hubs and their cloud, and what people were answered. */
export interface Sides {
  readonly hubs: readonly HubUnderTest[];
  readonly cloud: CloudUnderTest;
  readonly ledger: Ledger;
  readonly gaps: readonly Gap[];
  /** Records beyond number that are compared where they are; null where there are none. */
  readonly bulk: Bulk | null;
}

/**
 * Waits until no hub has anything left to do, all files hold the same records, and every export that was taken is in
 * them. Throws, with how it stands, if that does not come though nobody writes and nothing goes wrong.
 */
export async function settled(sides: Sides): Promise<void> {
  let last = "";
  const quietAndEqual = async (): Promise<boolean> => {
    last = (await whatIsLeft(sides)) ?? "";
    return last === "";
  };
  await until("hubs and cloud to be quiet and equal", sides.bulk?.quietMs ?? QUIET_MS, quietAndEqual, () => last);
}

/** The first thing that is not as it will be; null if nothing is left. */
async function whatIsLeft(sides: Sides): Promise<string | null> {
  const { hubs, cloud, ledger } = sides;
  for (const hub of hubs) {
    const status = await hub.sync();
    if (needsPerson(status)) await hub.ring();
    if (status.pending > 0 || status.state !== "idle") return `${hub.name}: ${JSON.stringify(status)}`;
  }
  const apart = await setApart(sides);
  const there = await readNewest(cloud.path, apart);
  for (const hub of hubs) {
    const here = await readNewest(hub.path, apart);
    const differing = [...new Set([...here.keys(), ...there.keys()])].filter((id) => here.get(id) !== there.get(id));
    const [example] = differing;
    if (example !== undefined)
      return `${differing.length} records differ: ${example} at ${hub.name} ${here.get(example)}, in the cloud ${there.get(example)}`;
    const contents = [...here.values()];
    const cut = ledger.imports.find((each) => each.side === hub.name && !isWhole(each, contents, sides));
    if (cut !== undefined) return `${hub.name} has taken an export of ${cut.day} that is not whole in its records`;
  }
  return null;
}
