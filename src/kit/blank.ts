import { concat } from "./bytes.js";
import type { BleDriver, MeterDriver } from "./driver.js";
import { GattChannels, transcriptGatt } from "./gatt-channels.js";
import type { Transcript, TranscriptBytes, TranscriptEvent, TranscriptHeaders } from "./transcript.js";

/** Bytes that hold no letter and no digit stay; letters become X and digits 0, so that shape and length remain. */
export function maskText(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => {
    if (byte >= 0x30 && byte <= 0x39) return 0x30;
    const letter = byte & 0xdf;
    return letter >= 0x41 && letter <= 0x5a ? 0x58 : byte;
  });
}

/** Headers of later versions without which a conversation can't be replayed; none of them names anybody. */
const NEEDED: ReadonlySet<string> = new Set(["patience", "resume", "gatt"]);
/** A Bluetooth address, as errors of the system name it. */
const ADDRESS = /(?<![0-9a-f])[0-9a-f]{2}([:_-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![0-9a-f])/gi;

/**
 * The transcript without what tells whose meter it was: the driver masks serial numbers in what the meter sent and makes
 * the checksums right again; headers that name the device are dropped, and so are remarks, which people write. Of the name
 * that a Bluetooth meter gives itself only the part by which its driver knows it stays as it was. Throws TRANSCRIPT_MALFORMED
 * for a transcript over Bluetooth with a line that names no characteristic.
 */
export function blankTranscript(driver: MeterDriver, transcript: Transcript): Transcript {
  // Values that were read are masked over Bluetooth only, where serial numbers stand in them.
  const isSent = ({ type }: TranscriptEvent): boolean =>
    type === "report" || (type === "read" && driver.transport === "ble");
  const sent = transcript.events.flatMap((event) => ("bytes" in event && isSent(event) ? [event] : []));
  const blanked = blankSent(driver, sent, transcript.headers)[Symbol.iterator]();
  const events = transcript.events.flatMap((event): TranscriptEvent[] => {
    if (event.type === "remark") return [];
    if (event.type === "error") return [{ ...event, text: event.text.replace(ADDRESS, "00:00:00:00:00:00") }];
    if (!("bytes" in event && isSent(event))) return [event];
    return [{ ...event, bytes: blanked.next().value ?? new Uint8Array() }];
  });
  const { meter: _meter, name, others, ...rest } = transcript.headers;
  const kept = new Map([...(others ?? [])].filter(([header]) => NEEDED.has(header)));
  const headers: TranscriptHeaders = {
    ...rest,
    ...(driver.transport === "ble" && name !== undefined ? { name: maskName(driver, name) } : {}),
    ...(kept.size > 0 ? { others: kept } : {}),
  };
  return { headers, events };
}

/** What the meter sent, message by message: a stream's are put together, since they may be cut anywhere. */
function blankSent(
  driver: MeterDriver,
  sent: readonly TranscriptBytes[],
  headers: TranscriptHeaders,
): readonly Uint8Array[] {
  const messages = sent.map(({ bytes }) => bytes);
  if (driver.transport === "hid" || driver.transport === "block") return driver.blank(messages, maskText);
  if (driver.transport === "ble") {
    const channels = new GattChannels(transcriptGatt(headers) ?? []);
    const notices = sent.map(({ channel, bytes }) => ({ from: channels.nameOf(channel ?? ""), bytes }));
    return driver.blank(notices, maskText);
  }
  const stream = driver.blank(concat(messages), maskText);
  let at = 0;
  return messages.map(({ length }) => {
    at += length;
    return stream.slice(at - length, at);
  });
}

/** The name with its letters and digits masked but for the longest beginning that the driver looks for. */
function maskName({ ble }: BleDriver, name: string): string {
  const prefixes = ble.flatMap(({ namePrefix }) =>
    namePrefix !== null && name.startsWith(namePrefix) ? namePrefix : [],
  );
  const { length } = prefixes.reduce((longest, prefix) => (prefix.length > longest.length ? prefix : longest), "");
  const own = name.slice(length).replace(/\p{L}/gu, "X").replace(/\p{N}/gu, "0");
  return `${name.slice(0, length)}${own}`;
}
