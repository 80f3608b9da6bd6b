import type { SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { RecordDevice } from "./device.js";
import type { SampleName } from "./keys.js";
import { type Understood, unreadable } from "./map.js";
import { PRESSURE_TYPE } from "./types.js";

/** One half of a blood pressure that was understood, and where it began in the file. */
export interface Half {
  readonly name: Understood;
  readonly reading: SourceReading;
  readonly offset: number;
}

/** A blood pressure: its reading, still without key, and what the key is made of. */
export interface Pressure {
  readonly reading: SourceReading;
  readonly name: SampleName;
}

/** What a correlation says besides its halves. */
export interface Around {
  readonly device: RecordDevice | null;
  readonly utcOffset: number | null;
  readonly raw: Uint8Array;
}

/**
 * True if these halves are one blood pressure: one systolic and one diastolic value of one source at one time. Else
 * which would belong to which is not guessed.
 */
export function arePair(halves: readonly Understood[]): boolean {
  const [one, other] = halves;
  if (one === undefined || other === undefined || halves.length !== 2) return false;
  const sameTime = one.startMs === other.startMs && one.endMs === other.endMs;
  return sameTime && one.sourceName === other.sourceName && one.sample.half !== other.sample.half;
}

/** Two halves as one blood pressure; null unless they are a pair. */
export function joinHalves(halves: readonly Half[], around: Around): Pressure | null {
  if (!arePair(halves.map(({ name }) => name))) return null;
  const systolic = halves.find(({ name }) => name.sample.half === "systolic");
  const diastolic = halves.find(({ name }) => name.sample.half === "diastolic");
  if (systolic === undefined || diastolic === undefined) return null;
  const { reading } = systolic;
  const number = reading.asSent.slice(0, reading.asSent.lastIndexOf(" "));
  return {
    reading: {
      ...reading,
      value2: diastolic.reading.value,
      outOfRange: reading.outOfRange ?? diastolic.reading.outOfRange,
      utcOffset: reading.utcOffset ?? diastolic.reading.utcOffset ?? around.utcOffset,
      device: reading.device ?? diastolic.reading.device ?? around.device,
      asSent: `${number}/${diastolic.reading.asSent}`,
      raw: around.raw,
    },
    // By its time alone: the halves may be told with or without their correlation, which may have a name of its own.
    name: {
      ...systolic.name,
      type: PRESSURE_TYPE,
      value2: diastolic.reading.value,
      syncIdentifier: null,
      syncVersion: null,
      externalUuid: null,
      child: false,
    },
  };
}

/** Halves that no correlation holds. */
export interface LooseHalves {
  /** Keeps one until its partner is known for sure. True: there are so many that they should be taken out now. */
  add(half: Half): boolean;
  /** Everything that was kept, as pressures where a time has one of each, else as what can't be read. */
  takeOut(): Generator<Pressure | Unreadable, void, void>;
}

/** How many bytes of halves are kept; a phone that measures ten times a day fills that in eleven years. */
const MAX_BYTES = 32 << 20;

/** An empty collection. Halves that are written again are kept once. */
export function createLooseHalves(maxBytes: number = MAX_BYTES): LooseHalves {
  let waiting = new Map<string, Half[]>();
  let bytes = 0;
  return {
    add(half) {
      const { sourceName, startMs, endMs } = half.name;
      const key = `${startMs} ${endMs} ${sourceName}`;
      const there = waiting.get(key) ?? [];
      if (there.some(({ name }) => name.sample === half.name.sample && name.value === half.name.value)) return false;
      there.push(half);
      waiting.set(key, there);
      bytes += half.reading.raw.length + 500;
      return bytes >= maxBytes;
    },
    *takeOut() {
      const taken = waiting;
      waiting = new Map();
      bytes = 0;
      for (const halves of taken.values()) {
        const raw = Buffer.concat(halves.map(({ reading }) => reading.raw));
        const pressure = joinHalves(halves, { device: null, utcOffset: null, raw });
        if (pressure !== null) yield pressure;
        else for (const { offset, reading } of halves) yield unreadable(offset, whyNot(halves), reading.raw);
      }
    },
  };
}

function whyNot(halves: readonly Half[]): string {
  return halves.length === 1
    ? "it is one half of a blood pressure, and the other is missing"
    : "several blood pressures stand at one time, and nothing tells which halves belong together";
}
