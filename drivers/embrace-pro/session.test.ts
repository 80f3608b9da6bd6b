import { describe, expect, test } from "vitest";
import { hex, latin1 } from "../../src/kit/bytes.js";
import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { type Heard, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { embracePro } from "./index.js";
import { framed, RECORDS, recordOf, STAMPS, scriptedMeter } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Three questions of six bytes, and three seconds of silence behind each. */
const PATIENCE_MS = 9_300;

function meter(clock: VirtualClock, more: Partial<SimulatorOptions> = {}): HidSimulator {
  return embracePro.simulate({ count: 20, seed: 2, clock, zone: "Europe/London", ...more });
}

async function hearScript(...script: Parameters<typeof scriptedMeter>): Promise<Heard> {
  return await hearHid(embracePro, scriptedMeter(...script), new VirtualClock(START_MS));
}

const stamps = ({ readings }: Heard): readonly (string | null)[] => readings.map(({ deviceTime }) => deviceTime);

function unreadable({ events }: Heard): readonly { code: string; raw: string }[] {
  return events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, raw: latin1(event.unreadable.raw) }] : [],
  );
}

/** Which commands were sent: the fourth byte of each packet. */
function commands({ written }: Heard): readonly number[] {
  const bytes = written.map((report) => report[1] ?? 0);
  const found: number[] = [];
  for (let at = 0; at + 3 < bytes.length; at += (bytes[at + 1] ?? 0) + 5) found.push(bytes[at + 3] ?? 0);
  return found;
}

function turned(report: Uint8Array, place: number, bit = 0x10): Uint8Array {
  return report.map((byte, at) => (at === place ? byte ^ bit : byte));
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, 2],
    [1, 3],
    [50, 4],
    [500, 5],
  ])("tells all of its %i records as they stand in memory (seed %i)", async (count, seed) => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { count, seed });
    const heard = await hearHid(embracePro, simulator, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    expect(heard.readings).toHaveLength(count);
    const [identity, time, expected, ...rest] = heard.events;
    expect(identity).toEqual({
      type: "identity",
      identity: {
        manufacturer: "Allmedicus",
        model: "AGM-4000",
        serial: simulator.serial,
        firmware: null,
        displayUnit: null,
      },
      source: "meter",
      sourceName: null,
    });
    expect(time).toEqual({ type: "clock", deviceTime: null });
    expect(expected).toEqual({ type: "expect", count });
    expect(rest.every(({ type }) => type === "readings")).toBe(true);
    // Neither the clock nor the switch is ever touched, and each report carries one byte.
    expect(new Set(commands(heard))).toEqual(new Set(count === 0 ? [9, 0] : [9, 0, 1]));
    expect(heard.written.every((report) => report.length === 2 && report[0] === 0)).toBe(true);
  });

  test("of its whole memory is told in under a second beyond the transfer, and holds nothing but record numbers", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hearHid(embracePro, meter(clock, { count: 500 }), clock);
    expect(heard.readings).toHaveLength(500);
    // Ten milliseconds for each byte to the meter, fifteen for each answer.
    expect(heard.tookMs).toBeLessThanOrEqual(heard.written.length * 10 + 502 * 15 + 1_000);
  });

  test("yields a record before the next one is asked for", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hearHid(embracePro, meter(clock), clock, { stop: ({ type }) => type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings).toHaveLength(1);
    expect(commands(heard)).toEqual([9, 0, 1]);
  });

  test("reads it whole although it declines twice with a report that begins with 00", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { declines: 2 });
    const heard = await hearHid(embracePro, simulator, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
  });

  test("does not wait for ever where every report begins with 00 (peer: an endless loop while empty)", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hearHid(embracePro, meter(clock, { declines: 99 }), clock);
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(commands(heard)).toEqual([9, 9, 9]);
  });

  test("reads it twice in a row, alike", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const [first, second] = [await hearHid(embracePro, simulator, clock), await hearHid(embracePro, simulator, clock)];
    expect(second.readings).toEqual(first.readings);
    expect(second.readings).toHaveLength(20);
  });
});

