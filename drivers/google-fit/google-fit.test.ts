import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { isProblem, type ProblemCode } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import type { FileTransport } from "../../src/kit/transport.js";
import { openFile } from "../../src/transports/file.js";
import { filesOf } from "../../test/helpers/report-file.js";
import { googleFit } from "./index.js";
import { sampleTakeout } from "./simulator.js";
import { readStream } from "./stream.js";

const vectors = fileURLToPath(new URL("../../../shared/vectors/exports/synthetic/", import.meta.url));
const END = Date.UTC(2024, 2, 1, 8);

interface Heard {
  /** Of one name once, as the store keeps them. */
  readonly readings: readonly SourceReading[];
  readonly told: number;
  readonly unreadable: readonly Unreadable[];
  readonly problem: ProblemCode | null;
}

/** Runs the driver over each entry that it recognises, as an import does. */
async function hear(file: FileTransport, kinds: ReadonlySet<Kind> | null = null): Promise<Heard> {
  const events: SessionEvent[] = [];
  let problem: ProblemCode | null = null;
  const database = async (): Promise<never> => {
    throw new Error("there is no database here");
  };
  const signal = new AbortController().signal;
  const shared = { file, signal, log: silentLog, zone: "UTC", kinds, dateOrder: null, database };
  try {
    for (const entry of await file.entries()) {
      let head: Uint8Array = new Uint8Array();
      for await (const bytes of entry.open()) {
        head = Buffer.concat([head, bytes]).subarray(0, 4_096);
        if (head.length === 4_096) break;
      }
      if (!googleFit.recognise(entry, head)) continue;
      for await (const event of googleFit.session({ ...shared, entry })) events.push(event);
    }
  } catch (error) {
    if (!isProblem(error)) throw error;
    problem = error.code;
  }
  const told = events.flatMap((event) => (event.type === "readings" ? event.readings : []));
  return {
    readings: [...new Map(told.map((reading) => [`${reading.kind} ${reading.sourceKey}`, reading])).values()],
    told: told.length,
    unreadable: events.flatMap((event) => (event.type === "unreadable" ? [event.unreadable] : [])),
    problem,
  };
}

const hearText = (text: string | Uint8Array, pieceBytes = 65_536): Promise<Heard> =>
  hear(filesOf({ "x.json": text }, pieceBytes));

async function hearFile(path: string): Promise<Heard> {
  const file = await openFile(path);
  try {
    return await hear(file);
  } finally {
    await file.close();
  }
}

function totals(readings: readonly SourceReading[]): Record<string, readonly [count: number, sum: number]> {
  const sums = new Map<string, [number, number]>();
  for (const { kind, value } of readings) {
    const [count, sum] = sums.get(kind) ?? [0, 0];
    sums.set(kind, [count + 1, sum + (value ?? 0)]);
  }
  return Object.fromEntries([...sums].map(([kind, [count, sum]]) => [kind, [count, Math.round(sum * 1_000) / 1_000]]));
}

