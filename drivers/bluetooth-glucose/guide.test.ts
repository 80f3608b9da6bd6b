import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hex, unhex } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearBle } from "../../test/helpers/simulated-ble.js";
import { type Saying, scriptedMeter } from "../shared/gatt/scripted-meter.js";
import { bluetoothGlucose } from "./index.js";

/** A captured Guide, beside the checkout; where it is missing, this is skipped. */
const FILE = new URL("../../../shared/vectors/set-b/ble-glucose.json", import.meta.url);

interface Vector {
  readonly source_path: string;
  readonly description: string;
  readonly input_hex: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const hexOf = (text: string): string => Buffer.from(text, "latin1").toString("hex");

function capture() {
  const vectors: readonly Vector[] = JSON.parse(readFileSync(FILE, "utf8")).vectors;
  const captured = vectors.filter(({ source_path: source }) => source.includes("btsnoop"));
  const measurements = captured.filter(({ description }) => description.includes("0x2A18"));
  const contexts = captured.filter(({ description }) => description.includes("0x2A34"));
  const sayings = (all: readonly Vector[]): Saying[] =>
    all.flatMap(({ input_hex: text, expected }): Saying[] => {
      const own = contexts.filter((context) => context.expected["sequence"] === expected["sequence"]);
      return [["2a18", text], ...own.map((context): Saying => ["2a34", context.input_hex])];
    });
  const asked = captured.find(({ description }) => description === "RACP write: all records");
  const end = captured.find(({ description }) => description.startsWith("RACP indication: success"));
  return { measurements, sayings, asked: hex(unhex(asked?.input_hex ?? "")), end: hex(unhex(end?.input_hex ?? "")) };
}

describe.skipIf(!existsSync(FILE))("a captured Accu-Chek Guide", () => {
  async function read(resume: string | null) {
    const { measurements, sayings, asked, end } = capture();
    const meter = scriptedMeter({
      name: "meter+00123456",
      gatt: {
        "180a": ["2a23", "2a24", "2a25", "2a26", "2a29", "2a2a", "2a50"],
        "00000000-0000-1000-1000-000000000000": ["2a52"],
        "1808": ["2a18", "2a34", "2a51", "2a52", "2a08"],
      },
      values: {
        "2a29": hexOf("Roche"),
        "2a24": hexOf("925"),
        "2a25": hexOf("00123456"),
        "2a26": hexOf("v1.9.6"),
        "2a51": "00 00",
        "2a08": "e6 07 05 1f 0c 00 00",
      },
      answer(write) {
        const from = /^0[14] 03 01 (..) 00$/.exec(write)?.[1];
        const chosen = measurements.filter(
          ({ expected }) => from === undefined || Number(expected["sequence"]) >= Number.parseInt(from, 16),
        );
        if (write.startsWith("04")) return [["2a52", `05 00 ${chosen.length.toString(16).padStart(2, "0")} 00`]];
        expect([asked, "01 03 01 0e 00"]).toContain(write);
        return [...sayings(chosen), ["2a52", end]];
      },
    });
    // Its maker's own service comes first, as if to be taken for the right one.
    const reversed = { ...meter, characteristics: meter.characteristics.toReversed() };
    return await hearBle(bluetoothGlucose, reversed, new VirtualClock(Date.parse("2022-05-31T10:00:00Z")), {
      resume: async () => resume,
    });
  }

  test("is read whole: every value, time and mark as the study has them", async () => {
    const { measurements } = capture();
    const heard = await read(null);
    expect(heard.reason).toBeNull();
    expect(heard.events[0]).toMatchObject({
      identity: { manufacturer: "Roche", serial: "92500123456", firmware: "v1.9.6" },
    });
    expect(measurements).toHaveLength(8);
    const told = heard.readings.map(({ deviceTime, value, outOfRange, unit }) => [deviceTime, value, outOfRange, unit]);
    const wanted = measurements.map(({ expected }) => [
      expected["user_facing_time"],
      expected["out_of_range"] === "LO" ? 20 : expected["mg_dl"],
      expected["out_of_range"] === "LO" ? "low" : null,
      "mg/dL",
    ]);
    expect(told).toEqual(wanted);
    expect(heard.readings.map(({ meal }) => meal).filter((meal) => meal !== null)).toEqual(["before"]);
    expect(heard.readings.find(({ meal }) => meal === "before")?.asSent).toBe("LO");
    expect(heard.readings.every(({ control }) => !control)).toBe(true);
    // It has a second 2a52 in a service of its maker's: that one is left alone.
    const services = heard.operations
      .filter(({ name }) => name.characteristic === "2a52")
      .map(({ name }) => name.service);
    expect(services).toEqual(["1808", "1808", "1808"]);
  });

  test("goes on from its last record", async () => {
    const cursors = (await read(null)).events.flatMap((event) => (event.type === "cursor" ? [event.cursor] : []));
    expect(cursors).toEqual(['{"sequence":14,"baseTime":"2022-05-30T14:55:27","count":8}']);
    const heard = await read(cursors[0] ?? null);
    expect(heard.readings.map(({ deviceTime }) => deviceTime)).toEqual(["2022-05-30T15:55:27"]);
    expect(heard.written.map(hex)).toEqual(["04 01", "04 03 01 0e 00", "01 03 01 0e 00"]);
  });
});
