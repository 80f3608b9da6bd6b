import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { inMemoryWords, inVirtualTime } from "../../test/helpers/simulated-line.js";
import { simulatedCrc16 } from "../shared/abbott-hid/binary/simulated-wire.js";
import { TableRecords } from "../shared/abbott-hid/binary/table-records.js";
import { tellTables } from "../shared/abbott-hid/binary/tell-tables.js";
import { freestyleLibrePro } from "./index.js";
import { setClock } from "./set-clock.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const options = (clock: VirtualClock, count: number) => ({ count, seed: 4, clock, zone: "Europe/London" });

test.each([0, 1, 50, 10_000])(
  "a memory of %i is told whole, in the order of its tables",
  { timeout: 120_000 },
  async (count) => {
    const clock = new VirtualClock(START_MS);
    const meter = freestyleLibrePro.simulate(options(clock, count));
    const heard = await hearHid(freestyleLibrePro, meter, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    expect(heard.events.slice(0, 3)).toEqual([
      {
        type: "identity",
        identity: {
          manufacturer: "Abbott",
          model: "FreeStyle Libre Pro",
          serial: meter.serial,
          firmware: "1.0.14",
          displayUnit: "mg/dL",
        },
        source: "cgm",
        sourceName: null,
      },
      { type: "clock", deviceTime: expect.stringMatching(/^2024-05-06T08:08:0\d$/) },
      { type: "expect", count },
    ]);
  },
);

/** Reads a virtual reader of which each report, and each of the hub's, goes through `change`. */
async function hearThrough(
  change: (report: Uint8Array, number: number) => readonly Uint8Array[],
  count = 12,
  written: (report: Uint8Array, number: number) => boolean = () => true,
) {
  const clock = new VirtualClock(START_MS);
  const meter = freestyleLibrePro.simulate(options(clock, count));
  let [number, said] = [0, 0];
  const answerer = {
    receive: (report: Uint8Array, send: (one: Uint8Array) => void) => {
      said += 1;
      if (!written(report, said)) return;
      meter.receive(report, (answer) => {
        number += 1;
        for (const one of change(answer, number)) send(one);
      });
    },
  };
  const heard = await hearHid(freestyleLibrePro, answerer, clock);
  return { meter, heard };
}

const isFrame = (report: Uint8Array): boolean => report[0] === 0x0b;

test("frames that come damaged, twice, or not at all are asked for again, and nothing is lost or told twice", async () => {
  const faults: ((report: Uint8Array, number: number) => readonly Uint8Array[])[] = [
    (report) => [report, report],
    (report, number) => (isFrame(report) && number % 9 === 0 ? [] : [report]),
    (report, number) => [
      isFrame(report) && number % 7 === 0 ? report.map((byte, at) => (at === 10 ? byte ^ 4 : byte)) : report,
    ],
    // A number that is one off.
    (report, number) => [
      isFrame(report) && number % 11 === 0 ? report.map((byte, at) => (at === 3 ? byte + 1 : byte)) : report,
    ],
  ];
  let ran = 0;
  for (const fault of faults) {
    const { meter, heard } = await hearThrough(fault, 40);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(40);
    ran += 1;
  }
  expect(ran).toBe(4);
});

test("a request that is lost on its way is sent again with its number", async () => {
  for (const lost of [1, 2, 3, 4]) {
    let requests = 0;
    const { meter, heard } = await hearThrough(
      (report) => [report],
      12,
      (report) => {
        if (report[1] === 0x0a) requests += 1;
        return report[1] !== 0x0a || requests !== lost;
      },
    );
    expect(heard.reason, `request ${lost}`).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  }
});

test("a frame that stays damaged ends as such; what was proven before it is told", async () => {
  const { meter, heard } = await hearThrough((report) => [
    isFrame(report) && report.includes(0x31) && report[1] !== 62
      ? report.map((byte, at) => (at === 12 ? byte ^ 1 : byte))
      : report,
  ]);
  expect(["FRAME_TRUNCATED", "FRAME_CHECKSUM", "METER_STALLED"]).toContain(heard.code);
  const truth = meter.memory.map((one) => JSON.stringify(one));
  for (const reading of heard.readings) expect(truth).toContain(JSON.stringify(inMemoryWords(reading)));
});

test("a reader that goes at any report ends in time, with a name, and what was told is true", async () => {
  let ran = 0;
  for (let last = 0; last < 45; last += 1) {
    const { meter, heard } = await hearThrough((report, number) => (number > last ? [] : [report]));
    const truth = meter.memory.map((one) => JSON.stringify(one));
    for (const reading of heard.readings) expect(truth).toContain(JSON.stringify(inMemoryWords(reading)));
    if (heard.reason === null) expect(heard.readings).toHaveLength(12);
    else expect(["METER_TIMEOUT", "METER_STALLED", "FRAME_TRUNCATED", "FRAME_MALFORMED"]).toContain(heard.code);
    expect(heard.tookMs).toBeLessThan(120_000);
    ran += 1;
  }
  expect(ran).toBe(45);
});

test("without the table that has the clock changes nothing is told: times would be wrong", async () => {
  const { heard } = await hearThrough(
    (report) => [report],
    12,
    (report) => !(report[1] === 0x0a && report[10] === 0x31 && report[11] === 0),
  );
  expect([heard.code, heard.readings]).toEqual(["METER_STALLED", []]);
});

test("no identity of a sensor is made up, and none stands in the readings", async () => {
  const { heard } = await hearThrough((report) => [report]);
  expect(
    heard.readings.every(
      ({ sourceKey, device, sourceName }) => sourceKey === null && device === null && sourceName === null,
    ),
  ).toBe(true);
});

test("the unit of the display is told, and values are mg/dL all the same", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = freestyleLibrePro.simulate({ ...options(clock, 20), unit: "mmol/L" });
  const heard = await hearHid(freestyleLibrePro, meter, clock);
  expect(heard.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
  expect(heard.readings.filter(({ kind }) => kind === "glucose").every(({ unit }) => unit === "mg/dL")).toBe(true);
});

test("a clock that is set is read back, changes the order of nothing, and is told as a change", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = freestyleLibrePro.simulate({ ...options(clock, 20), clockErrorMs: -3_600_000 });
  const before = await hearHid(freestyleLibrePro, meter, clock);
  const shown = await inVirtualTime(clock, () =>
    setClock({
      transport: hidTo(meter),
      clock,
      signal: new AbortController().signal,
      log: silentLog,
      wallNow: () => "2024-05-06T08:08:20",
    }),
  );
  expect(shown).toMatch(/^2024-05-06T08:08:2/);
  const after = await hearHid(freestyleLibrePro, meter, clock);
  expect(after.readings).toEqual(before.readings);
  const changes = after.events.flatMap((event) => (event.type === "clockChanges" ? event.changes : []));
  expect(changes).toEqual([
    { order: 65_550, from: expect.stringMatching(/^2024-05-06T07:0/), to: "2024-05-06T08:08:20" },
  ]);
});

