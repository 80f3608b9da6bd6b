import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseTranscript,
  printTranscript,
  TRANSCRIPT_ORIGINS,
  TRANSCRIPT_TRANSPORTS,
  type Transcript,
  transcriptPatience,
  transcriptResume,
  transcriptStartMs,
} from "./transcript.js";

const sample = `glucohub transcript 1
driver: some-meter
transport: serial
origin: capture
now: 2024-05-06T07:08:09Z
zone: Europe/London
usb: 0403:6001
weather: fair: dry

# first words
> 11 0d 44
< 46 20 22
~ 250
< 4E4f
! error it broke
! unplugged
`;

const head = sample.slice(0, sample.indexOf("\n\n") + 2);

function replaced(from: string, to: string): string {
  expect(sample).toContain(from);
  return sample.replace(from, to);
}

describe("a transcript's text", () => {
  test("is read line by line, with unknown headers kept", () => {
    const { headers, events } = parseTranscript(sample);
    expect(headers).toEqual({
      driver: "some-meter",
      transport: "serial",
      origin: "capture",
      now: "2024-05-06T07:08:09Z",
      zone: "Europe/London",
      usb: "0403:6001",
      others: new Map([["weather", "fair: dry"]]),
    });
    expect(transcriptStartMs(headers)).toBe(Date.UTC(2024, 4, 6, 7, 8, 9));
    expect(events).toEqual([
      { type: "remark", text: "first words", line: 10 },
      { type: "write", channel: null, bytes: Uint8Array.of(0x11, 0x0d, 0x44), line: 11 },
      { type: "report", channel: null, bytes: Uint8Array.of(0x46, 0x20, 0x22), line: 12 },
      { type: "silence", ms: 250, line: 13 },
      { type: "report", channel: null, bytes: Uint8Array.of(0x4e, 0x4f), line: 14 },
      { type: "error", text: "it broke", line: 15 },
      { type: "unplugged", line: 16 },
    ]);
  });

  test("keeps channels in brackets, also of an answer without bytes", () => {
    const text = `${head.replace("serial", "ble")}>[2a52] 01 01\n<[2a18] 06\n?[2a29]\n>[lba 3] ff\n`;
    const events = parseTranscript(text).events;
    expect(
      events.map((event) => ("channel" in event ? [event.type, event.channel, event.bytes.length] : null)),
    ).toEqual([
      ["write", "2a52", 2],
      ["report", "2a18", 1],
      ["read", "2a29", 0],
      ["write", "lba 3", 1],
    ]);
    expect(printTranscript(parseTranscript(text))).toBe(text);
  });

  test("may come with Windows line ends and a byte order mark", () => {
    expect(parseTranscript(`\uFEFF${sample.replaceAll("\n", "\r\n")}`)).toEqual(parseTranscript(sample));
  });

  const wrong: [what: string, text: string, line: number][] = [
    ["another first line", sample.replace("transcript 1", "transcript 2"), 1],
    ["an empty text", "", 1],
    ["a missing driver", replaced("driver: some-meter\n", ""), 8],
    ["an unknown transport", replaced("transport: serial", "transport: pigeon"), 3],
    ["an unknown origin", replaced("origin: capture", "origin: dream"), 4],
    ["a time without zone", replaced("07:08:09Z", "07:08:09"), 5],
    ["a month that does not exist", replaced("2024-05-06", "2024-15-06"), 5],
    ["a zone that does not exist", replaced("Europe/London", "Europe/Atlantis"), 6],
    ["a header twice", replaced("weather: fair: dry", "zone: UTC"), 8],
    ["bytes among the headers", replaced("weather: fair: dry", "> 11"), 8],
    ["half a byte", replaced("> 11 0d 44", "> 11 0d 4"), 11],
    ["no bytes", replaced("> 11 0d 44", ">"), 11],
    ["a silence that is no number", replaced("~ 250", "~ long"), 13],
    ["an unknown event", replaced("! unplugged", "! exploded"), 16],
    ["an unknown sign", replaced("! unplugged", "= 11"), 16],
  ];
  test.each(wrong)("is refused for %s, with the line's number", (_what, text, line) => {
    expect(() => parseTranscript(text)).toThrow(
      expect.objectContaining({
        code: "TRANSCRIPT_MALFORMED",
        context: { line },
        message: expect.stringContaining(`line ${line}:`),
      }),
    );
  });
  test("has fifteen ways to be wrong", () => {
    expect(wrong).toHaveLength(15);
  });

  test("says how patient the session was and from where it went on, if it says so", () => {
    const headers = (more: string) => parseTranscript(sample.replace("zone:", `${more}zone:`)).headers;
    expect([transcriptPatience(headers("")), transcriptResume(headers(""))]).toEqual(["full", null]);
    expect([transcriptPatience(headers("patience: probe\n")), transcriptResume(headers("resume:\n"))]).toEqual([
      "probe",
      null,
    ]);
    expect(transcriptResume(headers("resume: 1305 768162600\n"))).toBe("1305 768162600");
  });

  test("comes back from print and parse as it was, whatever it holds", () => {
    const word = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, "").trim());
    const filled = word.filter((text) => text !== "");
    const others = fc
      .dictionary(fc.stringMatching(/^x[a-z0-9-]{0,8}$/), word, { minKeys: 1, noNullPrototype: true })
      .map((entries) => new Map(Object.entries(entries)));
    const headers = fc.record(
      {
        driver: filled,
        transport: fc.constantFrom(...TRANSCRIPT_TRANSPORTS),
        origin: fc.constantFrom(...TRANSCRIPT_ORIGINS),
        now: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
        zone: fc.constantFrom("Europe/London", "UTC", "Asia/Kathmandu"),
        meter: word,
        firmware: word,
        name: word,
        usb: word,
        others,
      },
      { requiredKeys: ["driver", "transport", "origin", "now", "zone"] },
    );
    const type = fc.constantFrom("write" as const, "report" as const, "read" as const);
    const channel = fc.constantFrom("2a52", "lba 3", "");
    const line = fc.constant(0);
    const event = fc.oneof(
      fc.record({ type, channel: fc.constant(null), bytes: fc.uint8Array({ minLength: 1 }), line }),
      fc.record({ type, channel, bytes: fc.uint8Array(), line }),
      fc.record({ type: fc.constant("silence" as const), ms: fc.nat(), line }),
      fc.record({ type: fc.constant("unplugged" as const), line }),
      fc.record({ type: fc.constantFrom("error" as const, "remark" as const), text: word, line }),
    );
    fc.assert(
      fc.property(fc.record({ headers, events: fc.array(event) }), (transcript: Transcript) => {
        const back = parseTranscript(printTranscript(transcript));
        expect(back.headers).toEqual(transcript.headers);
        expect(back.events.map((one) => ({ ...one, line: 0 }))).toEqual(transcript.events);
      }),
    );
  });

  test("is not written with a header that would read back differently", () => {
    const { headers } = parseTranscript(sample);
    for (const bad of [
      { name: "two\nlines" },
      { name: " padded" },
      { others: new Map([["name:", "x"]]) },
      { others: new Map([["zone", "UTC"]]) },
    ]) {
      expect(() => printTranscript({ headers: { ...headers, ...bad }, events: [] })).toThrow(
        expect.objectContaining({ code: "TRANSCRIPT_MALFORMED" }),
      );
    }
  });
});
