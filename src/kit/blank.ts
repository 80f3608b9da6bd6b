import { concat } from "./bytes.js";
import type { SerialDriver } from "./driver.js";
import { type Transcript, type TranscriptEvent, transcriptPatience } from "./transcript.js";

/** Bytes that hold no letter and no digit stay; letters become X and digits 0, so that shape and length remain. */
export function maskText(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => {
    if (byte >= 0x30 && byte <= 0x39) return 0x30;
    const letter = byte & 0xdf;
    return letter >= 0x41 && letter <= 0x5a ? 0x58 : byte;
  });
}

/**
 * The transcript without what tells whose meter it was: the driver masks serial numbers in what the meter sent and makes
 * the checksums right again; headers that name the device are dropped, and so are remarks, which people write.
 */
export function blankTranscript(driver: Pick<SerialDriver, "blank">, transcript: Transcript): Transcript {
  const reports = transcript.events.filter((event) => event.type === "report");
  const stream = driver.blank(concat(reports.map(({ bytes }) => bytes)), maskText);
  let at = 0;
  const events = transcript.events.flatMap((event): TranscriptEvent[] => {
    if (event.type === "remark") return [];
    if (event.type !== "report") return [event];
    const bytes = stream.slice(at, at + event.bytes.length);
    at += bytes.length;
    return [{ ...event, bytes }];
  });
  const { meter: _meter, name: _name, others: _others, ...headers } = transcript.headers;
  if (transcriptPatience(transcript.headers) === "full") return { headers, events };
  return { headers: { ...headers, others: new Map([["patience", "probe"]]) }, events };
}