describe("a memory", () => {
  test("with a record that is not understood tells it as unreadable, and all around it", async () => {
    const impossible = recordOf({ number: 1, wall: "2024-02-30T07:31" });
    const heard = await hearScript(undefined, [RECORDS[0] ?? [], impossible, RECORDS[2] ?? []]);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([STAMPS[0], STAMPS[2]]);
    expect(unreadable(heard)).toEqual([{ code: "FRAME_MALFORMED", raw: latin1(framed(1, impossible)) }]);
  });

  test("may number its records as it likes, and repeat no command in its answers", async () => {
    const records = RECORDS.map((record, at) => [0x12, 0x30 - at, ...record.slice(2)]);
    const heard = await hearScript((answer) => [framed(0x55, [...answer.slice(4, -2)])], records);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual(STAMPS);
  });

  test("keeps two equal tests of one minute, which have a number each", async () => {
    const heard = await hearScript(undefined, [recordOf({ number: 0 }), recordOf({ number: 1 })]);
    expect(stamps(heard)).toEqual([STAMPS[0], STAMPS[0]]);
  });

  test("whose answers come twice, or late, has each record once", async () => {
    const doubled = await hearScript((answer) => [answer, answer]);
    expect(doubled.reason).toBeNull();
    expect(stamps(doubled)).toEqual(STAMPS);
    // The answer to a question comes after it was asked a second time, and the second one's too.
    for (let late = 0; late < 5; late += 1) {
      let held: Uint8Array | null = null;
      const heard = await hearScript((answer, _command, number) => {
        if (number === late) {
          held = answer;
          return [];
        }
        return number === late + 1 && held !== null ? [held, answer] : [answer];
      });
      expect(heard.reason, `question ${late}`).toBeNull();
      expect(stamps(heard)).toEqual(STAMPS);
    }
  });

  test("that answers with a record that was told already has it told as unreadable, never as another reading", async () => {
    const heard = await hearScript(undefined, [RECORDS[0] ?? [], RECORDS[0] ?? [], RECORDS[2] ?? []]);
    expect(stamps(heard)).toEqual([STAMPS[0], STAMPS[2]]);
    expect(unreadable(heard)).toEqual([{ code: "FRAME_MALFORMED", raw: latin1(framed(1, RECORDS[0] ?? [])) }]);
    expect(heard.code).toBe("FRAME_MALFORMED");
  });

  test("that announces more than any meter holds is not asked for", async () => {
    const heard = await hearScript((answer, command) => [command === 0 ? framed(0, [0xff, 0xff]) : answer]);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toEqual([]);
    expect(heard.events.some(({ type }) => type === "expect")).toBe(false);
  });

  test("is read although the serial number is none that can be read", async () => {
    const heard = await hearScript((answer, command) => [command === 9 ? framed(9, new Array(7).fill(0xff)) : answer]);
    expect(heard.reason).toBeNull();
    expect(heard.events[0]).toMatchObject({ type: "identity", identity: { serial: null } });
    expect(stamps(heard)).toEqual(STAMPS);
  });
});

describe("damage on the way", () => {
  test("of any bit of any answer, once, loses nothing and tells nothing untrue", { timeout: 60_000 }, async () => {
    let ran = 0;
    for (let answered = 0; answered < 5; answered += 1) {
      for (let place = 0; place < 14; place += 1) {
        for (const bit of [1, 0x10, 0x80]) {
          const heard = await hearScript((answer, _command, number) => [
            number === answered ? turned(answer, place, bit) : answer,
          ]);
          expect(heard.reason, `answer ${answered}, byte ${place}`).toBeNull();
          expect(stamps(heard)).toEqual(STAMPS);
          expect(heard.readings.map(({ value }) => value)).toEqual([104, 93, 121]);
          expect(heard.events[0]).toMatchObject({ type: "identity", identity: { serial: "A441035" } });
          ran += 1;
        }
      }
    }
    expect(ran).toBe(210);
  });

  test("that stays tells the other records, that one as unreadable with its bytes, and ends with the damage", async () => {
    let asked = 0;
    const heard = await hearScript((answer, command) => {
      if (command !== 1 || answer[5] !== 1) return [answer];
      asked += 1;
      return [turned(answer, 9)];
    });
    expect(stamps(heard)).toEqual([STAMPS[0], STAMPS[2]]);
    expect(unreadable(heard)).toMatchObject([{ code: "FRAME_CHECKSUM" }]);
    expect(unreadable(heard)[0]?.raw).toContain(latin1(turned(framed(1, RECORDS[1] ?? []), 9)));
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(asked).toBe(3);
  });

  test("of everything is given up within a bound", async () => {
    const records = Array.from({ length: 100 }, (_, number) => recordOf({ number }));
    const heard = await hearScript((answer, command) => [command === 1 ? turned(answer, 9) : answer], records);
    expect(heard.readings).toEqual([]);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(unreadable(heard)).toHaveLength(9);
  });

  test("by a report cut short is damage like any other", async () => {
    const heard = await hearScript((answer, command, number) => [
      command === 1 && number === 3 ? answer.slice(0, 9) : answer,
    ]);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual(STAMPS);
  });
});

