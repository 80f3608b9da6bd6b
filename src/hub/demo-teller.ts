import type { Clock } from "../domain/clock.js";
import type { HubEvent, ImportStatus, MeterStatus, SyncStatus } from "../domain/status.js";

/** Says what happens in the demo, each thing once. */
export interface DemoTeller {
  listen(event: HubEvent): void;
  /** Somebody edited a record in the cloud; its arrival here is told too. */
  remoteEdit(id: string, note: string): void;
}

/** How long both sides must have rested before they are called equal: readings come by the dozen. */
const REST_MS = 700;

/** @param print gets one plain sentence a line */
export function demoTeller(print: (line: string) => void, clock: Clock, signal: AbortSignal): DemoTeller {
  const expected = new Map<string, string>();
  const said = new Map<string, string>();
  let unsynced = true;
  let changes = 0;
  let resting = false;
  let equal = false;

  function once(about: string, sentence: string): void {
    if (said.get(about) === sentence) return;
    said.set(about, sentence);
    print(sentence);
  }

  function meter(status: MeterStatus): void {
    const name = `${status.model ?? "A meter"}${status.serial === null ? "" : ` ${status.serial}`}`;
    const { read, new: fresh } = status.progress;
    if (status.state === "done" && fresh > 0)
      once(`meter ${status.port}`, `${name}: ${read} readings read, ${fresh} of them new, all stored.`);
    else if (status.state === "failed" && !signal.aborted) once(`meter ${status.port}`, `${name}: ${status.detail}`);
  }

  function imported(status: ImportStatus): void {
    if (status.state === "running") return;
    const outcome =
      status.problem === null ? `${status.new} new records stored, ${status.known} known` : status.problem.detail;
    once(`import ${status.import}`, `${status.name}: ${outcome}.`);
  }

  function synced(status: SyncStatus): void {
    if (status.pending > 0) {
      unsynced = true;
      changes += 1;
    }
    equal = status.state === "idle" && status.pending === 0 && status.lastSuccess !== null;
    if (status.lastError !== null) once("sync", `Not synced: ${status.lastError}`);
    else if (equal && unsynced) void rested();
  }

  async function rested(): Promise<void> {
    if (resting) return;
    resting = true;
    let before: number;
    do {
      before = changes;
      await clock.sleep(REST_MS, signal).catch(() => undefined);
    } while (changes !== before && !signal.aborted);
    resting = false;
    if (!equal || signal.aborted) return;
    unsynced = false;
    said.delete("sync");
    print("Synced: the hub and its cloud hold the same records.");
  }

  return {
    listen(event) {
      if (event.type === "meter") meter(event.data);
      else if (event.type === "import") imported(event.data);
      else if (event.type === "sync") synced(event.data);
      else if (event.type === "conflict" && event.data.open > 0)
        once("conflict", `${event.data.open} conflicts wait for a person: glucohub conflicts`);
      else if (event.type === "record" && !expected.has(event.data.id)) {
        unsynced = true;
        changes += 1;
      } else if (
        event.type === "record" &&
        expected.get(event.data.id) === event.data.note &&
        event.data.note !== null
      ) {
        expected.delete(event.data.id);
        print(`The cloud's edit arrived here: glucohub history ${event.data.id}`);
      }
    },
    remoteEdit(id, note) {
      expected.set(id, note);
      print(`Somebody edited a record in the cloud: "${note}"`);
    },
  };
}
