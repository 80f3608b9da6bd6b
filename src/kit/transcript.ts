import { Problem } from "../domain/problem.js";
import { isZone } from "../domain/zone.js";
import { hex, unhex } from "./bytes.js";

/** First line of every transcript. */
export const TRANSCRIPT_FIRST_LINE = "glucohub transcript 1";

/** What may carry a recorded conversation. */
export const TRANSCRIPT_TRANSPORTS = ["serial", "usb", "hid", "ble", "block"] as const;
/** Where a transcript comes from: a real meter, an example in a document, or a simulator. */
export const TRANSCRIPT_ORIGINS = ["capture", "document", "simulated"] as const;

/** Facts at the head of a transcript; single-line texts. */
export interface TranscriptHeaders {
  /** A driver's id. */
  readonly driver: string;
  readonly transport: (typeof TRANSCRIPT_TRANSPORTS)[number];
  readonly origin: (typeof TRANSCRIPT_ORIGINS)[number];
  /** The hub's clock at the start, RFC 3339. */
  readonly now: string;
  /** IANA name. */
  readonly zone: string;
  readonly meter?: string;
  readonly firmware?: string;
  /** The device's own name. */
  readonly name?: string;
  /** `vid:pid`, hex. */
  readonly usb?: string;
  /** Headers that this version does not know, in their order. */
  readonly others?: ReadonlyMap<string, string>;
}

/**
 * One thing that happened. `line` is where it stands in the text that was parsed, from 1; 0 if it comes from no text.
 * - `write` (hub to meter), `report` (meter to hub) and `read` (asked by the hub, bytes are the answer) carry bytes and,
 *   on transports that have them, the channel that stood in brackets.
 * - `silence` in milliseconds; `unplugged`; `error` with its text; `remark` for people.
 */
export type TranscriptEvent =
  | ({ readonly type: "write" } & TranscriptBytes)
  | ({ readonly type: "report" } & TranscriptBytes)
  | ({ readonly type: "read" } & TranscriptBytes)
  | { readonly type: "silence"; readonly ms: number; readonly line: number }
  | { readonly type: "unplugged"; readonly line: number }
  | { readonly type: "error"; readonly text: string; readonly line: number }
  | { readonly type: "remark"; readonly text: string; readonly line: number };

/** What events with bytes carry. */
export interface TranscriptBytes {
  readonly channel: string | null;
  readonly bytes: Uint8Array;
  readonly line: number;
}

/** A recorded conversation with a meter. */
export interface Transcript {
  readonly headers: TranscriptHeaders;
  readonly events: readonly TranscriptEvent[];
}

/** Reads a transcript. Throws TRANSCRIPT_MALFORMED with the line's number in its sentence and in `context.line`. */
export function parseTranscript(text: string): Transcript {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines[0]?.trimEnd() !== TRANSCRIPT_FIRST_LINE) throw malformed(1, `expected "${TRANSCRIPT_FIRST_LINE}"`);
  const found = new Map<string, Header>();
  const events: TranscriptEvent[] = [];
  let at = 1;
  for (; at < lines.length; at += 1) {
    const line = (lines[at] ?? "").trimEnd();
    if (line === "") break;
    if (line.startsWith("#")) {
      events.push({ type: "remark", text: line.slice(1).trim(), line: at + 1 });
      continue;
    }
    const match = /^([A-Za-z][A-Za-z0-9_-]*):(.*)$/s.exec(line);
    if (match === null) throw malformed(at + 1, "expected a header `name: value`, or an empty line after the headers");
    const name = match[1] ?? "";
    if (found.has(name)) throw malformed(at + 1, `the header ${name} stands twice`);
    found.set(name, { value: (match[2] ?? "").trim(), line: at + 1 });
  }
  const headers = checkedHeaders(found, at + 1);
  for (; at < lines.length; at += 1) {
    const line = (lines[at] ?? "").trim();
    if (line !== "") events.push(parseEvent(line, at + 1));
  }
  return { headers, events };
}

/** Writes a transcript so that parsing gives it back. Throws TRANSCRIPT_MALFORMED if it can't be written as text. */
export function printTranscript(transcript: Transcript): string {
  const body = transcript.events.map((event) => `${printTranscriptEvent(event)}\n`).join("");
  return `${printTranscriptHead(transcript.headers)}${body}`;
}

/** The text up to and with the empty line after the headers. Throws TRANSCRIPT_MALFORMED for headers out of form. */
export function printTranscriptHead(headers: TranscriptHeaders): string {
  const { others, ...known } = headers;
  const entries = [...Object.entries(known), ...(others ?? [])].filter(([, value]) => value !== undefined);
  const text = [TRANSCRIPT_FIRST_LINE, ...entries.map(([name, value]) => `${name}: ${value}`.trimEnd()), "", ""];
  const parsed = parseTranscript(text.join("\n")).headers;
  // Read back and compared, so that a value with a line break or an unknown header of a known name can't slip through.
  const back = [...Object.entries({ ...parsed, others: undefined }), ...(parsed.others ?? [])].filter(
    ([, v]) => v !== undefined,
  );
  if (JSON.stringify(back.sort()) !== JSON.stringify(entries.sort())) {
    throw malformed(0, "a header's name or value can't be written on one line");
  }
  return text.join("\n");
}

