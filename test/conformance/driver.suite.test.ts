import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DRIVERS, findDriver } from "../../drivers/index.js";
import { isProblem } from "../../src/domain/problem.js";
import type { SourceReading } from "../../src/domain/reading.js";
import { blankTranscript } from "../../src/kit/blank.js";
import { latin1 } from "../../src/kit/bytes.js";
import { CAPABILITIES, type CapabilityName, type MeterDriver } from "../../src/kit/driver.js";
import { parseTranscript, printTranscriptHead, type Transcript } from "../../src/kit/transcript.js";
import type { ReplayChunk } from "../../src/transports/replay.js";
import { collect, type Outcome } from "./collect.js";
import {
  cutAfter,
  cuts,
  flipBit,
  meterBytes,
  replaceEvent,
  reportAt,
  sentBytes,
  swapReports,
  turnable,
} from "./faults.js";
import {
  demandNothingPassedOver,
  demandOthersUntouched,
  demandParts,
  demandToldBefore,
  provenByLink,
} from "./over-link.js";

/** Whatever goes wrong, a session is over in this time. */
const PATIENCE_MS = 10 * 60_000;

interface Sample {
  readonly name: string;
  readonly transcript: Transcript;
  readonly wanted: unknown;
}

function samplesOf(driver: MeterDriver): Sample[] {
  const folder = new URL(`../transcripts/${driver.id}/`, import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".txt"))
    .sort()
    .map((file) => ({
      name: file.replace(/\.txt$/, ""),
      transcript: parseTranscript(readFileSync(new URL(file, folder), "utf8")),
      wanted: JSON.parse(readFileSync(new URL(file.replace(/txt$/, "json"), folder), "utf8")),
    }));
}

/** An outcome in the words of the expected files. */
function told(outcome: Outcome): unknown {
  return {
    identity: outcome.identities[0] ?? null,
    ...(outcome.sources.every((source) => source === "meter") ? {} : { source: outcome.sources[0] }),
    clock: outcome.clocks.length === 0 ? null : outcome.clocks,
    ...(outcome.clockChanges.length === 0 ? {} : { clockChanges: outcome.clockChanges }),
    expected: outcome.expected,
    readings: outcome.readings.map((reading) => ({
      ...(reading.kind === "glucose" ? {} : { kind: reading.kind }),
      ...(reading.index === null ? {} : { index: reading.index }),
      ...(reading.order === undefined ? {} : { order: reading.order }),
      deviceTime: reading.deviceTime,
      value: reading.value,
      outOfRange: reading.outOfRange,
      control: reading.control,
      meal: reading.meal,
      specimen: reading.specimen,
      note: reading.note,
      unit: reading.unit,
      asSent: reading.asSent,
      raw: latin1(reading.raw),
    })),
    unreadable: outcome.unreadable.map(({ code, raw }) => ({ code, raw: latin1(raw) })),
    ...(outcome.cursors.length === 0 ? {} : { cursor: outcome.cursors.at(-1) }),
    problem: outcome.problem?.code ?? null,
  };
}

const text = (reading: SourceReading): string => JSON.stringify({ ...reading, raw: latin1(reading.raw) });

const isWhole = (outcome: Outcome, sound: Outcome): boolean =>
  JSON.stringify(outcome.readings.map(text)) === JSON.stringify(sound.readings.map(text));

const withoutRaw = (reading: SourceReading): unknown => ({ ...reading, raw: null });

/** Holds for any fault: nothing is told that a sound conversation would not tell, and it ends with a named problem. */
function demandNothingInvented(faulty: Outcome, sound: Outcome, driver: MeterDriver): void {
  const truth = new Set(sound.readings.map(text));
  if (provenByLink(driver)) demandParts(faulty.readings, sound.readings);
  else expect(faulty.readings.map(text).filter((reading) => !truth.has(reading))).toEqual([]);
  demandNothingPassedOver(faulty, sound);
  for (const identity of faulty.identities) {
    for (const [name, value] of Object.entries(identity)) {
      if (value !== null)
        expect(value).toBe(Object.entries(sound.identities[0] ?? {}).find(([key]) => key === name)?.[1]);
    }
  }
  for (const clock of faulty.clocks) if (clock !== null) expect(sound.clocks).toContain(clock);
  for (const change of faulty.clockChanges) expect(sound.clockChanges).toContainEqual(change);
  expect(faulty.problem === null || (isProblem(faulty.problem) && faulty.problem.code !== "INTERNAL")).toBe(true);
  expect(faulty.tookMs).toBeLessThan(PATIENCE_MS);
}

/**
 * Demands of a conversation that was cut after that many of the meter's bytes that it told just what was proven by then:
 * each reading that stood whole, or, where only the whole memory is proven, or each reading by coming twice, no other
 * ones than the first of them.
 */
