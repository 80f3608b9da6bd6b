import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { readDump } from "./frame.js";

const HEAD = "\r\nDGPK817-R2094\r\n1.43  -P\r\nMay  06 2024 08:08:41\r\n";
const RECORD = "104  May  06 2024 07:31 17 0x00\r\n";

/** A dump with its checksum, counted by hand so that the sum is the test's own. */
function dump(body: string): string {
  let sum = 0;
  for (const character of body) sum += character.charCodeAt(0);
  return `${body}0x${(sum % 65_536).toString(16).toUpperCase().padStart(4, "0")}  END\r\n`;
}

const read = (text: string) => readDump(latin1Bytes(text));
const code = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "read";
};

describe("a dump", () => {
  test("is taken apart into its first lines and its records, with or without a lone line end between", () => {
    for (const gap of ["", "\n"]) {
      const got = read(dump(`${HEAD}002\r\n${gap}${RECORD}${RECORD}`));
      expect([got.serial, got.version, latin1(got.clock), got.proven]).toEqual([
        "DGPK817-R2094",
        "1.43  -P",
        "May  06 2024 08:08:41\r\n",
        true,
      ]);
      expect(got.records.map(latin1)).toEqual([RECORD, RECORD]);
    }
  });

  test("may have an echo, noise, an STX or a part of itself before it, which the sum leaves out", () => {
    const whole = dump(`${HEAD}001\r\n${RECORD}`);
    for (const before of ["$xmem\r\n", "\x02", "\xff\x00\x03", "CMD OK\r\n", `${HEAD}001\r\n104  Ma`]) {
      expect(read(before + whole).records.map(latin1)).toEqual([RECORD]);
    }
  });

  test("of no record is proven with its count of nothing, and not without a checksum", () => {
    expect(read(dump(`${HEAD}000\r\n`))).toMatchObject({ records: [], proven: true });
    expect(read(dump(`${HEAD}Log Empty\r\n`))).toMatchObject({ records: [], proven: true });
    expect(read(`${HEAD}Log Empty END\r\n`)).toMatchObject({ records: [], proven: false });
    expect(code(dump(`${HEAD}Log Empty\r\n`).replace("0x", "0x1"))).toBe("FRAME_CHECKSUM");
  });

  test("that the meter says it can't find is refused", () => {
    expect(code(`${HEAD}Log Not Found END\r\n`)).toBe("METER_REFUSED");
  });

  test("with another number of records than announced is not taken", () => {
    expect(code(dump(`${HEAD}002\r\n${RECORD}`))).toBe("FRAME_MALFORMED");
    expect(code(dump(`${HEAD}000\r\n${RECORD}`))).toBe("FRAME_MALFORMED");
    expect(code(dump(`${HEAD}999\r\n${RECORD}`))).toBe("FRAME_MALFORMED");
  });

  test("without first lines, without a checksum or with a wrong one is damaged", () => {
    const whole = dump(`${HEAD}001\r\n${RECORD}`);
    expect(code("")).toBe("FRAME_CHECKSUM");
    expect(code(whole.slice(2))).toBe("FRAME_CHECKSUM");
    expect(code(whole.replace("0x", "0y"))).toBe("FRAME_CHECKSUM");
    expect(code(whole.replace("104", "105"))).toBe("FRAME_CHECKSUM");
    expect(code(whole.replace(/0x..../, "0x0000"))).toBe("FRAME_CHECKSUM");
  });

  test("as a peer reads it, whose checksum nobody looks at, would give a value that was never measured", () => {
    expect(code(dump(`${HEAD}001\r\n${RECORD}`).replace("104", "404"))).toBe("FRAME_CHECKSUM");
  });

  test("says nothing else with any bit turned over", () => {
    const whole = dump(`${HEAD}002\r\n\n${RECORD}${RECORD.replace("104", "HI ")}`);
    const bytes = latin1Bytes(whole);
    const truth = JSON.stringify(readDump(bytes).records.map(latin1));
    let ran = 0;
    for (let place = 0; place < bytes.length; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const turned = latin1(bytes.map((byte, at) => (at === place ? byte ^ (1 << bit) : byte)));
        if (code(turned) === "read") {
          const got = read(turned);
          expect(JSON.stringify(got.records.map(latin1))).toBe(truth);
          expect([got.serial, got.version]).toEqual(["DGPK817-R2094", "1.43  -P"]);
        }
        ran += 1;
      }
    }
    expect(ran).toBe(bytes.length * 8);
  });

  test("of any bytes is read or refused by name", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(["read", "FRAME_CHECKSUM", "FRAME_MALFORMED", "METER_REFUSED"]).toContain(code(latin1(bytes)));
      }),
    );
  });
});
