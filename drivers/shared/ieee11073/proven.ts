import type { Clock } from "../../../src/domain/clock.js";
import { isProblem, Problem } from "../../../src/domain/problem.js";
import { wallMs } from "../../../src/domain/zone.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { type DeviceFacts, readDeviceAttributes, readDeviceFacts } from "./device.js";
import type { Manager } from "./manager.js";
import { getDevice, getSegments } from "./requests.js";
import { readSegmentInformation, type Segment } from "./segments.js";
import { type TransferEnd, transferSegment } from "./transfer.js";

/** How often a thing is asked for at most until it has come twice alike. */
const ASKINGS = 4;
/** How far a clock may have gone on between two answers, beside what the hub's own clock says: it shows whole seconds. */
const SECOND_MS = 1_000;

/** What a segment gave: entries that are proven, or one that never came twice alike. */
export type SegmentNews =
  | { readonly type: "proven"; readonly entries: readonly Uint8Array[] }
  | { readonly type: "unproven"; readonly raw: Uint8Array };

/** How the reading of a segment ended. */
export interface SegmentEnd {
  /** What is missing from it; null if nothing is. */
  readonly problem: Problem | null;
  /** How many entries were proven. */
  readonly entries: number;
  /** True where the device sent it once only: then nothing but the cable's own checksums proves it. */
  readonly once: boolean;
}

/**
 * What the device tells of itself, asked for until two answers in a row are alike: there is no checksum in the protocol.
 * A clock that shows another second in each answer is taken if it went on as the hub's did. Throws FRAME_CHECKSUM if no two
 * answers agree, and what `Manager.ask` throws.
 */
export async function askDevice(manager: Manager, clock: Clock): Promise<DeviceFacts> {
  let before: { readonly facts: DeviceFacts; readonly atMs: number } | null = null;
  let drifting: DeviceFacts | null = null;
  for (let asking = 0; asking < ASKINGS; asking += 1) {
    const facts: DeviceFacts = await manager.ask(getDevice(), (body) => readDeviceFacts(readDeviceAttributes(body)));
    const atMs = clock.now();
    const isSame: boolean = before !== null && who(before.facts) === who(facts);
    if (before !== null && isSame && before.facts.clock === facts.clock) return facts;
    const goesOn: boolean =
      before !== null && isSame && wentOn(before.facts.clock, facts.clock, atMs - before.atMs, SECOND_MS);
    drifting = goesOn ? facts : null;
    before = { facts, atMs };
  }
  if (drifting === null) throw new Problem("FRAME_CHECKSUM", "The meter tells another thing of itself each time.");
  return drifting;
}

/**
 * The list of segments, asked for until two answers in a row are alike. How many entries a segment holds may change
 * meanwhile: then it is taken for unknown. Throws as `askDevice` does.
 */
export async function askSegments(manager: Manager, storeHandle: number): Promise<readonly Segment[]> {
  let before: readonly Segment[] = [];
  let key: string | null = null;
  for (let asking = 0; asking < ASKINGS; asking += 1) {
    const segments = await manager.ask(getSegments(storeHandle), (body) => readSegmentInformation(body, storeHandle));
    const now = JSON.stringify(segments.map((segment) => ({ ...segment, usage: null })));
    if (now === key) {
      return segments.map((segment, at) => ({
        ...segment,
        usage: segment.usage === before[at]?.usage ? segment.usage : null,
      }));
    }
    [key, before] = [now, segments];
  }
  throw new Problem("FRAME_CHECKSUM", "The meter tells another list of segments each time.");
}

/**
 * Reads a segment until each of its entries has come twice alike, and gives each as soon as it has. A device that has sent
 * a segment whole and says that it will not send it again is believed, since USB checks every packet: the end says so. One
 * that only falls silent is not: what came once is then given as unproven. Throws what `transferSegment` throws.
 */