test("ninety days are told whole, and held in one array until then", () => {
  const records = new TableRecords();
  const body = [113, 0, 0, 0, 0, 0];
  for (let number = 10_000; number > 1_360; number -= 1) {
    const bytes = [number & 255, number >> 8, 12, 0x80, number & 255, number >> 8, 3, 18, 0, 0, 0, 0, ...body];
    const crc = simulatedCrc16(bytes);
    records.add(Uint8Array.of(6, ...bytes, crc & 255, crc >> 8));
  }
  expect(records.count).toBe(8_640);
  const facts = { timeBase: 1_388_534_400, nextNumber: 10_001, log: silentLog };
  let told = 0;
  for (const event of tellTables([{ table: 6, records, problem: null }], facts))
    if (event.type === "readings") told += event.readings.length;
  expect(told).toBe(8_640);
  // By construction: 23 bytes a record, in an array that grows by a quarter.
  expect(8_640 * 23 * 1.25 * 2).toBeLessThan(1_048_576);
});

test.each([
  ["silence", null, "METER_TIMEOUT"],
  ["noise", [0x7f, 1, 0], "FRAME_MALFORMED"],
  ["that it speaks encrypted", [0x33, 1, 0x15], "METER_UNSUPPORTED"],
] as const)("a device that answers with %s is given up in time, as a probe too", async (_, bytes, code) => {
  for (const patience of ["full", "probe"] as const) {
    const clock = new VirtualClock(START_MS);
    const report = Uint8Array.from({ length: 64 }, (__, at) => bytes?.[at] ?? 0);
    const answerer = {
      receive: (_report: Uint8Array, send: (one: Uint8Array) => void) => {
        if (bytes !== null) send(report);
      },
    };
    const heard = await hearHid(freestyleLibrePro, answerer, clock, { patience });
    expect([heard.code, heard.events]).toEqual([code, []]);
    expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? freestyleLibrePro.probe.withinMs : 10_000);
  }
});

test("a reader that chatters on and on in frames of nothing ends as malformed", { timeout: 60_000 }, async () => {
  const clock = new VirtualClock(START_MS);
  const meter = freestyleLibrePro.simulate(options(clock, 5));
  const answerer = {
    receive: (report: Uint8Array, send: (one: Uint8Array) => void) => {
      const isRequest = report[1] === 0x0a;
      for (let at = 0; isRequest && at < 21_000; at += 1)
        send(Uint8Array.from({ length: 64 }, (_, place) => (place === 0 ? 0x0c : 0)));
      if (!isRequest) meter.receive(report, send);
    },
  };
  const heard = await hearHid(freestyleLibrePro, answerer, clock);
  expect([heard.code, heard.readings]).toEqual(["FRAME_MALFORMED", []]);
});
