import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, hex, unhex } from "../../src/kit/bytes.js";
import { hidTo } from "../../test/helpers/simulated-hid.js";
import { reportStream } from "../shared/cp2110/report-stream.js";
import { frameBytes } from "../shared/isens/frame.js";
import { shinePacking } from "./packing.js";

/** What stands in a report, as hex; null for a report that is none. */
function inside(report: string): string | null {
  const bytes = unhex(report);
  const place = shinePacking.carried(bytes);
  return place === null ? null : hex(bytes.subarray(place.from, place.to));
}

describe("a report", () => {
  test("the HID length byte counts itself, so a pad byte is sent: here it counts the bytes behind it alone", () => {
    expect(hex(shinePacking.pack(unhex("80")))).toBe("01 01 80");
    expect(hex(shinePacking.pack(frameBytes("NCOT")))).toBe("01 0d 02 69 53 50 63 07 4e 43 4f 54 bb 7f 03");
  });

  test("gives the bytes that it names, padded or not, zeros among them", () => {
    expect(["01 01 2e", `01 02 2e 00 ${"00 ".repeat(60)}`, "01 00 00"].map(inside)).toEqual(["2e", "2e 00", ""]);
  });

  test("of another id, or shorter than it says, gives none", () => {
    expect(["02 01 2e", "00 01 2e", "01 02 2e", "01 05"].map(inside)).toEqual([null, null, null, null]);
    // An empty report says nothing of its length: nothing can come of it.
    expect(shinePacking.carried(new Uint8Array())).toBeNull();
  });

  test("carries any bytes there and back, 62 at a time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const device = hidTo({ receive: (report, send) => send(report) });
        const stream = reportStream(device, shinePacking);
        await stream.write(bytes);
        expect(device.written.every((report) => report.length <= 64 && report[0] === 1)).toBe(true);
        const back: Uint8Array[] = [];
        for (let at = 0; at < device.written.length; at += 1) back.push(await stream.read());
        expect(concat(back)).toEqual(bytes);
      }),
    );
  });
});