export async function* readSegment(
  manager: Manager,
  storeHandle: number,
  segment: Segment,
): AsyncGenerator<SegmentNews, SegmentEnd, void> {
  const tally = new EntryTally();
  let last: Problem | null = null;
  for (let pass = 0; pass < ASKINGS; pass += 1) {
    tally.beginPass();
    let end: TransferEnd;
    try {
      const transfer = transferSegment(manager, storeHandle, segment);
      let step = await transfer.next();
      for (; step.done !== true; step = await transfer.next()) {
        const proven = step.value.filter((entry) => tally.isProven(entry));
        if (proven.length > 0) yield { type: "proven", entries: proven };
      }
      end = step.value;
    } catch (error) {
      if (!isProblem(error, "METER_REFUSED", "METER_STALLED") || pass !== 1 || last !== null || tally.cameNow)
        throw error;
      if (error.code === "METER_REFUSED") return yield* tally.believe();
      for (const raw of tally.unseen()) yield { type: "unproven", raw };
      throw error;
    }
    if (end.problem === null && tally.isDone(pass, last === null))
      return { problem: null, entries: tally.told, once: false };
    last = end.problem;
  }
  const left = tally.left();
  for (const raw of left) yield { type: "unproven", raw };
  const unlike = new Problem("FRAME_CHECKSUM", `Segment ${segment.instance} came otherwise each time.`);
  return { problem: last ?? unlike, entries: tally.told, once: false };
}

/** Counts how often each entry came in earlier passes, in this one, and was given. Two equal entries may be two. */
class EntryTally {
  readonly #before = new Map<string, number>();
  readonly #given = new Map<string, number>();
  #now = new Map<string, number>();
  #last = new Map<string, number>();
  told = 0;

  beginPass(): void {
    for (const [key, times] of this.#now) this.#before.set(key, Math.max(times, this.#before.get(key) ?? 0));
    this.#last = this.#now;
    this.#now = new Map();
  }

  /** Whether anything came in this pass. */
  get cameNow(): boolean {
    return this.#now.size > 0;
  }

  /** Counts the entry; true if it has now come twice, and was not given yet. */
  isProven(entry: Uint8Array): boolean {
    const key = latin1(entry);
    const times = (this.#now.get(key) ?? 0) + 1;
    this.#now.set(key, times);
    if (times > (this.#before.get(key) ?? 0) || times <= (this.#given.get(key) ?? 0)) return false;
    this.#given.set(key, times);
    this.told += 1;
    return true;
  }

  /**
   * Whether a whole pass brought nothing that was not given, but for as many entries as it has more than the pass before,
   * if that was whole too: those were taken meanwhile, and are the next session's.
   */
  isDone(pass: number, afterWhole: boolean): boolean {
    if (pass === 0) return false;
    const missing = this.#missing(this.#now).length;
    return (
      missing === 0 ||
      (afterWhole && missing === sum(this.#now) - sum(this.#last) && this.#missing(this.#last).length === 0)
    );
  }

  /** What came in the last pass and was never given. */
  left(): Uint8Array[] {
    return this.#missing(this.#now);
  }

  /** What came in the passes before and was never given. */
  unseen(): Uint8Array[] {
    return this.#missing(this.#before);
  }

  /** Gives what came once, whole, and is not to be had again. */
  *believe(): Generator<SegmentNews, SegmentEnd, void> {
    const entries = this.unseen();
    this.told += entries.length;
    if (entries.length > 0) yield { type: "proven", entries };
    return { problem: null, entries: this.told, once: true };
  }

  #missing(of: ReadonlyMap<string, number>): Uint8Array[] {
    return [...of].flatMap(([key, times]) =>
      Array.from({ length: Math.max(0, times - (this.#given.get(key) ?? 0)) }, () => latin1Bytes(key)),
    );
  }
}

function sum(times: ReadonlyMap<string, number>): number {
  return [...times.values()].reduce((total, each) => total + each, 0);
}

function who({ manufacturer, model, serial, firmware, clockSettable }: DeviceFacts): string {
  return JSON.stringify([manufacturer, model, serial, firmware, clockSettable]);
}

/** Whether a clock went on by as much as the hub's, give or take. */
function wentOn(from: string | null, to: string | null, hubMs: number, slackMs: number): boolean {
  return from !== null && to !== null && Math.abs(wallMs(to) - wallMs(from) - hubMs) <= slackMs;
}
