import { readRecord as readBgstar } from "../../drivers/bgstar/codec.js";
import { readRecord as readDexcom } from "../../drivers/dexcom-receiver/codec.js";
import { isProven, PAGE_TYPES } from "../../drivers/dexcom-receiver/page.js";
import { readRecord as readLite } from "../../drivers/freestyle-lite/codec.js";
import { isSound, readRecord as readExpression } from "../../drivers/glucocard-expression/codec.js";
import { readReading as readAreo } from "../../drivers/glucomen-areo/codec.js";
import { DRIVERS } from "../../drivers/index.js";
import { readRecord as readUltra2 } from "../../drivers/onetouch-ultra2/codec.js";
import { WORDS as ULTRAMINI } from "../../drivers/onetouch-ultramini/codec.js";
import { WORDS as VERIOIQ } from "../../drivers/onetouch-verioiq/codec.js";
import { readRecord as readXtra } from "../../drivers/precision-xtra/codec.js";
import { readRecord as readPrime } from "../../drivers/relion-prime/codec.js";
import { readRecord as readCodefree } from "../../drivers/sd-codefree/codec.js";
import { readFrame } from "../../drivers/shared/astm/frame.js";
import { readingOf } from "../../drivers/shared/astm/reading.js";
import { readResult } from "../../drivers/shared/astm/result.js";
import { readRecord as readIsens } from "../../drivers/shared/isens/record.js";
import { frameAt } from "../../drivers/shared/lifescan/frame.js";
import { latin1 } from "../../src/kit/bytes.js";
import type { SerialDriver } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hear } from "../helpers/simulated-line.js";
import { percentile } from "./compare.js";
import type { Bench, Figure } from "./figure.js";

/** A full memory, records. */
const MEMORY = 1_000;
/** How often it is decoded; the middle counts. */
const ROUNDS = 41;
/** What a memory of 1,000 may take to decode, milliseconds. */
const TARGET_MS = 5;
/** What a session may take, as a multiple of the time that its bytes need on the line. */
const TARGET_LINE = 1.1;

/** How each family's codec makes a reading of a record as it came. */
const CODECS: Readonly<Record<string, (raw: Uint8Array) => unknown>> = {
  "onetouch-ultra2": readUltra2,
  "onetouch-ultramini": (raw) => lifescan(ULTRAMINI, raw),
  "onetouch-verioiq": (raw) => lifescan(VERIOIQ, raw),
  "freestyle-lite": readLite,
  "precision-xtra": readXtra,
  "contour-serial": (raw) => readingOf(readResult(readFrame(raw).text), undefined, raw),
  isens: readIsens,
  "glucocard-expression": (raw) => (isSound(raw) ? readExpression(raw) : null),
  "relion-prime": readPrime,
  "sd-codefree": (raw) => readCodefree(raw, raw.subarray(3, -2)),
  "glucomen-areo": readAreo,
  bgstar: (raw) => readBgstar(latin1(raw).trimEnd(), raw, "mg/dL"),
  "dexcom-receiver": (raw) => (isProven(raw) ? readDexcom(PAGE_TYPES.egv, 2, raw, []) : null),
};

/**
 * For each serial family: 1,000 records of a virtual meter through its codec, and a session with a full memory over a line
 * of its speed, in virtual time, against the time that the bytes of both sides need on it. Rejects if a record does not
 * decode or a session breaks off.
 */
export const benchCodecs: Bench = async ({ say }) => {
  const figures: Figure[] = [];
  for (const driver of DRIVERS) {
    if (driver.transport !== "serial") continue;
    const { raws, tookMs, lineMs } = await readWhole(driver);
    const decode = CODECS[driver.id];
    if (decode === undefined) throw new Error(`there is no codec for ${driver.id} in this bench`);
    say(`${driver.id}: ${raws.length} records.`);
    const memory = Array.from({ length: MEMORY }, (_, index) => raws[index % raws.length] ?? new Uint8Array());
    const times = Array.from({ length: ROUNDS }, () => timed(memory, decode));
    figures.push(
      { name: `${driver.id}, ${MEMORY} records decoded`, unit: "ms", ours: percentile(times, 0.5), ...NO_FLOOR },
      {
        name: `  session of ${raws.length} against its line`,
        unit: "ms",
        ours: tookMs,
        floor: lineMs,
        ratio: tookMs / lineMs,
        target: { of: "ratio", atMost: TARGET_LINE },
      },
    );
  }
  return figures;
};

const NO_FLOOR = { floor: null, ratio: null, target: { of: "value", atMost: TARGET_MS } } as const;

function timed(memory: readonly Uint8Array[], decode: (raw: Uint8Array) => unknown): number {
  const from = performance.now();
  let made = 0;
  for (const raw of memory) if (decode(raw) !== null) made += 1;
  const took = performance.now() - from;
  if (made !== memory.length) throw new Error(`${memory.length - made} records did not decode`);
  return took;
}

/** Reads a virtual meter's full memory in virtual time. */
async function readWhole(
  driver: SerialDriver,
): Promise<{ readonly raws: readonly Uint8Array[]; readonly tookMs: number; readonly lineMs: number }> {
  const clock = new VirtualClock(Date.parse("2026-03-05T12:00:00Z"));
  const meter = driver.simulate({ count: MEMORY, seed: 1, clock, zone: "Europe/London" });
  let bytes = 0;
  const counted = {
    ...(meter.start === undefined
      ? {}
      : { start: (send: (chunk: Uint8Array) => void) => meter.start?.((chunk) => count(chunk, send)) }),
    receive: (asked: Uint8Array, send: (chunk: Uint8Array) => void) => {
      bytes += asked.length;
      meter.receive(asked, (chunk) => count(chunk, send));
    },
  };
  function count(chunk: Uint8Array, send: (chunk: Uint8Array) => void): void {
    bytes += chunk.length;
    send(chunk);
  }
  const heard = await hear(driver, counted, clock);
  if (heard.reason !== null) throw heard.reason;
  const { baudRate, dataBits, parity, stopBits } = driver.settings;
  const bits = 1 + dataBits + (parity === "none" ? 0 : 1) + stopBits;
  return {
    raws: heard.readings.map(({ raw }) => raw),
    tookMs: heard.tookMs,
    lineMs: (bytes * bits * 1_000) / baudRate,
  };
}

function lifescan(words: typeof ULTRAMINI, raw: Uint8Array): unknown {
  const frame = frameAt(raw);
  return frame === null ? null : words.read(frame.message.subarray(2), raw);
}
