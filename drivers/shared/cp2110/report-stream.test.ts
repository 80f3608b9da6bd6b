import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../../../src/domain/problem.js";
import { concat, hex, unhex } from "../../../src/kit/bytes.js";
import { hidTo } from "../../../test/helpers/simulated-hid.js";
import { cp2110Packing, openCp2110, uartConfig } from "./bridge.js";
import { blankReports, reportStream } from "./report-stream.js";

const NEVER = new AbortController().signal;

/** A stream out of a device that has sent these reports, and what was written to the device. */
function streamOf(reports: readonly Uint8Array[]) {
  const device = hidTo({
    receive: () => undefined,
    start: (send) => {
      for (const report of reports) send(report);
    },
  });
  return { device, stream: reportStream(device, cp2110Packing) };
}

/** What the stream gives in so many reads, each as hex. */
async function reads(reports: readonly string[], count: number): Promise<string[]> {
  const { stream } = streamOf(reports.map(unhex));
  const got: string[] = [];
  for (let read = 0; read < count; read += 1) got.push(hex(await stream.read()));
  return got;
}

describe("the chip", () => {
  test("is set to 8N1 at the speed, high byte first, and then switched on", async () => {
    const { device } = streamOf([]);
    await openCp2110(device, 9_600, NEVER);
    await openCp2110(device, 19_200, NEVER);
    expect(device.written.map(hex)).toEqual([
      "50 00 00 25 80 00 00 03 00",
      "41 01",
      "50 00 00 4b 00 00 00 03 00",
      "41 01",
    ]);
    expect(hex(uartConfig(500_000))).toBe("50 00 07 a1 20 00 00 03 00");
  });

  test("that was pulled out before it was set says so", async () => {
    const { device } = streamOf([]);
    device.unplug();
    await expect(openCp2110(device, 9_600, NEVER)).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
  });
});

describe("the stream", () => {
  test("is what stands behind each report's number of bytes: one byte, many, padded or not", async () => {
    const padded = `02 51 22 ${"00 ".repeat(61)}`;
    expect(await reads(["01 51", padded, "03 a5 00 00", "01 00"], 4)).toEqual(["51", "51 22", "a5 00 00", "00"]);
  });

  test("passes over reports that contradict themselves, and gives those behind them", async () => {
    expect(await reads(["08 51 22", "00 00 00", "40 11", "ff 01 02", "", "02 a5 18"], 1)).toEqual(["a5 18"]);
  });

  test("out of nothing but such reports ends in a problem", async () => {
    const { stream } = streamOf(Array.from({ length: 5_000 }, () => Uint8Array.of(0x7f, 1, 2)));
    await expect(stream.read()).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
  });

  test("loses nothing to a read that is broken off, and ends when the device goes", async () => {
    let say: (report: Uint8Array) => void = () => undefined;
    const device = hidTo({
      receive: () => undefined,
      start: (send) => {
        say = send;
      },
    });
    const stream = reportStream(device, cp2110Packing);
    const abort = new AbortController();
    const broken = stream.read(abort.signal);
    abort.abort(new Problem("TRANSPORT_CANCELED"));
    await expect(broken).rejects.toMatchObject({ code: "TRANSPORT_CANCELED" });
    say(unhex("02 51 22"));
    expect(hex(await stream.read())).toBe("51 22");
    const waiting = stream.read();
    device.unplug();
    await expect(waiting).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
    await expect(stream.write(unhex("51"))).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
  });

  test("goes out in reports whose id is their number of bytes, 63 at most, in order, for any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const { device, stream } = streamOf([]);
        await stream.write(bytes);
        const reports = device.written;
        expect(reports.every((report) => report[0] === report.length - 1 && report.length <= 64)).toBe(true);
        expect(reports).toHaveLength(Math.ceil(bytes.length / 63));
        expect(concat(reports.map((report) => report.subarray(1)))).toEqual(bytes);
      }),
    );
  });

  test("comes out as it went in, however it was cut into reports and padded", async () => {
    const pieces = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 63 }), fc.boolean()), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(pieces, async (cut) => {
        const reports = cut.map(([bytes, isPadded]) => {
          const report = new Uint8Array(isPadded ? 64 : bytes.length + 1);
          report.set([bytes.length, ...bytes]);
          return report;
        });
        const { stream } = streamOf(reports);
        const got: Uint8Array[] = [];
        for (let read = 0; read < cut.length; read += 1) got.push(await stream.read());
        expect(concat(got)).toEqual(concat(cut.map(([bytes]) => bytes)));
      }),
    );
  });
});

describe("blanked reports", () => {
  /** What it is given, round by round; every byte becomes 7. */
  function sevens(): { seen: string[]; blankStream: (stream: Uint8Array) => Uint8Array } {
    const seen: string[] = [];
    const blankStream = (stream: Uint8Array): Uint8Array => {
      seen.push(hex(stream));
      return stream.map(() => 7);
    };
    return { seen, blankStream };
  }

  test("keep their ids, their padding and their lengths; their stream is blanked as one", () => {
    const reports = ["02 51 22 00 00", "01 a5", "03 01 02 03"].map(unhex);
    const { seen, blankStream } = sevens();
    const out = blankReports(reports, cp2110Packing, blankStream);
    expect(seen).toEqual(["51 22 a5 01 02 03", "51 22 a5 01 02 03"]);
    expect(out.map(hex)).toEqual(["02 07 07 00 00", "01 07", "03 07 07 07"]);
    expect(hex(reports[0] ?? new Uint8Array())).toBe("02 51 22 00 00");
  });

  test("that contradict themselves, or hold more than they say, are blanked behind their id", () => {
    const { seen, blankStream } = sevens();
    const out = blankReports(["09 51 22", "00 01", "", "01 a5", "01 a5 00 33"].map(unhex), cp2110Packing, blankStream);
    expect(seen).toEqual(["a5 a5", "51 22 01 a5 a5 00 33"]);
    expect(out.map(hex)).toEqual(["09 07 07", "00 07", "", "01 07", "01 07 07 07"]);
  });
});