describe("a meter that goes silent or away", () => {
  test("at any answer keeps the readings before it, and ends within a bound", async () => {
    for (let answers = 0; answers < 5; answers += 1) {
      const heard = await hearScript((answer, _command, number) => (number < answers ? [answer] : []));
      expect(stamps(heard)).toEqual(STAMPS.slice(0, Math.max(0, answers - 2)));
      expect(heard.code).toBe(answers === 0 ? "METER_TIMEOUT" : "METER_STALLED");
      expect(heard.tookMs).toBeLessThanOrEqual(2 * PATIENCE_MS);
    }
  });

  test("is gone when it is unplugged at any answer", async () => {
    for (let pulled = 0; pulled < 5; pulled += 1) {
      const own = scriptedMeter((answer, _command, number) => {
        if (number >= pulled) transport.unplug();
        return number < pulled ? [answer] : [];
      });
      const transport = hidTo(own);
      const heard = await hearHid(embracePro, own, new VirtualClock(START_MS), { transport });
      expect(heard.code, `answer ${pulled}`).toBe("TRANSPORT_GONE");
      expect(stamps(heard)).toEqual(STAMPS.slice(0, Math.max(0, pulled - 2)));
    }
  });

  test("from the beginning is no meter", async () => {
    const heard = await hearHid(embracePro, { receive: () => undefined }, new VirtualClock(START_MS));
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(PATIENCE_MS);
    expect(heard.written.slice(0, 6).map(hex)).toEqual(["00 80", "00 01", "00 fe", "00 09", "00 81", "00 f7"]);
  });
});

describe("a device with the same chip that is no meter", () => {
  test.each([
    ["its own reports", Uint8Array.of(0x81, 0x01, 0x00)],
    ["a packet of another length", framed(7, [1, 2, 3])],
    ["damaged packets", turned(framed(9, [1, 2, 3, 4, 5, 6, 7]), 5)],
    ["zeros", new Uint8Array(64)],
    ["ones", new Uint8Array(64).fill(0xff)],
  ])("and answers each byte with %s is given up", async (_, reply) => {
    for (const patience of ["full", "probe"] as const) {
      const babbler: HidAnswerer = { reportBytes: 64, receive: (_report, send) => send(reply) };
      const heard = await hearHid(embracePro, babbler, new VirtualClock(START_MS), { patience });
      expect(heard.code).toMatch(
        patience === "full" ? /^FRAME_|^METER_TIMEOUT$/ : /^(?:METER_TIMEOUT|FRAME_MALFORMED)$/,
      );
      expect(heard.events).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "full" ? 2 * PATIENCE_MS : embracePro.probe.withinMs);
    }
  });

  test.each(["full", "probe"] as const)("and never stops talking is given up (%s)", async (patience) => {
    const clock = new VirtualClock(START_MS);
    const chatter: HidAnswerer = {
      reportBytes: 64,
      start(send) {
        const talk = async (): Promise<void> => {
          for (;;) {
            await clock.sleep(20);
            send(framed(7, [1, 2, 3]));
          }
        };
        void talk();
      },
      receive: () => undefined,
    };
    const heard = await hearHid(embracePro, chatter, clock, { patience });
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.tookMs).toBeLessThanOrEqual(patience === "full" ? 2 * PATIENCE_MS : embracePro.probe.withinMs);
  });

  test("is probed in time, with the question for the serial number only; the meter is found by it", async () => {
    const silent = await hearHid(embracePro, { receive: () => undefined }, new VirtualClock(START_MS), {
      patience: "probe",
    });
    expect(silent.code).toBe("METER_TIMEOUT");
    expect(silent.tookMs).toBeLessThanOrEqual(embracePro.probe.withinMs);
    expect(new Set(commands(silent))).toEqual(new Set([9]));
    for (const seed of [2, 3]) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock, { seed });
      const heard = await hearHid(embracePro, simulator, clock, { patience: "probe" });
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    }
  });
});
