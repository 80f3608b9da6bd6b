import { performance } from "node:perf_hooks";
import { percentile } from "../bench/compare.js";
import { call } from "../e2e/hub-program.js";
import type { HubUnderTest } from "./hub-under-test.js";
import type { Ledger } from "./ledger.js";
import { passTime } from "./until.js";

/** Pause between two requests of one kind, milliseconds. */
const PAUSE_MS = 100;
/** An answer that takes so long is noted as having taken it. */
const PATIENCE_MS = 60_000;

/** How long people wait for a hub's answers, by the kind of request, milliseconds. */
export interface WaitingTimes {
  readonly healthz: readonly number[];
  readonly patch: readonly number[];
}

/**
 * Asks a hub how it is, and edits one record, again and again until the signal. Each answer's time is noted while the hub
 * runs; requests that a death of the hub cut off are not. Each edit that was answered for goes into the ledger.
 */
export function watchWaiting(
  hub: HubUnderTest,
  ledger: Ledger,
  signal: AbortSignal,
): WaitingTimes & { over: Promise<void> } {
  const [healthz, patch]: number[][] = [[], []];
  const timed = async (into: number[] | undefined, request: (url: string) => Promise<unknown>): Promise<void> => {
    while (!signal.aborted) {
      const url = await hub.address(signal);
      if (url === null) return;
      const begun = performance.now();
      const { pid } = hub;
      try {
        await request(url);
        into?.push(performance.now() - begun);
      } catch {
        // The same process still runs: it was too slow, and not dead.
        if (pid !== null && hub.pid === pid && performance.now() - begun >= PATIENCE_MS) into?.push(PATIENCE_MS);
        ledger.unanswered += 1;
      }
      await passTime(PAUSE_MS, signal);
    }
  };
  const asking = timed(healthz, async (url) => {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await answer.text();
    if (!answer.ok) ledger.surprises.push(`${hub.name} answered /healthz with ${answer.status} ${text}`);
  });
  let record: string | null = null;
  const editing = timed(patch, async (url) => {
    record ??= await addNote(url, hub, ledger);
    await edit(url, hub, ledger, record);
  });
  return { healthz: healthz ?? [], patch: patch ?? [], over: Promise.all([asking, editing]).then(() => undefined) };
}

async function addNote(url: string, hub: HubUnderTest, ledger: Ledger): Promise<string> {
  const text = ledger.word("watcher");
  const body = { kind: "note", note: text, time: "2026-02-03T04:05:06Z" };
  const askedAt = Date.now();
  const answer = await call(url, "POST", "/records", body, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status !== 201) throw new Error(`a note was answered with ${answer.status}`);
  const id = String(answer.body["id"]);
  note(hub, ledger, "add", id, text, askedAt);
  return id;
}

async function edit(url: string, hub: HubUnderTest, ledger: Ledger, record: string): Promise<void> {
  const text = ledger.word("watcher");
  const askedAt = Date.now();
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const { status, body } = await call(url, "PATCH", `/records/${record}`, { note: text }, { signal });
  if (status === 200) note(hub, ledger, "edit", record, text, askedAt);
  else {
    ledger.refused.push({ side: hub.name, text, status });
    if (status !== 503) ledger.surprises.push(`${hub.name} answered an edit with ${status} ${JSON.stringify(body)}`);
  }
}

function note(
  hub: HubUnderTest,
  ledger: Ledger,
  act: "add" | "edit",
  record: string,
  text: string,
  askedAt: number,
): void {
  ledger.acknowledged.push({
    ...{ side: hub.name, record, act, text, field: "note", onto: null, askedAt },
    answeredAt: Date.now(),
  });
}

/** Middle, 99th of a hundred and longest, in words. */
export function timesText(times: readonly number[]): string {
  if (times.length === 0) return "none";
  const at = (share: number): number => Math.round(percentile(times, share));
  return `${times.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}
