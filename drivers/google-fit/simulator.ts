import { below, seededRandom } from "../../src/kit/simulated.js";

/** What an invented Takeout covers. */
export interface SampleTakeoutOptions {
  /** Equal seeds give equal files. */
  readonly seed: number;
  /** Points of each app's stream. */
  readonly count: number;
  /** Of the newest point, milliseconds since the Unix epoch. */
  readonly endMs: number;
  /** Name of the folder of streams, which is in the account's language. */
  readonly folder: string;
}

interface Point {
  readonly type: string;
  readonly origin: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly values: readonly object[];
}

const GOOGLE = "com.google.android.gms";

/**
 * An invented Takeout's streams, by their files' names: apps' own ones of every type that is read, Google's merged ones
 * that repeat them, and one of another type. Pretty-printed, nanoseconds as plain numbers. Written from the format's
 * facts, not from the driver.
 */
export function sampleTakeout({ seed, count, endMs, folder }: SampleTakeoutOptions): Record<string, string> {
  const random = seededRandom(seed);
  const float = (value: number): object => ({ value: { fpVal: value } });
  const whole = (value: number): object => ({ value: { intVal: value } });
  const unset = { value: {} };
  const measured = (type: string, app: string, values: () => readonly object[]): Point[] => {
    const origin = `raw:${type}:${app}`;
    return Array.from({ length: count }, (_, index) => {
      const at = endMs - index * 420_000 - below(random, 300_000);
      return { type, origin, startMs: at, endMs: at, values: values() };
    });
  };
  const glucose = "com.google.blood_glucose";
  const steps = "com.google.step_count.delta";
  const streams: [id: string, points: readonly Point[]][] = [];
  const merged = (name: string, ...parts: readonly (readonly Point[])[]): void => {
    const points = parts.flat();
    for (const part of parts) streams.push([part[0]?.origin ?? "", part]);
    streams.push([`derived:${points[0]?.type}:${GOOGLE}:${name}`, points]);
  };
  merged(
    "merged",
    measured(glucose, "org.example.meter:Example:Meter 2:5a5a5a:readings", () => [
      float((22 + below(random, 250)) / 10),
      random() < 0.2 ? unset : whole(1 + below(random, 4)),
      whole(1 + below(random, 5)),
      whole(1 + below(random, 4)),
      whole(1 + below(random, 6)),
    ]),
    // Only the level is asked of an app.
    measured(glucose, "org.example.diary:typed", () => [float((22 + below(random, 250)) / 10)]),
  );
  merged(
    "merge_weight",
    measured("com.google.weight", "com.google.android.apps.fitness:user_input", () => [
      float(60 + below(random, 400) / 10),
    ]),
  );
  merged(
    "merge_heart_rate_bpm",
    measured("com.google.heart_rate.bpm", "org.example.band:pulse", () => [float(50 + below(random, 90))]),
  );
  merged(
    "merged",
    measured("com.google.blood_pressure", "org.example.cuff:BloodPressure", () => [
      float(110 + below(random, 60)),
      float(60 + below(random, 40)),
      whole(2),
      whole(3),
    ]),
  );
  const walks = measured(steps, "org.example.band:walks", () => [whole(below(random, 900))]).map((point) => ({
    ...point,
    startMs: point.endMs - 60_000,
  }));
  streams.push([walks[0]?.origin ?? "", walks]);
  // Merged, spans are cut anew: the same steps under other instants.
  streams.push([
    `derived:${steps}:${GOOGLE}:merge_step_deltas`,
    walks.map((walk) => ({ ...walk, endMs: walk.endMs - 1_000 })),
  ]);
  streams.push([
    `derived:${steps}:${GOOGLE}:estimated_steps`,
    walks.map((walk) => ({ ...walk, endMs: walk.endMs - 2_000 })),
  ]);
  streams.push([
    "raw:com.google.height:com.google.android.apps.fitness:user_input",
    measured("com.google.height", "x", () => [float(1.8)]),
  ]);
  return Object.fromEntries(streams.map(([id, points], index) => [fileName(folder, id, index), text(id, points)]));
}

/** The id with its colons replaced, cut short. */
function fileName(folder: string, id: string, index: number): string {
  return `Takeout/Fit/${folder}/${id.replaceAll(":", "_").slice(0, 50)}(${index}).json`;
}

function text(id: string, points: readonly Point[]): string {
  const nanos = (ms: number): string => `#${ms}000000#`;
  const all = points.map(({ type, origin, startMs, endMs, values }) => ({
    fitValue: values,
    originDataSourceId: origin,
    endTimeNanos: nanos(endMs),
    dataTypeName: type,
    startTimeNanos: nanos(startMs),
    modifiedTimeMillis: endMs + 60_000,
    rawTimestampNanos: 0,
  }));
  // JavaScript can't write these numbers: they are beyond 2^53.
  return JSON.stringify({ "Data Source": id, "Data Points": all }, null, 2).replaceAll(/"#(\d+)#"/g, "$1");
}
