import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GattChannels, splitChannel, transcriptGatt } from "./gatt-channels.js";
import { isGattId, parseGatt, printGatt } from "./gatt-text.js";
import type { TranscriptHeaders } from "./transcript.js";
import type { GattName } from "./transport.js";

const VERIO = "af9df7a1-e595-11e3-96b4-0002a5d5c51b";
const malformed = expect.objectContaining({ code: "TRANSCRIPT_MALFORMED" });
const hexDigits = (count: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${count}}$`));
const id = fc.oneof(
  hexDigits(4),
  fc.tuple(hexDigits(8), hexDigits(4), hexDigits(4), hexDigits(4), hexDigits(12)).map((parts) => parts.join("-")),
);
const names = fc.array(fc.record({ service: id, characteristic: id }));

describe("the list of what a meter has", () => {
  test("is written service by service, in the meter's order", () => {
    const meter: GattName[] = [
      { service: "180a", characteristic: "2a29" },
      { service: "180a", characteristic: "2a25" },
      { service: VERIO, characteristic: "af9df7a2-e595-11e3-96b4-0002a5d5c51b" },
      { service: "1808", characteristic: "2a18" },
    ];
    const text = `180a(2a29 2a25) ${VERIO}(af9df7a2-e595-11e3-96b4-0002a5d5c51b) 1808(2a18)`;
    expect(printGatt(meter)).toBe(text);
    expect(parseGatt(text)).toEqual(meter);
    expect(parseGatt("  180a( 2a29   2a25 )\t1808()")).toEqual(meter.slice(0, 2));
    expect([printGatt([]), parseGatt("")]).toEqual(["", []]);
  });

  test("comes back from text as it was, whatever a meter has", () => {
    fc.assert(
      fc.property(names, (meter) => {
        expect(parseGatt(printGatt(meter))).toEqual(meter);
      }),
    );
  });

  test.each([
    "2a29",
    "180a(2a29",
    "180a(2A29)",
    "180a(2a2)",
    "180a 1808(2a18)",
    "180a(2a29)1808(2a18)",
    "180a((2a29))",
  ])("is refused if it is %s", (text) => {
    expect(() => parseGatt(text)).toThrow(malformed);
  });

  test("stands in a transcript's head, or does not", () => {
    const head = (others?: ReadonlyMap<string, string>): TranscriptHeaders => ({
      driver: "d",
      transport: "ble",
      origin: "simulated",
      now: "2024-05-06T07:08:09Z",
      zone: "UTC",
      ...(others === undefined ? {} : { others }),
    });
    expect(transcriptGatt(head())).toBeNull();
    expect(transcriptGatt(head(new Map([["gatt", "180a(2a29)"]])))).toEqual([
      { service: "180a", characteristic: "2a29" },
    ]);
  });
});

describe("an id", () => {
  test.each([
    ["2a18", true],
    [VERIO, true],
    ["2A18", false],
    ["00002a18", false],
    [`${VERIO}0`, false],
    ["", false],
  ])("%s is one: %s", (text, is) => {
    expect(isGattId(text)).toBe(is);
  });
});

describe("a channel", () => {
  const glucose = { service: "1808", characteristic: "2a52" };
  const cgm = { service: "181f", characteristic: "2a52" };

  test("is the id alone for the first that is used, with its service for the other one", () => {
    const channels = new GattChannels([glucose, cgm]);
    expect([channels.channelOf(cgm), channels.channelOf(glucose), channels.channelOf(cgm)]).toEqual([
      "2a52",
      "1808/2a52",
      "2a52",
    ]);
    expect([channels.nameOf("2a52"), channels.nameOf("1808/2a52")]).toEqual([cgm, glucose]);
  });

  test("means the first that the meter has if none was used, and no known service if nothing is known", () => {
    expect(new GattChannels([glucose, cgm]).nameOf("2a52")).toEqual(glucose);
    expect(new GattChannels([]).nameOf("2a52")).toEqual({ service: "", characteristic: "2a52" });
  });

  test("leads back to the characteristic that was used, whatever is used in whatever order", () => {
    fc.assert(
      fc.property(names, (used) => {
        const [writer, reader] = [new GattChannels([]), new GattChannels([])];
        for (const name of used) {
          const channel = writer.channelOf(name);
          expect(reader.channelOf(name)).toBe(channel);
          expect(reader.nameOf(channel)).toEqual(name);
        }
      }),
    );
  });

  test.each(["", "2A52", "a/b", "1808/2a52/2a18", "/2a52", "feature"])("is refused if it is [%s]", (channel) => {
    expect(() => splitChannel(channel)).toThrow(malformed);
  });
});
