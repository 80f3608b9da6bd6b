import { describe, expect, test } from "vitest";
import { Problem } from "../../src/domain/problem.js";
import { hex } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { DONE, REPORT_ALL, SCRATCH, scratchBle } from "./scratch-ble.js";
import { type BleBench, type BleBenchOptions, bleTo, hearBle } from "./simulated-ble.js";
import { inVirtualTime } from "./simulated-line.js";

const START_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
const zone = "Europe/London";

function bench(options: BleBenchOptions = {}): { clock: VirtualClock; ble: BleBench } {
  const clock = new VirtualClock(START_MS);
  return { clock, ble: bleTo(scratchBle.simulate({ count: 2, seed: 1, clock, zone }), clock, options) };
}

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe("bleTo", () => {
  test("lets notices pass only where they were subscribed to, and keeps what was done", async () => {
    const { clock, ble } = bench();
    await inVirtualTime(clock, async () => {
      await ble.write(SCRATCH.recordAccess, REPORT_ALL);
      await ble.subscribe(SCRATCH.measurement);
      await ble.subscribe(SCRATCH.measurement);
      await ble.write(SCRATCH.recordAccess, REPORT_ALL);
      expect(hex(await ble.readValue(SCRATCH.serial))).toBe("41 42 31 32 33 34");
      expect([await ble.next(), await ble.next()]).toEqual([
        { from: SCRATCH.measurement, bytes: Uint8Array.of(1, 101) },
        { from: SCRATCH.measurement, bytes: Uint8Array.of(2, 102) },
      ]);
      await ble.subscribe(SCRATCH.recordAccess);
      await ble.write(SCRATCH.recordAccess, REPORT_ALL);
      expect([(await ble.next()).bytes[0], (await ble.next()).bytes[0], (await ble.next()).bytes]).toEqual([
        1,
        2,
        DONE,
      ]);
    });
    expect(ble.operations.map(({ op, name }) => `${op} ${name.characteristic}`)).toEqual([
      "write 2a52",
      "subscribe 2a18",
      "subscribe 2a18",
      "write 2a52",
      "read 2a25",
      "subscribe 2a52",
      "write 2a52",
    ]);
    expect(ble.written).toEqual([REPORT_ALL, REPORT_ALL, REPORT_ALL]);
    expect(clock.now() - START_MS).toBe(7 * 30);
    expect(ble.advertised).toBe("Scratch+AB1234");
    expect(ble.characteristics).toHaveLength(3);
  });

  test("declines what the meter has not, what it declines itself, and what can't be done there", async () => {
    const { ble } = bench({ operationMs: 0 });
    const absent = { service: "181f", characteristic: "2a52" };
    await expect(ble.subscribe(absent)).rejects.toEqual(code("METER_UNSUPPORTED"));
    await expect(ble.write(SCRATCH.recordAccess, Uint8Array.of(0x02))).rejects.toMatchObject({
      code: "GATT_REFUSED",
      context: { att: 0x80 },
    });
    await expect(ble.readValue(SCRATCH.measurement)).rejects.toMatchObject({ context: { att: 0x02 } });
    await expect(ble.write(SCRATCH.serial, REPORT_ALL)).rejects.toMatchObject({ context: { att: 0x03 } });
    await expect(ble.subscribe(SCRATCH.serial)).rejects.toMatchObject({ code: "GATT_REFUSED", context: { att: 0x06 } });
    // The link may be used on.
    expect(await ble.readValue(SCRATCH.serial)).toHaveLength(6);
  });

  test("declines without a bond only what needs one", async () => {
    const { ble } = bench({ bonded: false, operationMs: 0 });
    expect(await ble.readValue(SCRATCH.serial)).toHaveLength(6);
    await expect(ble.subscribe(SCRATCH.measurement)).rejects.toEqual(code("METER_UNPAIRED"));
    await expect(ble.write(SCRATCH.recordAccess, REPORT_ALL)).rejects.toEqual(code("METER_UNPAIRED"));
    expect(ble.written).toEqual([]);
  });

  test("gives what had come when the link is lost, then TRANSPORT_GONE, and after closing TRANSPORT_CANCELED", async () => {
    const { ble } = bench({ operationMs: 0 });
    await ble.subscribe(SCRATCH.measurement);
    await ble.write(SCRATCH.recordAccess, REPORT_ALL);
    ble.unplug();
    expect((await ble.next()).bytes[0]).toBe(1);
    expect((await ble.next()).bytes[0]).toBe(2);
    await expect(ble.next()).rejects.toEqual(code("TRANSPORT_GONE"));
    await expect(ble.readValue(SCRATCH.serial)).rejects.toEqual(code("TRANSPORT_GONE"));
    await ble.close();
    await ble.close();
    await expect(ble.next()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await expect(ble.subscribe(SCRATCH.measurement)).rejects.toEqual(code("TRANSPORT_CANCELED"));
  });

  test("ends a wait when the link is lost, and loses nothing when a wait is aborted", async () => {
    const { ble } = bench({ operationMs: 0 });
    await ble.subscribe(SCRATCH.measurement);
    const abort = new AbortController();
    const aborted = ble.next(abort.signal);
    abort.abort(new Problem("METER_TIMEOUT"));
    await expect(aborted).rejects.toEqual(code("METER_TIMEOUT"));
    await ble.write(SCRATCH.recordAccess, REPORT_ALL);
    expect([(await ble.next()).bytes[0], (await ble.next()).bytes[0]]).toEqual([1, 2]);
    const waiting = ble.next();
    ble.unplug();
    await expect(waiting).rejects.toEqual(code("TRANSPORT_GONE"));
  });

  test("does what is asked for at the same time one after the other", async () => {
    const { clock, ble } = bench();
    const ends: number[] = [];
    const mark = (): number => ends.push(clock.now() - START_MS);
    await inVirtualTime(clock, async () => {
      await Promise.all([
        ble.subscribe(SCRATCH.measurement).then(mark),
        ble.readValue(SCRATCH.serial).then(mark),
        ble.write(SCRATCH.recordAccess, REPORT_ALL).then(mark),
      ]);
    });
    expect(ends).toEqual([30, 60, 90]);
    expect(ble.operations.map(({ op }) => op)).toEqual(["subscribe", "read", "write"]);
  });
});

describe("hearBle", () => {
  const read = (options = {}) => {
    const clock = new VirtualClock(START_MS);
    return hearBle(scratchBle, scratchBle.simulate({ count: 3, seed: 1, clock, zone }), clock, options);
  };

  test("tells all that a session told and did", async () => {
    const heard = await read();
    expect(heard.readings.map(({ value }) => value)).toEqual([101, 102, 103]);
    expect([heard.code, heard.tookMs, heard.operations.length]).toEqual([null, 4 * 30, 4]);
    expect(heard.written).toEqual([REPORT_ALL]);
  });

  test("loses the link at the operation that it is told, and stops when a person does", async () => {
    const codes = await Promise.all([0, 1, 2, 3, 4].map(async (loseAt) => (await read({ loseAt })).code));
    expect(codes).toEqual([...Array.from({ length: 4 }, () => "TRANSPORT_GONE"), null]);
    const stopped = await read({ stop: (event: { type: string }) => event.type === "identity" });
    expect([stopped.code, stopped.readings]).toEqual(["TRANSPORT_CANCELED", []]);
  });

  test("gives the session the cursor that it asks for", async () => {
    const asked: (string | null)[] = [];
    const clock = new VirtualClock(START_MS);
    const driver = {
      ...scratchBle,
      async *session(context: Parameters<typeof scratchBle.session>[0]) {
        asked.push((await context.resume?.("AB1234")) ?? null);
        yield* scratchBle.session(context);
      },
    };
    const meter = scratchBle.simulate({ count: 1, seed: 1, clock, zone });
    await hearBle(driver, meter, clock, { resume: async (serial) => `after ${serial}` });
    await hearBle(driver, meter, clock);
    expect(asked).toEqual(["after AB1234", null]);
  });
});
