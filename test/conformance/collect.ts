import { silentLog } from "../../src/domain/clock.js";
import { asProblem, type Problem } from "../../src/domain/problem.js";
import type { SourceIdentity, SourceReading, Unreadable } from "../../src/domain/reading.js";
import type { SerialDriver } from "../../src/kit/driver.js";
import { type Transcript, transcriptStartMs } from "../../src/kit/transcript.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type ReplayChunk, replayTransport } from "../../src/transports/replay.js";

/** All that a session told, and how it ended. */
export interface Outcome {
  readonly identities: readonly SourceIdentity[];
  readonly clocks: readonly (string | null)[];
  readonly expected: readonly number[];
  readonly readings: readonly SourceReading[];
  readonly unreadable: readonly Unreadable[];
  /** What the session threw; null if it ended by itself. */
  readonly problem: Problem | null;
  /** What the transcript holds against the conversation; null if it was followed to its end. */
  readonly difference: Problem | null;
  /** Virtual milliseconds from the first byte to the end. */
  readonly tookMs: number;
}

/** Runs a serial driver over a transcript, in virtual time. */
export async function collect(
  driver: SerialDriver,
  transcript: Transcript,
  chunk: ReplayChunk = "lines",
): Promise<Outcome> {
  const startMs = transcriptStartMs(transcript.headers);
  const clock = new VirtualClock(startMs);
  const transport = replayTransport(transcript, clock, { chunk });
  const identities: SourceIdentity[] = [];
  const clocks: (string | null)[] = [];
  const expected: number[] = [];
  const readings: SourceReading[] = [];
  const unreadable: Unreadable[] = [];
  let problem: Problem | null = null;
  try {
    const context = { transport, clock, signal: new AbortController().signal, log: silentLog };
    for await (const event of driver.session(context)) {
      if (event.type === "identity") identities.push(event.identity);
      else if (event.type === "clock") clocks.push(event.deviceTime);
      else if (event.type === "expect") expected.push(event.count);
      else if (event.type === "readings") readings.push(...event.readings);
      else if (event.type === "unreadable") unreadable.push(event.unreadable);
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
  return { identities, clocks, expected, readings, unreadable, problem, difference, tookMs: clock.now() - startMs };
}
