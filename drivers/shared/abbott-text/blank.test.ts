import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { blank } from "./blank.js";
import { readDump } from "./frame.js";

const SERIAL = "DGPK817-R2094";
const HEAD = `\r\n${SERIAL}\r\n1.43  -P\r\nMay  06 2024 08:08:41\r\n`;
const RECORD = "104  May  06 2024 07:31 17 0x00\r\n";

function dump(body: string): string {
  let sum = 0;
  for (const character of body) sum += character.charCodeAt(0);
  return `${body}0x${(sum % 65_536).toString(16).toUpperCase().padStart(4, "0")}  END\r\n`;
}

/** As the contract says: letters become X, digits 0. */
const mask = (bytes: Uint8Array): Uint8Array =>
  latin1Bytes(
    latin1(bytes)
      .replace(/[A-Za-z]/g, "X")
      .replace(/[0-9]/g, "0"),
  );
const blanked = (text: string, kept = 0): string => latin1(blank(latin1Bytes(text), mask, kept));

const WHOLE = dump(`${HEAD}001\r\n\n${RECORD}`);

describe("a stream that is blanked", () => {
  test("has no serial number, a right checksum, and everything else as it was", () => {
    const text = blanked(WHOLE);
    expect(text).toHaveLength(WHOLE.length);
    expect(readDump(latin1Bytes(text))).toMatchObject({ serial: "XXXX000-X0000", version: "1.43  -P" });
    expect(readDump(latin1Bytes(text)).records.map(latin1)).toEqual([RECORD]);
  });

  test("keeps as many letters as tell the model", () => {
    expect(readDump(latin1Bytes(blanked(WHOLE, 1))).serial).toBe("DXXX000-X0000");
  });

  test("may hold several answers, each blanked for itself, and what the meter says about itself", () => {
    const info = `S/N:\t${SERIAL}\r\nVer:\t1.07\tMMOL\r\nCMD OK\r\n`;
    const text = blanked(info + WHOLE + dump(`${HEAD}002\r\n${RECORD}${RECORD}`));
    expect(text).not.toContain(SERIAL);
    expect(text.startsWith("S/N:\tXXXX000-X0000\r\nVer:\t1.07\tMMOL\r\nCMD OK\r\n")).toBe(true);
    const [first = "", second = ""] = text.slice(info.length).split(/(?<=END\r\n)/);
    expect(readDump(latin1Bytes(first)).records).toHaveLength(1);
    expect(readDump(latin1Bytes(second)).records).toHaveLength(2);
  });

  test("stays as damaged as it was", () => {
    const damaged = WHOLE.replace("104", "107");
    expect(() => readDump(latin1Bytes(blanked(damaged)))).toThrow(expect.objectContaining({ code: "FRAME_CHECKSUM" }));
  });

  test("shows no more than four characters of the serial number wherever it is cut", () => {
    let ran = 0;
    for (let cut = 0; cut <= WHOLE.length; cut += 1) {
      const text = blanked(WHOLE.slice(0, cut));
      expect(text).toHaveLength(cut);
      for (let at = 0; at + 5 <= SERIAL.length; at += 1) expect(text).not.toContain(SERIAL.slice(at, at + 5));
      ran += 1;
    }
    expect(ran).toBe(WHOLE.length + 1);
  });

  test("shows no more than four characters of the serial number with any bit turned over", () => {
    const bytes = latin1Bytes(WHOLE + WHOLE);
    let ran = 0;
    for (let place = 0; place < WHOLE.length; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const turned = latin1(bytes.map((byte, at) => (at === place ? byte ^ (1 << bit) : byte)));
        const text = blanked(turned);
        for (let at = 0; at + 5 <= SERIAL.length; at += 1) expect(text).not.toContain(SERIAL.slice(at, at + 5));
        ran += 1;
      }
    }
    expect(ran).toBe(WHOLE.length * 8);
  });

  test("of any bytes is as long as before", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(blank(bytes, mask, 1)).toHaveLength(bytes.length);
      }),
    );
  });
});