function demandReadingsBefore(cut: Outcome, sound: Outcome, driver: MeterDriver, stream: string, bytes: number): void {
  if (provenByLink(driver)) {
    demandToldBefore(cut, sound, stream, bytes);
    return;
  }
  const kept = cut.readings.map(text);
  const all = sound.readings.map(text);
  // A report has its length and its number in front: a reading's bytes do not stand in one piece there.
  const inOnePiece = driver.transport === "serial" || driver.transport === "usb";
  if (driver.integrity.over === "record" && inOnePiece) {
    expect(kept).toEqual(all.slice(0, wholeWithin(sound.readings, stream, bytes)));
    return;
  }
  expect(kept).toEqual(all.slice(0, kept.length));
  if (driver.integrity.over === "dump") expect([0, all.length]).toContain(kept.length);
  else if (inOnePiece) expect(kept.length).toBeLessThanOrEqual(wholeWithin(sound.readings, stream, bytes));
}

/** How many of the readings stand whole within that many of the meter's bytes. */
function wholeWithin(readings: readonly SourceReading[], stream: string, bytes: number): number {
  let [whole, from] = [0, 0];
  for (const reading of readings) {
    const raw = latin1(reading.raw);
    from = stream.indexOf(raw, from) + raw.length;
    expect(from).toBeGreaterThan(raw.length);
    if (from <= bytes) whole += 1;
  }
  return whole;
}

/** Readers whose conversation can't be replayed once it is blanked. */
const ENCRYPTED: ReadonlySet<string> = new Set(["freestyle-libre2"]);

/** What a transcript must show for a driver to claim a capability. */
const SHOWN: Readonly<Partial<Record<CapabilityName, (outcome: Outcome) => boolean>>> = {
  readings: ({ readings }) => readings.length > 0,
  unit: ({ identities }) => identities.some(({ displayUnit }) => displayUnit === "mmol/L"),
  clockRead: ({ clocks }) => clocks.some((clock) => clock !== null),
  serialNumber: ({ identities }) => identities.some(({ serial }) => serial !== null),
  controlSolution: ({ readings }) => readings.some(({ control }) => control),
  mealMarker: ({ readings }) => readings.some(({ meal }) => meal !== null),
  note: ({ readings }) => readings.some(({ note }) => note !== null),
  ketone: ({ readings }) => readings.some(({ kind }) => kind === "ketone"),
  incremental: ({ resumed, cursors }) => resumed !== null && cursors.length > 0,
  // Shown by the test of the driver's own: a session only reads.
  clockSet: () => true,
};

const METERS = DRIVERS.filter((driver) => driver.transport !== "file");

describe("the catalogue", () => {
  test("holds at least thirteen meters, and no id twice", () => {
    expect(METERS.length).toBeGreaterThanOrEqual(13);
    expect(new Set(DRIVERS.map(({ id }) => id)).size).toBe(DRIVERS.length);
  });

  test("finds a driver by its id and refuses another name with the nearest ones", () => {
    expect(DRIVERS.map(({ id }) => findDriver(id))).toEqual(DRIVERS);
    expect(() => findDriver("onetouch-ultra")).toThrow(
      expect.objectContaining({ code: "DRIVER_UNKNOWN", message: expect.stringContaining("onetouch-ultra2") }),
    );
  });

  test("lets no two drivers claim the same USB identifiers for themselves", () => {
    const claims = METERS.flatMap(({ id, transport, usb }) => usb.map((match) => ({ id, transport, ...match })));
    expect(claims.length).toBeGreaterThanOrEqual(3);
    const contested = claims.filter(
      (claim) =>
        !claim.ambiguous &&
        claims.some(
          (other) =>
            other.id !== claim.id &&
            other.transport === claim.transport &&
            other.vendorId === claim.vendorId &&
            other.productId === claim.productId,
        ),
    );
    expect(contested).toEqual([]);
  });
});

