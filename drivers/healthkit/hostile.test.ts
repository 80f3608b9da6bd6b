import { describe, expect, test } from "vitest";
import type { FileEntry } from "../../src/kit/transport.js";
import { inMemory, run } from "../../test/fixtures/healthkit/run.js";
import { Scanner } from "./scanner.js";
import { typeTable } from "./types.js";

/** An export that is written while it is read: what it begins with, a piece that many times, and what it ends with. */
function endless(head: string, piece: Buffer, times: number, tail = ""): { entry: FileEntry; given: () => number } {
  let given = 0;
  const entry: FileEntry = {
    name: "export.xml",
    size: null,
    async *open() {
      yield Buffer.from(head);
      for (let turn = 0; turn < times; turn += 1) {
        given += piece.length;
        yield piece;
      }
      yield Buffer.from(tail);
    },
  };
  return { entry, given: () => given };
}

const MEBIBYTE = 1 << 20;
const glucose =
  '<Record type="HKQuantityTypeIdentifierBloodGlucose" sourceName="A" unit="mg/dL" startDate="2024-07-01 08:00:00 +0000" endDate="2024-07-01 08:00:00 +0000" value="104"/>';

describe("a hostile export", () => {
  const refused: readonly [string, string, Buffer][] = [
    ["a value of 100 MB", `<HealthData>${glucose}<Record type="`, Buffer.alloc(MEBIBYTE, "x")],
    ["a name of 100 MB", `<HealthData>${glucose}<`, Buffer.alloc(MEBIBYTE, "x")],
    [
      "a record with 100 MB of metadata",
      `<HealthData>${glucose}${glucose.replace("/>", ">")}`,
      Buffer.from('<MetadataEntry key="k" value="v"/>'.repeat(30_000)),
    ],
    ["a prologue of 100 MB", "<!DOCTYPE HealthData [", Buffer.alloc(MEBIBYTE, " ")],
  ];
  test.each(refused)("with %s is refused after some megabytes", async (_, head, piece) => {
    const { entry, given } = endless(head, piece, 100);
    const result = await run({ ...inMemory([]), entry });
    expect(result.problem).toBe("IMPORT_MALFORMED");
    expect(result.readings).toHaveLength(head.includes("Glucose") ? 1 : 0);
    // It is looked through, read, and its lines are counted.
    expect(given()).toBeLessThan(130 * MEBIBYTE);
  });

  test("that declares entities which grow is refused unread", async () => {
    const bomb = `<!DOCTYPE HealthData [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><HealthData>${glucose}</HealthData>`;
    expect(await run(inMemory([Buffer.from(bomb)]))).toMatchObject({ problem: "IMPORT_MALFORMED", readings: [] });
  });

  test("of ten million tiny records passes in the memory of one window", () => {
    const piece = Buffer.from('<Record type="x"/>'.repeat(50_000));
    const told: unknown[] = [];
    const scanner = new Scanner(typeTable(null), { record: (one) => told.push(one), pressure: () => undefined });
    const before = process.memoryUsage().arrayBuffers;
    scanner.push(Buffer.from("<HealthData>"));
    for (let turn = 0; turn < 200; turn += 1) scanner.push(piece);
    scanner.push(Buffer.from("</HealthData>"));
    scanner.end();
    expect(scanner.passedOver).toBe(10_000_000);
    expect(told).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MEBIBYTE);
  });

  test("with zeros, other encodings or nothing in it ends with a problem", async () => {
    const text = `<HealthData>${glucose}</HealthData>`;
    const cases = [
      Buffer.from(text, "utf16le"),
      Buffer.alloc(5000),
      Buffer.alloc(0),
      Buffer.from(text.replace("><", ">\0<")),
    ];
    for (const bytes of cases) {
      expect(["IMPORT_MALFORMED", "IMPORT_TRUNCATED"]).toContain((await run(inMemory([bytes]))).problem);
    }
    expect(cases).toHaveLength(4);
  });
});
