import { concat } from "./bytes.js";
import type { MeterDriver } from "./driver.js";
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
export function blankTranscript(driver: MeterDriver, transcript: Transcript): Transcript {
  const reports = transcript.events.filter((event) => event.type === "report").map(({ bytes }) => bytes);
  const blanked = blankReports(driver, reports)[Symbol.iterator]();
  const events = transcript.events.flatMap((event): TranscriptEvent[] => {
    if (event.type === "remark") return [];
    if (event.type !== "report") return [event];
    return [{ ...event, bytes: blanked.next().value ?? new Uint8Array() }];
  });
  const { meter: _meter, name: _name, others: _others, ...headers } = transcript.headers;
  if (transcriptPatience(transcript.headers) === "full") return { headers, events };
  return { headers: { ...headers, others: new Map([["patience", "probe"]]) }, events };
}

/** What the meter sent, message by message: a stream's are put together, since they may be cut anywhere. */
function blankReports(driver: MeterDriver, reports: readonly Uint8Array[]): readonly Uint8Array[] {
  if (driver.transport === "hid" || driver.transport === "block") return driver.blank(reports, maskText);
  const stream = driver.blank(concat(reports), maskText);
  let at = 0;
  return reports.map(({ length }) => {
    at += length;
    return stream.slice(at - length, at);
  });
}