/** One event as its line, without the line's end. */
export function printTranscriptEvent(event: TranscriptEvent): string {
  switch (event.type) {
    case "silence":
      return `~ ${event.ms}`;
    case "unplugged":
      return "! unplugged";
    case "error":
      return `! error ${oneLine(event.text)}`.trimEnd();
    case "remark":
      return `# ${oneLine(event.text)}`.trimEnd();
    default: {
      const sign = { write: ">", report: "<", read: "?" }[event.type];
      const channel = event.channel === null ? "" : `[${event.channel}]`;
      return `${sign}${channel} ${hex(event.bytes)}`.trimEnd();
    }
  }
}

/** How patient the session was that the transcript shows: `probe` where the driver was one of several that were tried. */
export function transcriptPatience({ others }: TranscriptHeaders): "full" | "probe" {
  return others?.get("patience") === "probe" ? "probe" : "full";
}

/** The cursor that the session was given to go on from (`SessionContext.resume`); null if it was given none. */
export function transcriptResume({ others }: TranscriptHeaders): string | null {
  return others?.get("resume") || null;
}

/** The hub's clock at the start of the conversation, milliseconds since the Unix epoch. */
export function transcriptStartMs(headers: TranscriptHeaders): number {
  return Date.parse(headers.now);
}

interface Header {
  readonly value: string;
  readonly line: number;
}

function checkedHeaders(found: ReadonlyMap<string, Header>, endLine: number): TranscriptHeaders {
  const left = new Map(found);
  const take = (name: string): Header | undefined => {
    const header = left.get(name);
    left.delete(name);
    return header;
  };
  const need = (name: string): Header => {
    const header = take(name);
    if (header === undefined || header.value === "") {
      throw malformed(header?.line ?? endLine, `the header ${name} is missing`);
    }
    return header;
  };
  const oneOf = <T extends string>(name: string, allowed: readonly T[]): T => {
    const { value, line } = need(name);
    const match = allowed.find((word) => word === value);
    if (match === undefined) throw malformed(line, `the header ${name} is none of ${allowed.join(", ")}: ${value}`);
    return match;
  };
  const driver = need("driver").value;
  const transport = oneOf("transport", TRANSCRIPT_TRANSPORTS);
  const origin = oneOf("origin", TRANSCRIPT_ORIGINS);
  const now = need("now");
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
  if (!form.test(now.value) || Number.isNaN(Date.parse(now.value))) {
    throw malformed(now.line, `the header now is no RFC 3339 instant: ${now.value}`);
  }
  const zone = need("zone");
  if (!isZone(zone.value)) throw malformed(zone.line, `the header zone is no IANA name: ${zone.value}`);
  const optional = Object.fromEntries(
    ["meter", "firmware", "name", "usb"].flatMap((name) => {
      const header = take(name);
      return header === undefined ? [] : [[name, header.value]];
    }),
  );
  const others = new Map(Array.from(left, ([name, header]) => [name, header.value]));
  const known = { driver, transport, origin, now: now.value, zone: zone.value, ...optional };
  return others.size > 0 ? { ...known, others } : known;
}

function parseEvent(line: string, number: number): TranscriptEvent {
  if (line.startsWith("#")) return { type: "remark", text: line.slice(1).trim(), line: number };
  const silence = /^~\s*(\d{1,12})$/.exec(line);
  if (silence !== null) return { type: "silence", ms: Number(silence[1]), line: number };
  if (/^!\s*unplugged$/.test(line)) return { type: "unplugged", line: number };
  const error = /^!\s*error(?:\s+(.*))?$/s.exec(line);
  if (error !== null) return { type: "error", text: error[1] ?? "", line: number };
  const data = /^([><?])(?:\[([^\]]*)\])?(.*)$/s.exec(line);
  if (data === null) throw malformed(number, `neither bytes (> < ?), silence (~ ms), event (!) nor remark (#)`);
  const type = data[1] === ">" ? "write" : data[1] === "<" ? "report" : "read";
  const channel = data[2] ?? null;
  let bytes: Uint8Array;
  try {
    bytes = unhex(data[3] ?? "");
  } catch (cause) {
    throw malformed(number, "expected pairs of hex digits", cause);
  }
  if (channel === null && bytes.length === 0) throw malformed(number, "no bytes");
  return { type, channel, bytes, line: number };
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ").trim();
}

function malformed(line: number, what: string, cause?: unknown): Problem {
  return new Problem("TRANSCRIPT_MALFORMED", `line ${line}: ${what}`, { line }, { cause });
}
