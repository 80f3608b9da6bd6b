import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { unhex } from "../../../../src/kit/bytes.js";
import { crc32Words } from "./crc.js";
import { readFactory } from "./factory.js";
import { readRecord } from "./read-record.js";
import { readHeader } from "./record.js";
import { RecordNumbers } from "./record-number.js";
import { simulatedCrc32 } from "./simulated-wire.js";

const FILE = new URL("../../../../../shared/vectors/set-a/abbott-freestyle-libre.json", import.meta.url);

interface Vector {
  readonly description: string;
  readonly input_hex?: string;
  readonly input_text?: string;
  readonly expected: string | Readonly<Record<string, unknown>>;
}

describe.skipIf(!existsSync(FILE))("the samples of the binary protocol", () => {
  test("are read exactly, each of them", () => {
    const vectors: readonly Vector[] = JSON.parse(readFileSync(FILE, "utf8")).vectors;
    const ran = { config: 0, records: 0, checksums: 0, numbers: 0, rejected: 0, text: 0 };
    const historical = vectors.find(({ description }) => description.includes("table 6"))?.input_hex ?? "";
    const known = vectors.find(({ description }) => description.includes("factory"))?.expected;
    const timeBase = typeof known === "object" ? Number(known["timeConversion"]) : Number.NaN;
    for (const { description, input_hex, input_text, expected } of vectors) {
      const wanted = typeof expected === "string" ? {} : expected;
      if (description.includes("table 1 = meter factory")) {
        const data = unhex(input_hex ?? "");
        expect(data).toHaveLength(Number(wanted["dataLength"]));
        expect(readFactory(data)).toEqual({ displayUnit: wanted["unitOfMeasure"], timeBase: wanted["timeConversion"] });
        ran.config += 1;
      } else if (description.includes("opcode 0x31")) {
        const raw = unhex(input_hex ?? "");
        const header = readHeader(raw);
        expect([
          header.table,
          header.kind,
          header.bits,
          header.isTimeValid,
          header.readerTime,
          header.userOffset,
        ]).toEqual(
          ["tableId", "recordType", "recordNumber16", "timeValid", "readerTime", "userTimeOffset"].map(
            (key) => wanted[key],
          ),
        );
        const told = readRecord(raw, { timeBase, numbers: new RecordNumbers(header.bits + 1) });
        expect(told).toMatchObject({
          number: header.bits,
          userOffset: header.userOffset,
          reading: {
            kind: "glucose",
            value: wanted["value"],
            unit: wanted["units"],
            deviceTime: wanted["deviceTime"],
            index: header.bits,
            specimen: "interstitial",
            note: null,
          },
        });
        expect(new DataView(raw.buffer).getUint16(15, true)).toBe(wanted["lifeCounter"]);
        ran.records += 1;
      } else if ("crc32" in wanted) {
        const bytes = unhex(input_hex ?? "");
        expect([crc32Words(bytes), simulatedCrc32(bytes)]).toEqual([Number(wanted["crc32"]), Number(wanted["crc32"])]);
        ran.checksums += 1;
      } else if (description.startsWith("32-bit record numbers")) {
        for (const number of JSON.parse(input_text ?? "") as number[]) {
          expect(new RecordNumbers(number + 1).whole(number % 65_536), String(number)).toBe(number);
        }
        ran.numbers += 1;
      } else if (description.startsWith("Flip bit 8 of the record number")) {
        const raw = unhex(historical);
        raw[2] = (raw[2] ?? 0) ^ 1;
        const told = readRecord(raw, { timeBase, numbers: new RecordNumbers(70_000) });
        expect(told).toMatchObject({ unreadable: { code: "FRAME_CHECKSUM", raw } });
        ran.rejected += 1;
      } else ran.text += 1;
    }
    // The five in text are read beside the text protocol's codec.
    expect(ran).toEqual({ config: 1, records: 4, checksums: 19, numbers: 1, rejected: 1, text: 5 });
  });
});
