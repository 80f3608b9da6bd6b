import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latin1Bytes } from "./bytes.js";
import { LineAssembler } from "./lines.js";

const delimiters = ["\r\n", "\n", "\r"] as const;

/** Bytes with many delimiters and near misses among them. */
const streams = fc
  .array(
    fc.oneof(
      fc.constantFrom("\r", "\n", "\r\n"),
      fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)),
    ),
    {
      maxLength: 60,
    },
  )
  .map((parts) => parts.join(""));

describe("LineAssembler", () => {
  test("gives the same lines and rest at every chunking, at once, for each delimiter", () => {
    for (const delimiter of delimiters) {
      fc.assert(
        fc.property(streams, fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1 }), (text, sizes) => {
          const expected = text.split(delimiter);
          const rest = expected.pop();
          const assembler = new LineAssembler(delimiter);
          const lines: string[] = [];
          const bytes = latin1Bytes(text);
          for (let at = 0, n = 0; at < bytes.length; n += 1) {
            const size = sizes.some((s) => s > 0) ? (sizes[n % sizes.length] ?? 1) : 1;
            lines.push(...assembler.push(bytes.subarray(at, at + size)));
            at += size;
            const before = text.slice(0, at).split(delimiter);
            expect(lines).toEqual(before.slice(0, -1));
          }
          expect(lines).toEqual(expected);
          expect(assembler.rest).toBe(rest);
        }),
      );
    }
  });

  test("keeps empty lines and bytes above 127, and gives hundreds of lines out of one chunk", () => {
    const assembler = new LineAssembler("\r\n");
    expect(assembler.push(latin1Bytes("a\xff\r\n\r\nb\nc\r\nrest\r"))).toEqual(["a\xff", "", "b\nc"]);
    expect(assembler.rest).toBe("rest\r");
    expect(assembler.push(latin1Bytes(`\n${"x\r\n".repeat(500)}`))).toEqual(["rest", ...Array(500).fill("x")]);
    expect(assembler.rest).toBe("");
  });

  test("does not keep hold of the caller's buffer", () => {
    const assembler = new LineAssembler("\n");
    const chunk = latin1Bytes("12");
    assembler.push(chunk);
    chunk.fill(0);
    expect(assembler.push(latin1Bytes("3\n"))).toEqual(["123"]);
  });

  test("accepts a line of just the limit and refuses one byte more, finished or not, at any chunking", () => {
    for (const size of [1, 3, 8, 9, 100]) {
      const feed = (text: string): string[] => {
        const assembler = new LineAssembler("\n", 8);
        const lines: string[] = [];
        for (let at = 0; at < text.length; at += size)
          lines.push(...assembler.push(latin1Bytes(text.slice(at, at + size))));
        assembler.push(new Uint8Array());
        return lines;
      };
      expect(feed("12345678\n1\n12345678")).toEqual(["12345678", "1"]);
      for (const text of ["123456789", "123456789\n", "ok\n123456789\nok\n"]) {
        expect(() => feed(text)).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
      }
    }
  });

  test("gives the lines that were whole before one without end, and none after it", () => {
    const assembler = new LineAssembler("\n", 8);
    expect(assembler.push(latin1Bytes("ok\nfine\n123456789\nlate\n"))).toEqual(["ok", "fine"]);
    expect(() => assembler.push(latin1Bytes("later\n"))).toThrow(expect.objectContaining({ code: "FRAME_MALFORMED" }));
  });
});
