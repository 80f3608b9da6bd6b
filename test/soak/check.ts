import type { CloudFacts, CloudRecord, HubFacts, HubRecord, State } from "./facts.js";
import type { AcceptedImport, Acknowledged, Ledger } from "./ledger.js";

/** Everything that is compared at the end of a scenario, when nobody writes and nothing goes wrong any more. */
export interface Evidence {
  readonly hubs: readonly HubFacts[];
  readonly cloud: CloudFacts;
  readonly ledger: Pick<Ledger, "acknowledged" | "imports" | "refused" | "surprises">;
  /** Where a file was exchanged for an older one; then the cloud's states need not be one chain either. */
  readonly gaps: readonly Gap[];
}

/** A time in which what one side (a hub, or `cloud`) acknowledged and did went down with its file. */
export interface Gap {
  readonly side: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** True if one side has forgotten what it did at that moment. */
function isForgotten({ gaps }: Pick<Evidence, "gaps">, side: string, atMs: number): boolean {
  return gaps.some((gap) => gap.side === side && atMs >= gap.fromMs && atMs <= gap.toMs);
}

/** Every promise that the evidence shows to be broken, a sentence each; none in a sound run. */
export function findFaults(evidence: Evidence): string[] {
  const { hubs, cloud, ledger } = evidence;
  return [
    ...ledger.surprises,
    ...hubs.flatMap((hub) => [...unequal(hub, cloud), ...unfinished(hub, cloud), ...unfoundedStates(hub, evidence)]),
    ...ledger.acknowledged.flatMap((change) => lostChange(change, evidence)),
    ...ledger.imports.flatMap((accepted) => lostSamples(accepted, evidence)),
    ...brokenChains(evidence),
    ...misplacedTexts(evidence),
  ];
}

/** Both sides hold the same records, equal in kind, deletion and every field. */
function unequal(hub: HubFacts, cloud: CloudFacts): string[] {
  const ids = new Set([...hub.records.keys(), ...cloud.records.keys()]);
  return [...ids].flatMap((id) => {
    const [here, there] = [hub.records.get(id), cloud.records.get(id)];
    if (here === undefined) return [`${id} is in the cloud and not at ${hub.name}`];
    if (there === undefined) return [`${id} is at ${hub.name} and not in the cloud`];
    const newest = there.chain.at(-1);
    if (here.kind === there.kind && here.now.content === newest?.content) return [];
    return [`${id} differs: at ${hub.name} ${here.now.content}, in the cloud ${newest?.content ?? "nothing"}`];
  });
}

/** Nothing waits, nothing is refused or not understood, and what is marked as uploaded is there. */
function unfinished(hub: HubFacts, cloud: CloudFacts): string[] {
  const waiting = [...hub.records].filter(([, { version, synced }]) => version !== synced);
  const refused = [...hub.records].filter(([, { rejected }]) => rejected !== null);
  const missing = hub.uploaded.filter((id) => !cloud.captures.has(id));
  return [
    ...waiting.map(
      ([id, { version, synced }]) => `${id} waits at ${hub.name}: version ${version}, confirmed ${synced}`,
    ),
    ...refused.map(([id, { rejected }]) => `${id} of ${hub.name} is refused by the cloud: ${rejected}`),
    ...(hub.quarantined === 0 ? [] : [`${hub.name} did not understand ${hub.quarantined} states of the cloud`]),
    ...missing.map((id) => `capture ${id} is marked as uploaded at ${hub.name} and is not in the cloud`),
  ];
}

/** A state that a pull replaced at a hub was in the cloud before: else it was overwritten unseen. */
function unfoundedStates(hub: HubFacts, { cloud, gaps }: Evidence): string[] {
  if (gaps.length > 0) return [];
  return [...hub.records].flatMap(([id, record]) => {
    const known = new Set(cloud.records.get(id)?.chain.map((state) => state.content));
    const own = ownStates(record);
    return own.flatMap((state, index) =>
      own[index + 1]?.origin === "cloud" && !known.has(state.content)
        ? [`${id} at ${hub.name}: a pull replaced a state that never was in the cloud: ${state.content}`]
        : [],
    );
  });
}

/** What was acknowledged stands where it was acknowledged, and no hub replaced it in the cloud unseen. */
function lostChange(change: Acknowledged, evidence: Evidence): string[] {
  const said = `${change.act} ${change.text ?? ""} of ${change.record}, acknowledged by ${change.side}`;
  const there = change.side === "cloud" ? lostInCloud(change, said, evidence) : lostAtHub(change, said, evidence);
  return [...there, ...replacedUnseen(change, said, evidence)];
}

function lostAtHub(change: Acknowledged, said: string, evidence: Evidence): string[] {
  if (isForgotten(evidence, change.side, change.answeredAt)) return [];
  const record = evidence.hubs.find(({ name }) => name === change.side)?.records.get(change.record);
  if (record === undefined) return [`lost: ${said}: there is no such record`];
  const own = ownStates(record);
  if (change.act === "delete") return own.some(({ deleted }) => deleted) ? [] : [`lost: ${said}`];
  if (change.text === null) return [];
  const at = own.findIndex((state) => state[change.field] === change.text);
  if (at === -1) return [`lost: ${said}: it stands in no state of the record`];
  const { onto } = change;
  const before = own[at - 1];
  if (onto === null || (before?.note === onto.note && before?.patient === onto.patient)) return [];
  return [`${said}: it was made on the note ${onto.note} and stands on ${before?.note}`];
}

/** Every sample of an export that was taken is a record, once. */
function lostSamples(accepted: AcceptedImport, evidence: Evidence): string[] {
  const { side, day, samples } = accepted;
  const records = [...(evidence.hubs.find(({ name }) => name === side)?.records.values() ?? [])];
  const states = records.map(({ now }) => now.content);
  if (isWhole(accepted, states, evidence)) return [];
  return [`${side} took an export with ${samples} samples of ${day} and has another number of records of them`];
}

/** True if the states hold a record for each sample of the export, or its acceptance went down with a file. */
export function isWhole(
  { side, day, samples, answeredAt }: AcceptedImport,
  contents: readonly string[],
  gaps: Pick<Evidence, "gaps">,
): boolean {
  if (isForgotten(gaps, side, answeredAt)) return true;
  const there = contents.filter((content) => content.includes(`["time","${day}T`) && content.includes('"healthkit"'));
  return there.length === samples;
}

function lostInCloud(change: Acknowledged, said: string, evidence: Evidence): string[] {
  if (isForgotten(evidence, change.side, change.answeredAt)) return [];
  const { text, field, record: id, act } = change;
  const chain = evidence.cloud.records.get(id)?.chain ?? [];
  if (chain.length === 0) return [`lost: ${said}: there is no such record`];
  if (act === "delete") return chain.some(({ deleted }) => deleted) ? [] : [`lost: ${said}`];
  if (text === null || chain.some((state) => state[field] === text)) return [];
  return [`lost: ${said}: it stands in no state in the cloud`];
}

/** Whoever replaced a text in the cloud had it as the record's own value before, or on the list of conflicts. */
function replacedUnseen({ text, field, record: id }: Acknowledged, said: string, evidence: Evidence): string[] {
  const chain = evidence.cloud.records.get(id)?.chain ?? [];
  const at = text === null ? -1 : chain.findIndex((state) => state[field] === text);
  if (at === -1) return [];
  const next = chain.slice(at).find((state) => state[field] !== text);
  const hub = evidence.hubs.find(({ name }) => name === next?.by);
  if (next === undefined || hub === undefined || !hub.records.has(id)) return [];
  const known = everKnown(hub, id);
  if (known.some((record) => ownStates(record).some((state) => state[field] === text))) return [];
  if (known.some(({ conflicts }) => conflicts.some((one) => one.field === field && one.remote === text))) return [];
  return [
    `lost: ${said}: ${hub.name} put ${next[field]} in its place, and has it neither among its own values nor on its list`,
  ];
}

/** A record as the hub has it, and as its stores had it that backups replaced. */
function everKnown(hub: HubFacts, id: string): readonly HubRecord[] {
  return [hub.records, ...hub.replaced].flatMap((records) => records.get(id) ?? []);
}

/** Each state in the cloud names the one before it, and a hub replaced none that it had not seen, whole. */
function brokenChains(evidence: Evidence): string[] {
  const { hubs, cloud, gaps } = evidence;
  const seen = new Map(hubs.map((hub) => [hub.name, new Map<string, ReadonlySet<string>>()]));
  const seenAt = (hub: HubFacts, id: string): ReadonlySet<string> => {
    const records = seen.get(hub.name);
    const states =
      records?.get(id) ?? new Set(everKnown(hub, id).flatMap(({ history }) => history.map(({ content }) => content)));
    records?.set(id, states);
    return states;
  };
  return [...cloud.records].flatMap(([id, { chain }]) =>
    chain.flatMap((state, index) => {
      const before = chain[index - 1];
      if (before === undefined) return [];
      if (gaps.length === 0 && state.parent !== before.rev)
        return [`${id} in the cloud: the state ${state.rev} does not follow ${before.rev}`];
      const hub = hubs.find(({ name }) => name === state.by);
      if (hub === undefined) return [];
      if (seenAt(hub, id).has(before.content)) return [];
      return [`${id}: ${hub.name} replaced in the cloud a state that it had not seen: ${before.content}`];
    }),
  );
}

/** Each text belongs to one record, a refused one to none; what was measured is the same in every state. */
function misplacedTexts({ hubs, cloud, ledger }: Evidence): string[] {
  const owners = new Map<string, Set<string>>();
  const measured = new Map<string, string>();
  const faults: string[] = [];
  const note = (id: string, state: State): void => {
    for (const text of [state.note, state.patient])
      if (typeof text === "string" && /^~.*~$/.test(text)) owners.set(text, (owners.get(text) ?? new Set()).add(id));
    const first = measured.get(id);
    if (first === undefined) measured.set(id, state.measured);
    else if (first !== state.measured)
      faults.push(`${id}: what was measured changed from ${first} to ${state.measured}`);
  };
  for (const [id, record] of hubs.flatMap((hub) => [...hub.records]))
    for (const state of record.history) note(id, state);
  for (const [id, record] of cloud.records) for (const state of record.chain) note(id, state);
  for (const [text, ids] of owners)
    if (ids.size > 1) faults.push(`${text} stands in ${ids.size} records: ${[...ids].join(", ")}`);
  for (const { text, side, status } of ledger.refused)
    if (owners.has(text)) faults.push(`${text} is there although ${side} answered ${status}`);
  return faults;
}

function ownStates(record: HubRecord): readonly (State & { readonly origin: string })[] {
  return record.history.filter(({ origin }) => origin !== "remote");
}

/** How many texts, states and records were compared: a check of nothing must not look like a success. */
export function sizeOf({ hubs, cloud }: Evidence): { records: number; states: number; conflicts: number } {
  const records: readonly CloudRecord[] = [...cloud.records.values()];
  const at = hubs.flatMap((hub) => [...hub.records.values()]);
  return {
    records: records.length,
    states: [...records.map(({ chain }) => chain.length), ...at.map(({ history }) => history.length)].reduce(
      (a, b) => a + b,
      0,
    ),
    conflicts: at.reduce((sum, { conflicts }) => sum + conflicts.length, 0),
  };
}
