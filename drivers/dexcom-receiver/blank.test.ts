import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { crc16Xmodem } from "../../src/kit/checksum.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { blank } from "./blank.js";
import { dexcomReceiver } from "./index.js";
import { openPacket, packet } from "./packet.js";
import { isProven } from "./page.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");

/** All that a simulated receiver sends in a session. */
async function conversation(seed: number) {
  const clock = new VirtualClock(START_MS);
  const meter = dexcomReceiver.simulate({ count: 60, seed, clock, zone: "Europe/London" });
  const sent: Uint8Array[] = [];
  const listening: Answerer = {
    receive: (asked, send) =>
      meter.receive(asked, (chunk) => {
        sent.push(chunk);
        send(chunk);
      }),
  };
  const heard = await hear(dexcomReceiver, listening, clock);
  return { meter, heard, stream: concat(sent) };
}

/** Says the stream's packets one after the other, whatever is asked. */
function replay(stream: Uint8Array): Answerer {
  let at = 0;
  return {
    receive(_, send) {
      const length = (stream[at + 1] ?? 0) + 256 * (stream[at + 2] ?? 0);
      send(stream.slice(at, at + length));
      at += length;
    },
  };
}

describe("a blanked conversation", () => {
  test.each([
    ["G4", 3],
    ["G5", 4],
    ["G6", 5],
  ])("of a %s has neither serial number nor transmitter, and reads as before", async (_, seed) => {
    const { meter, heard, stream } = await conversation(seed);
    const blanked = blank(stream, maskText);
    expect(blanked).toHaveLength(stream.length);
    expect(latin1(stream)).toContain(meter.serial);
    expect(latin1(blanked)).not.toContain(meter.serial);
    expect(latin1(blanked)).toContain("SerialNumber='XX00000000'");
    expect(latin1(blanked)).not.toContain("4A1B2C");
    expect(latin1(blanked)).not.toContain("\x56\x34\x12\0");
    const again = await hear(dexcomReceiver, replay(blanked), new VirtualClock(START_MS));
    expect(again.reason).toBeNull();
    expect(again.readings).toEqual(heard.readings);
    expect(again.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(again.events[0]).toMatchObject({
      identity: { serial: "XX00000000", model: expect.stringContaining("Dexcom G") },
    });
    expect(blank(blanked, maskText)).toEqual(blanked);
  });

  test("broken off anywhere, or with any byte damaged, keeps its length and tells no serial number that was whole", async () => {
    const { meter, stream } = await conversation(3);
    const serial = meter.serial ?? "";
    const until = latin1(stream).indexOf("HardwarePartNumber") + 400;
    fc.assert(
      fc.property(fc.nat(until), fc.nat(until), fc.integer({ min: 1, max: 255 }), (end, place, bits) => {
        const torn = stream.slice(0, end);
        expect(latin1(blank(torn, maskText))).not.toContain(serial);
        expect(blank(torn, maskText)).toHaveLength(end);
        const damaged = stream.map((byte, at) => (at === place ? byte ^ bits : byte)).slice(0, until);
        const blanked = blank(damaged, maskText);
        expect(blanked).toHaveLength(until);
        expect(latin1(blanked)).not.toContain(serial);
      }),
      { numRuns: 300 },
    );
  });

  test("masks what is left of the serial number where its end did not arrive", () => {
    const torn = latin1Bytes("\x01\x00\x02\x01 <ManufacturingParameters SerialNumber='SM4123");
    expect(latin1(blank(torn, maskText))).toBe("\x01\x00\x02\x01 <ManufacturingParameters SerialNumber='XX0000");
  });

  test("leaves a checksum wrong that was wrong, and makes those right that were right", () => {
    const text = latin1Bytes("<ManufacturingParameters SerialNumber='SM41237765'/>");
    const body = concat([new Uint8Array(8), text, new Uint8Array(6)]);
    const crc = crc16Xmodem(body);
    const page = (end: readonly number[]): Uint8Array => concat([new Uint8Array(28), body, Uint8Array.from(end)]);
    const sound = blank(packet(1, page([crc & 0xff, crc >> 8])), maskText);
    const opened = openPacket(sound)?.payload.subarray(28);
    expect(opened !== undefined && isProven(opened)).toBe(true);
    const unsound = blank(packet(1, page([0, 1])), maskText);
    expect([...(openPacket(unsound)?.payload.subarray(-2) ?? [])]).toEqual([0, 1]);
    const damaged = packet(1, page([0, 1]));
    damaged[5] = 9;
    const blanked = blank(damaged, maskText);
    expect(openPacket(blanked)).toBeNull();
    expect(latin1(blanked)).toContain("SerialNumber='XX00000000'");
    expect(blanked.subarray(-2)).toEqual(damaged.subarray(-2));
  });

  test("of nothing, or of another device's bytes, is what it was", () => {
    for (const bytes of [new Uint8Array(), latin1Bytes("OK\r\n\x01\x06"), new Uint8Array(600).fill(1)]) {
      expect(blank(bytes, maskText)).toEqual(bytes);
    }
  });
});
