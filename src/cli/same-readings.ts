import { silentLog } from "../domain/clock.js";
import { asProblem } from "../domain/problem.js";
import type { SourceReading } from "../domain/reading.js";
import { converse } from "../kit/converse.js";
import type { MeterDriver } from "../kit/driver.js";
import { type Transcript, transcriptPatience, transcriptResume, transcriptStartMs } from "../kit/transcript.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { replayMeter } from "../transports/replay-meter.js";

/**
 * Whether two transcripts of one conversation replay to the same readings (but for their bytes) and the same end, and the
 * serial number that the first one names.
 */
export async function sameReadings(
  driver: MeterDriver,
  one: Transcript,
  other: Transcript,
  signal: AbortSignal,
): Promise<{ readonly same: boolean; readonly serial: string | null }> {
  const [first, second] = [await told(driver, one, signal), await told(driver, other, signal)];
  return { same: first.text === second.text, serial: first.serial };
}

async function told(
  driver: MeterDriver,
  transcript: Transcript,
  signal: AbortSignal,
): Promise<{ text: string; serial: string | null }> {
  const clock = new VirtualClock(transcriptStartMs(transcript.headers));
  const transport = replayMeter(transcript, clock);
  const readings: Omit<SourceReading, "raw">[] = [];
  let serial: string | null = null;
  let end = "done";
  try {
    const patience = transcriptPatience(transcript.headers);
    const resume = async (): Promise<string | null> => transcriptResume(transcript.headers);
    for await (const event of converse(driver, transport, { clock, signal, log: silentLog, patience, resume })) {
      if (event.type === "identity") serial = event.identity.serial;
      if (event.type === "readings") readings.push(...event.readings.map(({ raw: _raw, ...rest }) => rest));
    }
  } catch (error) {
    end = asProblem(error).code;
  }
  await transport.close();
  return { text: JSON.stringify({ readings, end }), serial };
}
