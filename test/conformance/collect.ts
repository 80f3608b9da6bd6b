import { silentLog } from "../../src/domain/clock.js";
import { asProblem, type Problem } from "../../src/domain/problem.js";
import type { ClockChange, SourceIdentity, SourceReading, Unreadable } from "../../src/domain/reading.js";
import { converse } from "../../src/kit/converse.js";
import type { MeterDriver } from "../../src/kit/driver.js";
import { type Transcript, transcriptPatience, transcriptResume, transcriptStartMs } from "../../src/kit/transcript.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import type { ReplayChunk } from "../../src/transports/replay.js";
import { replayMeter } from "../../src/transports/replay-meter.js";
import { transcriptSecrets } from "../helpers/transcript-secrets.js";

/** All that a session told, and how it ended. */
export interface Outcome {
  readonly identities: readonly SourceIdentity[];
  /** What the session says its readings come from: a meter, a CGM. */
  readonly sources: readonly string[];
  readonly clocks: readonly (string | null)[];
  readonly clockChanges: readonly ClockChange[];
  readonly expected: readonly number[];
  readonly readings: readonly SourceReading[];
  readonly unreadable: readonly Unreadable[];
  /** What it told to go on from, and how many of its events came after that. */
  readonly cursors: readonly string[];
  readonly afterCursor: number;
  /** The cursor that it was given and asked for; null if it had none or did not ask. */
  readonly resumed: string | null;
  /** What the session threw; null if it ended by itself. */
  readonly problem: Problem | null;
  /** What the transcript holds against the conversation; null if it was followed to its end. */
  readonly difference: Problem | null;
  /** Virtual milliseconds from the first byte to the end. */
  readonly tookMs: number;
}

/** Runs a driver over a transcript, in virtual time. */
export async function collect(
  driver: MeterDriver,
  transcript: Transcript,
  chunk: ReplayChunk = "lines",
): Promise<Outcome> {
  const startMs = transcriptStartMs(transcript.headers);
  const clock = new VirtualClock(startMs);
  const transport = replayMeter(transcript, clock, chunk);
  const identities: SourceIdentity[] = [];
  const sources: string[] = [];
  const clocks: (string | null)[] = [];
  const clockChanges: ClockChange[] = [];
  const expected: number[] = [];
  const readings: SourceReading[] = [];
  const unreadable: Unreadable[] = [];
  const cursors: string[] = [];
  let afterCursor = 0;
  let resumed: string | null = null;
  let problem: Problem | null = null;
  try {
    const patience = transcriptPatience(transcript.headers);
    const context = {
      clock,
      signal: new AbortController().signal,
      log: silentLog,
      patience,
      resume: async () => {
        resumed = transcriptResume(transcript.headers);
        return resumed;
      },
      ...transcriptSecrets(transcript.headers),
    };
    for await (const event of converse(driver, transport, context)) {
      if (cursors.length > 0) afterCursor += 1;
      if (event.type === "identity") {
        identities.push(event.identity);
        sources.push(event.source);
      } else if (event.type === "clockChanges") clockChanges.push(...event.changes);
      else if (event.type === "clock") clocks.push(event.deviceTime);
      else if (event.type === "expect") expected.push(event.count);
      else if (event.type === "readings") readings.push(...event.readings);
      else if (event.type === "unreadable") unreadable.push(event.unreadable);
      else if (event.type === "cursor") cursors.push(event.cursor);
    }
  } catch (error) {
    problem = asProblem(error);
  }
  let difference: Problem | null = null;
  try {
    transport.finish();
  } catch (error) {
    difference = asProblem(error);
  }
  await transport.close();
  return {
    identities,
    sources,
    clocks,
    clockChanges,
    expected,
    readings,
    unreadable,
    cursors,
    afterCursor,
    resumed,
    problem,
    difference,
    tookMs: clock.now() - startMs,
  };
}
