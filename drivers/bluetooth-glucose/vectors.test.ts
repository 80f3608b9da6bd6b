import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hex, unhex } from "../../src/kit/bytes.js";
import { dateTimeBytes } from "../shared/gatt/date-time.js";
import { countRequest, readRacpAnswer, reportRequest } from "../shared/gatt/racp.js";
import { readSfloat, type Sfloat, scaled } from "../shared/gatt/sfloat.js";
import { ownClockWords } from "./clock.js";
import { readContext } from "./context.js";
import { readFeature } from "./feature.js";
import { readMeasurement } from "./measurement.js";
import { readingsOf } from "./reading.js";
import { ROWS } from "./rows.js";

/** Samples of two studies, beside the checkout; where they are missing, this is skipped. */
const FOLDER = new URL("../../../shared/vectors/", import.meta.url);
const FILES = ["set-a/ble-glucose-profile.json", "set-b/ble-glucose.json"];

interface Vector {
  readonly source_path: string;
  readonly description: string;
  readonly input_hex: string;
  readonly expected: string | Readonly<Record<string, unknown>>;
}

const present = FILES.every((file) => existsSync(new URL(file, FOLDER)));
const vectors: readonly Vector[] = present
  ? FILES.flatMap((file) => JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")).vectors)
  : [];

const expectedOf = ({ expected }: Vector): Readonly<Record<string, unknown>> =>
  typeof expected === "string" ? { words: expected } : expected;

function familyOf(vector: Vector): string {
  const { source_path: source, description } = vector;
  const expected = expectedOf(vector);
  if (/RACP|RecordAccess/.test(source + description)) return "records";
  if (/Context/.test(source) || /context/i.test(description.slice(0, 40)) || "meal" in expected) return "context";
  if (/Feature/.test(source)) return "feature";
  if ("special" in expected || description.startsWith("SFLOAT")) return "number";
  if (/clock/.test(description)) return "clock";
  return "measurement";
}

const of = (family: string): readonly Vector[] => vectors.filter((vector) => familyOf(vector) === family);
const decimal = (amount: Sfloat, power: number): number | string =>
  amount.kind === "number" ? scaled(amount, power) : amount.kind;
const SPECIALS: Readonly<Record<string, string>> = {
  "+INFINITY": "above",
  "+INF": "above",
  "-INFINITY": "below",
  "-INF": "below",
  NaN: "not a number",
  "NRes (no value at this resolution)": "not at this resolution",
  reserved: "reserved",
};

describe.skipIf(!present)("samples of two studies", () => {
  test("all are of a kind that is tried here", () => {
    const families = ["measurement", "context", "records", "feature", "number", "clock"];
    const counts = families.map((family) => of(family).length);
    expect(counts).toEqual([17, 8, 26, 4, 10, 2]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(vectors.length);
  });

  test.each(of("measurement"))("measurement: $description", (vector) => {
    const bytes = unhex(vector.input_hex);
    const expected = expectedOf(vector);
    if (expected["error"] !== undefined) {
      expect(() => readMeasurement(bytes)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^FRAME_/) }));
      return;
    }
    const read = readMeasurement(bytes, "base_time_fixed" in expected);
    const { concentration } = read;
    if (concentration === null) throw new Error("no concentration");
    const told = {
      flags_hex: vector.input_hex.slice(0, 2),
      sequence: read.sequence,
      base_time: read.baseTime,
      base_time_fixed: read.baseTime,
      time_offset_min: read.offsetMinutes,
      user_facing_time: read.time,
      type: concentration.type,
      location: concentration.location,
      status_hex: read.status?.toString(16).padStart(4, "0"),
      context_follows: read.contextFollows,
      mg_dl: decimal(concentration.amount, 5),
      mmol_l: decimal(concentration.amount, 3),
      sfloat_special: concentration.amount.kind,
    };
    const { status_bits: _bits, out_of_range: side, ...wanted } = expected;
    const special = wanted["sfloat_special"];
    const named = typeof special === "string" ? { ...wanted, sfloat_special: SPECIALS[special] } : wanted;
    expect(told).toMatchObject(named);
    if (side === undefined) return;
    const [row] = ROWS;
    if (row === undefined) throw new Error("no row");
    const [reading] = readingsOf({ told: read, raw: bytes }, null, row);
    expect([reading?.outOfRange, reading?.asSent]).toEqual(["low", side]);
  });

  test.each(of("context"))("context: $description", (vector) => {
    const bytes = unhex(vector.input_hex);
    const expected = expectedOf(vector);
    if (expected["error"] !== undefined) {
      expect(() => readContext(bytes)).toThrow(expect.objectContaining({ code: "FRAME_TRUNCATED" }));
      return;
    }
    const read = readContext(bytes);
    const { medication, carbohydrate, exercise } = read;
    const told = {
      sequence: read.sequence,
      extended: read.extended,
      meal: read.meal,
      kind: read.meal === 6 ? "ketone" : "glucose",
      tester: read.tester,
      health: read.health,
      carb_id: carbohydrate?.id,
      carb_g: carbohydrate === null ? null : decimal(carbohydrate.kilograms, 3),
      exercise_s: exercise?.seconds,
      exercise_percent: exercise?.percent,
      medication_id: medication?.id,
      medication_mg: medication?.unit === "kg" ? decimal(medication.amount, 6) : null,
      medication_ml: medication?.unit === "L" ? decimal(medication.amount, 3) : null,
      hba1c_percent: read.hba1c === null ? null : decimal(read.hba1c, 0),
    };
    expect(told).toMatchObject(expected);
  });

  test.each(of("records"))("records: $description", (vector) => {
    const bytes = unhex(vector.input_hex);
    const expected = expectedOf(vector);
    const isRequest = "op" in expected ? expected["op"] !== 6 : "words" in expected && bytes[0] !== 6;
    if (expected["error"] !== undefined) {
      expect(() => readRacpAnswer(bytes)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^FRAME_/) }));
    } else if (isRequest) {
      const [, , , low = 0, high = 0] = bytes;
      const range = bytes.length === 2 ? "all" : { from: low + 256 * high };
      const made = (bytes[0] === 4 ? countRequest : reportRequest)(range);
      expect(hex(made.bytes)).toBe(hex(bytes));
      if ("sequence" in expected) expect(range).toEqual({ from: expected["sequence"] });
    } else {
      const codes: readonly (string | number | undefined)[] = [
        undefined,
        "success",
        "op-code-not-supported",
        "invalid-operator",
        "operator-not-supported",
        "invalid-operand",
        "no-records-found",
        "abort-unsuccessful",
        "procedure-not-completed",
        "operand-not-supported",
        10,
      ];
      const read = readRacpAnswer(bytes);
      const count = expected["count"] ?? expected["numberOfRecords"];
      if (count !== undefined) expect(read).toEqual({ kind: "count", count });
      else {
        const words: Readonly<Record<string, number>> = { "transfer complete": 1, "empty result": 6 };
        const response = expected["response"];
        const code = typeof response === "number" ? response : codes.indexOf(String(response));
        const wanted = "words" in expected ? words[String(expected["words"])] : code;
        expect(read).toEqual({ kind: "end", op: expected["request_op"] ?? 1, code: wanted });
      }
    }
  });

  test.each(of("feature"))("feature: $description", (vector) => {
    const bytes = unhex(vector.input_hex);
    const expected = expectedOf(vector);
    if (expected["error"] !== undefined) {
      expect(() => readFeature(bytes)).toThrow(expect.objectContaining({ code: "FRAME_TRUNCATED" }));
      return;
    }
    const read = readFeature(bytes);
    expect(read.toString(16).padStart(4, "0")).toBe(expected["value_hex"]);
  });

  test.each(of("number"))("number: $description $input_hex", (vector) => {
    const read = readSfloat(unhex(vector.input_hex), 0);
    const { special, mg_dl: mgDl, mmol_l: mmolL, sfloat } = expectedOf(vector);
    if (special !== undefined) expect(read.kind).toBe(SPECIALS[String(special)]);
    else if (mgDl !== undefined) expect(decimal(read, 5)).toBe(mgDl);
    else if (mmolL !== undefined) expect(decimal(read, 3)).toBe(mmolL);
    else expect(decimal(read, 0)).toBe(sfloat);
  });

  test.each(of("clock"))("clock: $description", (vector) => {
    const { local_time: wall } = expectedOf(vector);
    const time = typeof wall === "string" ? dateTimeBytes(wall) : new Uint8Array(7);
    expect(hex(ownClockWords(time))).toBe(hex(unhex(vector.input_hex)));
  });
});