describe.each(METERS.map((driver) => ({ id: driver.id, driver })))("$id", ({ driver }) => {
  const samples = samplesOf(driver);

  test("has at least five transcripts, and each names the driver", () => {
    expect(samples.length).toBeGreaterThanOrEqual(5);
    expect(new Set(samples.map(({ transcript }) => transcript.headers.driver))).toEqual(new Set([driver.id]));
  });

  test.each(samples)("gives of $name what is expected, however its bytes fall into chunks", async (sample) => {
    const chunks: readonly ReplayChunk[] = ["lines", 1, 2, 3, 5, "all"];
    let ran = 0;
    for (const chunk of chunks) {
      const outcome = await collect(driver, sample.transcript, chunk);
      expect(told(outcome), `chunk ${chunk}`).toEqual(sample.wanted);
      expect(outcome.difference, `chunk ${chunk}`).toBeNull();
      demandNothingPassedOver(outcome, outcome);
      ran += 1;
    }
    expect(ran).toBe(6);
  });

  // What an encrypted reader says is emptied whole: a serial number could be found in it by trying. Its own tests say how.
  test.skipIf(ENCRYPTED.has(driver.id)).each(samples)(
    "can be sent to a stranger: of $name, blanked, only the serial number changes",
    async (sample) => {
      const sound = await collect(driver, sample.transcript);
      const blanked = blankTranscript(driver, sample.transcript);
      const outcome = await collect(driver, blanked);
      const [serial, masked] = [sound.identities[0]?.serial ?? "", outcome.identities[0]?.serial ?? ""];
      expect(masked).toHaveLength(serial.length);
      // A few characters may tell the model, without which the rest can't be read.
      expect([...masked].filter((letter, at) => letter === serial[at] && !/[X0\W]/.test(letter)).length).toBeLessThan(
        4,
      );
      expect(outcome.readings.map(withoutRaw)).toEqual(sound.readings.map(withoutRaw));
      expect(outcome.unreadable.map(({ code }) => code)).toEqual(sound.unreadable.map(({ code }) => code));
      expect(outcome.problem?.code ?? null).toBe(sound.problem?.code ?? null);
      expect(outcome.difference).toBeNull();
      expect(outcome.cursors).toHaveLength(sound.cursors.length);
      if (serial.length > 3) {
        expect(latin1(sentBytes(driver, blanked))).not.toContain(serial);
        expect(printTranscriptHead(blanked.headers)).not.toContain(serial);
      }
    },
  );

  test("shows each capability that it claims in a transcript", async () => {
    const outcomes = await Promise.all(samples.map(({ transcript }) => collect(driver, transcript)));
    const claimed = CAPABILITIES.filter((name) => driver.capabilities[name] === "yes");
    const shown = claimed.filter((name) => outcomes.some((outcome) => SHOWN[name]?.(outcome) ?? false));
    expect(shown).toEqual(claimed);
    expect(claimed.length).toBeGreaterThanOrEqual(1);
  });

  test.each(samples)(
    "gives of $name, cut at any byte, the readings before the cut",
    { timeout: 60_000 },
    async (sample) => {
      const sound = await collect(driver, sample.transcript);
      const stream = latin1(meterBytes(sample.transcript));
      let ran = 0;
      const places = cuts(driver, sample.transcript);
      for (const bytes of places) {
        for (const end of ["unplugged", "silence"] as const) {
          const faulty = await collect(driver, cutAfter(sample.transcript, bytes, end), "all");
          demandReadingsBefore(faulty, sound, driver, stream, bytes);
          // Some meters hang up after their last record, which is no fault if the hub knows that it was the last.
          const over = provenByLink(driver) && end === "unplugged" && isWhole(faulty, sound);
          expect(over || isProblem(faulty.problem), `cut after ${bytes}, ${end}`).toBe(true);
          demandNothingInvented(faulty, sound, driver);
          ran += 1;
        }
      }
      expect(ran).toBe(places.length * 2);
    },
  );

  test.each(samples)("tells nothing untrue of $name with bits turned over", { timeout: 120_000 }, async (sample) => {
    const sound = await collect(driver, sample.transcript);
    const bits = turnable(driver, sample.transcript);
    let ran = 0;
    for (const { place, bit } of bits) {
      const turned = flipBit(sample.transcript, place, bit);
      const faulty = await collect(driver, turned, "all");
      if (provenByLink(driver))
        demandOthersUntouched(faulty, sound, reportAt(sample.transcript, place), reportAt(turned, place));
      else demandNothingInvented(faulty, sound, driver);
      expect(faulty.tookMs).toBeLessThan(PATIENCE_MS);
      ran += 1;
    }
    expect(ran).toBe(bits.length);
  });

  test.each(samples)(
    "stays true of $name with a frame dropped, doubled, late or out of order, or the cable pulled",
    async (sample) => {
      const sound = await collect(driver, sample.transcript);
      let [ran, swapped] = [0, 0];
      for (const [number, event] of sample.transcript.events.entries()) {
        const faults: Transcript[] = [replaceEvent(sample.transcript, number, () => [{ type: "unplugged", line: 0 }])];
        if (event.type === "report") {
          faults.push(replaceEvent(sample.transcript, number, () => []));
          faults.push(replaceEvent(sample.transcript, number, (frame) => [frame, frame]));
          for (const ms of [1_500, 60_000]) {
            faults.push(replaceEvent(sample.transcript, number, (frame) => [{ type: "silence", ms, line: 0 }, frame]));
          }
        }
        const swap = driver.transport === "ble" ? swapReports(sample.transcript, number) : null;
        if (swap !== null) {
          faults.push(swap);
          swapped += 1;
        }
        for (const fault of faults) {
          demandNothingInvented(await collect(driver, fault), sound, driver);
          ran += 1;
        }
      }
      const reports = sample.transcript.events.filter((event) => event.type === "report").length;
      expect(ran).toBe(sample.transcript.events.length + 4 * reports + swapped);
    },
  );
});