function hasPython(): boolean {
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Counts and sums the apps' own streams of a zip archive or a folder, by kind. */
const READER = `
import json, os, sys, zipfile
kinds = {"com.google.blood_glucose": "glucose", "com.google.weight": "weight", "com.google.heart_rate.bpm": "heart_rate",
         "com.google.step_count.delta": "steps", "com.google.blood_pressure": "blood_pressure"}
archive = zipfile.ZipFile(sys.argv[1])
sums = {}
for name in archive.namelist():
    if not name.endswith(".json"): continue
    document = json.loads(archive.read(name))
    if not document.get("Data Source", "").startswith("raw:"): continue
    for point in document["Data Points"]:
        kind = kinds.get(point["dataTypeName"])
        if kind is None: continue
        value = point["fitValue"][0]["value"]
        count, total = sums.get(kind, (0, 0))
        sums[kind] = (count + 1, total + value.get("fpVal", value.get("intVal")))
print(json.dumps({kind: [count, round(total, 3)] for kind, (count, total) in sums.items()}))
`;

function byPython(path: string): unknown {
  return JSON.parse(execFileSync("python3", ["-c", READER, path], { encoding: "utf8" }));
}

/** The files as a zip archive in a folder of its own. */
async function zipped<T>(files: Readonly<Record<string, string>>, use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-fit-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    execFileSync("python3", ["-m", "zipfile", "-c", "takeout.zip", "Takeout"], { cwd: folder });
    return await use(join(folder, "takeout.zip"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const TYPE = "com.google.blood_glucose";
const RAW = `raw:${TYPE}:org.example.meter:Example:Meter 2:5a5a:readings`;
const MERGED = `derived:${TYPE}:com.google.android.gms:merged`;
const NANOS = "1434620350091000000";

function point(changes: string, values = '[{"value":{"fpVal":5.5}}]'): string {
  const all = `"fitValue":${values},"originDataSourceId":"${RAW}","startTimeNanos":${NANOS},"endTimeNanos":${NANOS}`;
  return `{${all},"dataTypeName":"${TYPE}"${changes}}`;
}
const stream = (id: string, ...points: readonly string[]): string =>
  `{"Data Source":"${id}","Data Points":[${points.join(",")}]}`;

describe("recognition", () => {
  const cases: readonly [boolean, string][] = [
    [true, stream(RAW)],
    [true, `\uFEFF ${stream(MERGED, point(""))}`],
    [true, `{"Data Points":[${point("")}],"Data Source":`],
    [true, `{"dataSourceId":"raw:${TYPE}:1","minStartTimeNs":"1","point":[]}`],
    [true, '{"point":[{"value":[{"fpVal":1}],"dataTypeName":"com.google.weight"}]}'],
    [true, '{"Data Source":"raw:com.google.calories.expended:com.example.app","Data Points":[{'],
    [false, '{"fitnessActivity":"sleep","startTime":"2026-09-09T17:06:00.000Z"}'],
    [false, '{"data":{"metrics":[{"name":"blood_glucose","data":[]}]}}'],
    [false, '[{"type":"cbg","value":5.5}]'],
    [false, '{"Data Source":"a file","Data Points":[{"a":1}]}'],
    [false, `{"note":"\\"Data Source\\":\\"${RAW}\\""}`],
    [false, "Start time,End time,Calories (kcal)"],
    [false, ""],
  ];
  test.each(cases)("says %s to %j", (expected, head) => {
    expect(googleFit.recognise({ name: "x", size: null, async *open() {} }, Buffer.from(head))).toBe(expected);
  });
});

describe("names of streams", () => {
  test("tell apps, devices, and what Google made itself", () => {
    expect(readStream(RAW)).toMatchObject({
      type: TYPE,
      app: "org.example.meter",
      device: { manufacturer: "Example", model: "Meter 2" },
      standing: "own",
    });
    const step = "derived:com.google.step_count.delta:com.google.android.gms";
    const standings: readonly [string, string, string | null][] = [
      [`raw:${TYPE}:407408718192:Example:Meter:0001`, "own", null],
      ["raw:com.google.weight:com.google.android.apps.fitness:user_input", "own", "com.google.android.apps.fitness"],
      [`${step}:merge_step_deltas`, "merged", "com.google.android.gms"],
      [MERGED, "merged", "com.google.android.gms"],
      [`${step}:estimated_steps`, "rest", "com.google.android.gms"],
      [
        "derived:com.google.heart_rate.bpm:com.google.android.gms:resting_heart_rate<-merge_heart_rate_bpm",
        "rest",
        "com.google.android.gms",
      ],
      [`${step}:LGE:Nexus 5:1a2b:derive_step_deltas`, "own", "com.google.android.gms"],
      [`derived:${TYPE}:org.example.app:merged`, "own", "org.example.app"],
    ];
    expect(standings.map(([id]) => readStream(id)).map((s) => [s?.id, s?.standing, s?.app])).toEqual(standings);
    expect(readStream(`raw:${TYPE}:1:Example:Meter:0001`)?.device).toBeNull();
    for (const none of ["", "raw", "raw:x", "raw::y", "merged:a:b", "raw:a b:c"]) expect(readStream(none)).toBeNull();
  });
});

describe.skipIf(!existsSync(vectors))("the collected exports", () => {
  test("are all tried", () => {
    expect(
      readdirSync(vectors)
        .filter((name) => /fit/.test(name))
        .sort(),
    ).toEqual(["fit-rest-dataset.json", "takeout-fit-en.zip", "takeout-fit-nl.zip"]);
  });

  test.each(["takeout-fit-en.zip", "takeout-fit-nl.zip"])("%s gives its three readings once", async (name) => {
    const { readings, told, unreadable, problem } = await hearFile(vectors + name);
    expect([unreadable, problem]).toEqual([[], null]);
    // By hand, from the files; the merged stream tells the same three.
    expect(told).toBe(3);
    expect(
      readings.map((r) => [r.kind, r.value, r.unit, r.instantMs, r.meal, r.specimen, r.note, r.sourceName]),
    ).toEqual([
      [
        "glucose",
        5.5,
        "mmol/L",
        1_434_620_350_091,
        "before",
        "capillary",
        "Breakfast; Fully awake",
        "com.example.meter",
      ],
      [
        "glucose",
        8.9,
        "mmol/L",
        1_434_627_550_091,
        "after",
        "capillary",
        "Breakfast; Fully awake",
        "com.example.meter",
      ],
      ["glucose", 4.2, "mmol/L", 1_434_634_750_091, "fasting", null, null, "com.example.meter"],
    ]);
    expect(readings.every((r) => r.endMs === null && r.utcOffset === null && r.deviceTime === null)).toBe(true);
  });

  test.skipIf(!hasPython()).each(["takeout-fit-en.zip", "takeout-fit-nl.zip"])(
    "%s gives the counts and sums of Python's JSON module",
    async (name) => {
      expect(totals((await hearFile(vectors + name)).readings)).toEqual(byPython(vectors + name));
    },
  );

  test("the web service's dataset gives its reading", async () => {
    const { readings, unreadable } = await hearFile(`${vectors}fit-rest-dataset.json`);
    expect(unreadable).toEqual([]);
    expect(readings.map((r) => [r.value, r.asSent, r.instantMs, r.meal, r.specimen, r.sourceName])).toEqual([
      [5.5, "5.5 mmol/L", 1_434_620_350_091, "before", "capillary", null],
    ]);
    expect(readings[0]?.sourceKey).toContain("raw:com.google.blood_glucose:1:Example:Meter:0001");
  });
});

describe("an invented Takeout", () => {
  const sample = (folder: string, count = 40): Record<string, string> =>
    sampleTakeout({ seed: 3, count, endMs: END, folder });

  test.skipIf(!hasPython())("gives the counts and sums of Python's JSON module, in any language", async () => {
    for (const folder of ["All Data", "모든 데이터"]) {
      await zipped(sample(folder), async (path) => {
        const { readings, told, unreadable, problem } = await hearFile(path);
        expect([unreadable, problem]).toEqual([[], null]);
        const expected = byPython(path);
        expect(expected).toMatchObject({ glucose: [80, expect.anything()], steps: [40, expect.anything()] });
        expect(totals(readings)).toEqual(expected);
        expect(told).toBe(readings.length);
      });
    }
  });

  test("in several parts gives what it gives in one, wherever it is cut", async () => {
    const files = Object.entries(sample("All Data", 5)).filter(([, text]) => !text.includes("step_count"));
    const whole = await hear(filesOf(Object.fromEntries(files)));
    const names = (heard: readonly Heard[]): string[] =>
      [...new Set(heard.flatMap((h) => h.readings).map((r) => `${r.kind} ${r.sourceKey}`))].sort();
    expect(whole.readings).toHaveLength(25);
    expect(files.length).toBeGreaterThan(8);
    for (let cut = 1; cut < files.length; cut += 1) {
      const parts = [files.slice(0, cut), files.slice(cut)];
      const heard = [];
      for (const part of parts) heard.push(await hear(filesOf(Object.fromEntries(part))));
      expect(names(heard)).toEqual(names([whole]));
    }
  });

  test("counts steps of one standing only: apps' own, else merged, else estimated", async () => {
    const files = Object.entries(sample("All Data", 7)).filter(([, text]) => text.includes("step_count"));
    expect(files).toHaveLength(3);
    const ends = async (which: readonly (readonly [string, string])[]): Promise<unknown> => {
      const { readings } = await hear(filesOf(Object.fromEntries(which)));
      return [readings.length, new Set(readings.map((r) => (r.endMs ?? 0) - (r.instantMs ?? 0)))];
    };
    expect(await ends(files)).toEqual([7, new Set([60_000])]);
    expect(await ends(files.slice(1))).toEqual([7, new Set([59_000])]);
    expect(await ends(files.slice(2))).toEqual([7, new Set([58_000])]);
  });

  test("gives only the kinds that are wanted", async () => {
    const { readings } = await hear(filesOf(sample("x", 4)), new Set<Kind>(["weight", "blood_pressure"]));
    expect(Object.keys(totals(readings)).sort()).toEqual(["blood_pressure", "weight"]);
    const pressure = readings.find((r) => r.kind === "blood_pressure");
    expect(pressure?.value2).toBeLessThan(pressure?.value ?? 0);
  });
});

describe("points", () => {
  test("keep the millisecond that their nanoseconds are nearest to", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: 0n, max: 4_102_444_800_000n }),
        fc.integer({ min: -499_999, max: 499_999 }),
        async (ms, off) => {
          const nanos = ms * 1_000_000n + BigInt(off);
          if (nanos <= 0n) return;
          for (const written of [String(nanos), `"${nanos}"`]) {
            const { readings } = await hearText(stream(RAW, point("").replaceAll(NANOS, written)));
            expect(readings.map(({ instantMs }) => instantMs)).toEqual([Number(ms)]);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test("are read in both spellings of their values, with empty and missing places", async () => {
    const cases: readonly [string, unknown][] = [
      ['[{"fpVal":5.5},{"intVal":3},{},{"intVal":"2"},{"intVal":1}]', [5.5, "before", "interstitial", "Before sleep"]],
      ['[{"value":{"fpVal":5.5}},{"value":{}},{"value":{"intVal":5}}]', [5.5, null, null, "Snack"]],
      [
        '[{"value":{"intVal":6}},{"value":{"intVal":1}},{"value":{"intVal":1}},{"value":{}},{"value":{"intVal":3}}]',
        [6, null, null, "Not related to a meal; Plasma"],
      ],
      [
        '[{"value":{"fpVal":5.5}},{"value":{"intVal":9}},{"value":{"intVal":9}},{"value":{"intVal":9}},{"value":{"intVal":9}}]',
        [5.5, null, null, "Relation to meal 9; Specimen 9; Meal type 9; Relation to sleep 9"],
      ],
      [
        '[{"value":{"fpVal":5.5}},{"value":{"intVal":0}},{"value":{"intVal":0}},{"value":{"intVal":0}},{"value":{"intVal":0}}]',
        [5.5, null, null, null],
      ],
    ];
    for (const [values, expected] of cases) {
      const { readings } = await hearText(stream(RAW, point("", values)));
      expect(readings.map((r) => [r.value, r.meal, r.specimen, r.note])).toEqual([expected]);
      expect(readings[0]?.device).toEqual({ manufacturer: "Example", model: "Meter 2", serial: null });
    }
  });

  test("that can't be understood are told with their bytes, and the rest is read", async () => {
    const bad = [
      point("", "[]"),
      point("", '[{"value":{}}]'),
      point("", '[{"value":{"fpVal":0}}]'),
      point("", '[{"value":{"fpVal":-5.5}}]'),
      point("", '[{"value":{"fpVal":104}}]'),
      point("", '[{"value":{"fpVal":"NaN"}}]'),
      point("", '{"value":{"fpVal":5.5}}'),
      point(',"fitValue":[]'),
      point("").replaceAll(NANOS, "1.5"),
      point("").replaceAll(NANOS, "1e30"),
      point("").replace(`"endTimeNanos":${NANOS}`, '"endTimeNanos":1000000'),
      "null",
      "[5]",
    ];
    const { readings, unreadable, problem } = await hearText(
      stream(RAW, point(""), ...bad, point("", '[{"value":{"fpVal":7}}]')),
    );
    expect(problem).toBeNull();
    expect(readings.map(({ value }) => value)).toEqual([5.5, 7]);
    expect(unreadable.map(({ raw }) => Buffer.from(raw).toString())).toEqual(bad);
    expect(unreadable.map(({ detail }) => detail)[0]).toBe("Point 2 can't be read: its glucose is no number.");
  });

  test("of a pressure the wrong way round are no reading", async () => {
    const id = "raw:com.google.blood_pressure:org.example.cuff";
    const of = (values: string): string =>
      `{"fitValue":${values},"endTimeNanos":${NANOS},"dataTypeName":"com.google.blood_pressure"}`;
    const { readings, unreadable } = await hearText(
      stream(id, of('[{"fpVal":80},{"fpVal":120}]'), of('[{"fpVal":120},{"fpVal":80}]')),
    );
    expect(readings.map((r) => [r.value, r.value2, r.asSent])).toEqual([[120, 80, "120/80 mmHg"]]);
    expect(unreadable).toHaveLength(1);
  });

  test("are one where they stand twice, and two where two values stand at one instant", async () => {
    const other = point("", '[{"value":{"fpVal":6}}]');
    const { readings } = await hearText(stream(RAW, point(""), point(',"modifiedTimeMillis":5'), other));
    expect(readings.map(({ value }) => value)).toEqual([5.5, 6]);
    const id = "raw:com.google.step_count.delta:org.example.band";
    const walk = `{"fitValue":[{"value":{"intVal":7}}],"startTimeNanos":1000000000,"endTimeNanos":2000000000,"dataTypeName":"com.google.step_count.delta"}`;
    expect((await hearText(stream(id, walk, walk))).readings).toHaveLength(2);
  });

  test("of a merged stream are told where their own stream is not in the archive, and only there", async () => {
    const elsewhere = point("").replaceAll(RAW, `raw:${TYPE}:org.example.other`);
    const unsaid = point("", '[{"value":{"fpVal":6}}]').replaceAll(RAW, "");
    const merged = stream(MERGED, point(""), elsewhere, unsaid);
    const both = await hear(filesOf({ a: merged, b: stream(RAW, point("")) }));
    expect([both.told, both.readings.map((r) => r.sourceName)]).toEqual([
      2,
      ["org.example.other", "org.example.meter"],
    ]);
    const alone = await hearText(merged);
    expect(alone.readings.map((r) => r.sourceName)).toEqual([
      "org.example.meter",
      "org.example.other",
      "com.google.android.gms",
    ]);
  });

  test("stand before their stream's name as well as behind it", async () => {
    const { readings } = await hearText(`{"Data Points":[${point("").replaceAll(RAW, "")}],"Data Source":"${RAW}"}`);
    expect(readings.map((r) => r.sourceName)).toEqual(["org.example.meter"]);
  });
});

describe("damage", () => {
  const text = stream(RAW, point(""), point("").replaceAll(NANOS, "1434620950091000000"));

  test("at any byte cut gives whole points and says that the end is missing", async () => {
    const ends = [text.indexOf('},{"fitValue') + 1, text.length - 2];
    let seen = 0;
    for (let at = 40; at < text.length; at += 7) {
      const { readings, problem } = await hearText(text.slice(0, at), 50);
      // Before its stream is named it is no file of this driver's.
      expect(problem).toBe(at > text.indexOf(",") ? "IMPORT_TRUNCATED" : null);
      expect([at, readings.length]).toEqual([at, ends.filter((end) => end <= at).length]);
      seen = Math.max(seen, readings.length);
    }
    expect(seen).toBe(2);
  });

  test("with any byte turned gives readings, unreadables or a problem, and no value that is not there", async () => {
    let problems = 0;
    for (let at = 0; at < text.length; at += 3) {
      const bytes = Buffer.from(text);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const { readings, problem } = await hearText(bytes);
      if (problem !== null) problems += 1;
      for (const reading of readings)
        expect(Buffer.from(reading.raw).toString()).toContain(reading.asSent.split(" ")[0]);
    }
    expect(problems).toBeGreaterThan(20);
  });
});
