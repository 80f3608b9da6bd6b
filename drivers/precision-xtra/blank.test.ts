import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { readDump } from "../shared/abbott-text/frame.js";
import { blank } from "./blank.js";
import { simulate } from "./simulator.js";

const mask = (bytes: Uint8Array): Uint8Array =>
  latin1Bytes(
    latin1(bytes)
      .replace(/[A-Za-z]/g, "X")
      .replace(/[0-9]/g, "0"),
  );

async function streamOf(count: number): Promise<{ serial: string; stream: Uint8Array }> {
  const clock = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
  const meter = simulate({ count, seed: 5, clock, zone: "Europe/London" });
  const chunks: Uint8Array[] = [];
  meter.receive(latin1Bytes("$colq\r\n$xmem\r\n"), (chunk) => chunks.push(chunk));
  do await turn();
  while (clock.advanceToNext());
  return { serial: meter.serial ?? "", stream: concat(chunks) };
}

test.each([0, 1, 40])("a memory of %i readings is blanked", async (count) => {
  const { serial, stream } = await streamOf(count);
  const blanked = blank(stream, mask);
  expect(blanked).toHaveLength(stream.length);
  expect(latin1(blanked)).not.toContain(serial);
  expect(readDump(blanked).serial).toBe("XXXX000-X0000");
  expect(readDump(blanked).records).toEqual(readDump(stream).records);
  expect(readDump(blanked).records).toHaveLength(count);
});

test("a memory that breaks off anywhere shows no more of the serial number than four characters in a row", async () => {
  const { serial, stream } = await streamOf(3);
  let ran = 0;
  for (let cut = 0; cut < stream.length; cut += 1) {
    const text = latin1(blank(stream.subarray(0, cut), mask));
    expect(text).toHaveLength(cut);
    for (let at = 0; at + 5 <= serial.length; at += 1) expect(text).not.toContain(serial.slice(at, at + 5));
    ran += 1;
  }
  expect(ran).toBe(stream.length);
});
