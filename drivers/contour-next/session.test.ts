import { describe, expect, test } from "vitest";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { type Heard, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { contourNext } from "./index.js";
import { damaged, END, HEADER, reportsOf, resultOf, scriptedMeter, stampOf } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Four beginnings of five seconds, and the pauses between them. */
const PATIENCE_MS = 22_000;
/** Seeds that give a Next USB, a Next One and a Next Link 2.4. */
const SEEDS = [3, 4, 5] as const;
const RECORDS = [HEADER, "P|1", resultOf(1), resultOf(2), resultOf(3), END];

function meter(clock: VirtualClock, more: Partial<SimulatorOptions> = {}): HidSimulator {
  return contourNext.simulate({ count: 20, seed: 3, clock, zone: "Europe/London", ...more });
}

async function hearScript(...script: Parameters<typeof scriptedMeter>): Promise<Heard> {
  return await hearHid(contourNext, scriptedMeter(...script), new VirtualClock(START_MS));
}

const stamps = ({ readings }: Heard): readonly (string | null)[] => readings.map(({ deviceTime }) => deviceTime);

function unreadable({ events }: Heard): readonly { code: string; raw: string }[] {
  return events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, raw: latin1(event.unreadable.raw) }] : [],
  );
}

/** What the hub said, out of its reports. */
function said({ written }: Heard): readonly number[] {
  return [...concat(written.map((report) => report.slice(5, 5 + (report[4] ?? 0))))];
}

type Send = (report: Uint8Array) => void;

/** An answerer whose reports are changed on the way, with a number each from 0; none for silence. */
function through(own: HidAnswerer, change: (report: Uint8Array, number: number) => readonly Uint8Array[]): HidAnswerer {
  let number = 0;
  const pass =
    (send: Send): Send =>
    (report) => {
      const whole = concat([report, new Uint8Array(64 - report.length)]);
      for (const piece of change(whole, number)) send(piece);
      number += 1;
    };
  return { receive: (report, send) => own.receive(report, pass(send)) };
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, "mg/dL"],
    [1, "mg/dL"],
    [50, "mg/dL"],
    [2_000, "mg/dL"],
    [50, "mmol/L"],
    [2_000, "mmol/L"],
  ] as const)(
    "tells all of its %i records as they stand in memory, on each model (%s)",
    { timeout: 60_000 },
    async (count, unit) => {
      const names: unknown[] = [];
      for (const seed of SEEDS) {
        const clock = new VirtualClock(START_MS);
        const simulator = meter(clock, { count, seed, unit });
        const heard = await hearHid(contourNext, simulator, clock);
        expect(heard.reason).toBeNull();
        expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
        expect(heard.readings).toHaveLength(count);
        const [identity, time, expected, ...rest] = heard.events;
        expect(identity).toMatchObject({
          type: "identity",
          identity: {
            manufacturer: "Ascensia",
            serial: simulator.serial,
            firmware: "01.10 01.04 20.30",
            displayUnit: unit,
          },
          source: "meter",
        });
        names.push(identity?.type === "identity" ? identity.identity.model : null);
        expect(time).toEqual({ type: "clock", deviceTime: seed === 5 ? "2024-05-06T08:08:09" : "2024-05-06T08:08:00" });
        expect(expected).toEqual({ type: "expect", count });
        expect(rest.every(({ type }) => type === "readings")).toBe(true);
        expect(new Set(said(heard))).toEqual(new Set([6]));
      }
      expect(names).toEqual(["Contour Next USB", "Contour Next One / Plus One", "Contour Next Link 2.4"]);
    },
  );

  test("of 900 records, 90 days of ten tests, is told in under a second beyond the transfer, and no reading is held back", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { count: 900 });
    let reports = 0;
    const counted = through(simulator, (report) => {
      reports += 1;
      return [report];
    });
    let [most, told] = [0, 0];
    const heard = await hearHid(contourNext, counted, clock, {
      stop: (event) => {
        if (event.type === "readings") told += 1;
        // Each reading is told before the next one is asked for: the driver holds none of them back.
        most = Math.max(most, reports - told);
        return false;
      },
    });
    expect(heard.readings).toHaveLength(900);
    expect(heard.tookMs).toBeLessThanOrEqual(reports + 1_000);
    // The header's reports, patient and ENQ, and the one that is being told.
    expect(most).toBeLessThan(20);
  });

  test("holds insulin and carbohydrates as what they are, never as glucose", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hearHid(contourNext, meter(clock, { count: 200 }), clock);
    const kinds = heard.readings.map(({ kind }) => kind);
    for (const kind of ["glucose", "insulin", "carbs"] as const)
      expect(kinds.filter((one) => one === kind).length).toBeGreaterThan(5);
    for (const { kind, unit } of heard.readings) {
      expect(unit).toBe({ glucose: "mg/dL", insulin: "U", carbs: "g" }[kind as "glucose" | "insulin" | "carbs"]);
    }
  });

  test("yields a reading before the next one has come", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hearHid(contourNext, meter(clock), clock, { stop: ({ type }) => type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings).toHaveLength(1);
  });

  test("tells a wrong clock as it is", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hearHid(contourNext, meter(clock, { clockErrorMs: -3_600_000 }), clock);
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T07:08:00" });
  });

  test("reads it whole although it declines twice, and refuses in the end one that always does", async () => {
    for (const seed of SEEDS) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock, { declines: 2, seed });
      const heard = await hearHid(contourNext, simulator, clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    }
    const clock = new VirtualClock(START_MS);
    const never = await hearHid(contourNext, meter(clock, { declines: 99 }), clock);
    expect(never.code).toBe("METER_REFUSED");
    expect(never.events).toEqual([]);
  });

  test("reads a meter whose dump another session left in the middle, whole, wherever that was", async () => {
    for (const seed of SEEDS) {
      for (const left of [1, 4, 5, 6, 7, 8, 9]) {
        const clock = new VirtualClock(START_MS);
        const simulator = meter(clock, { seed });
        let told = 0;
        const first = await hearHid(contourNext, simulator, clock, {
          stop: ({ type }) => {
            told += type === "readings" ? 1 : 0;
            return told === left;
          },
        });
        expect(first.readings).toHaveLength(left);
        const second = await hearHid(contourNext, simulator, clock);
        expect(second.reason).toBeNull();
        expect(second.readings.map(inMemoryWords)).toEqual(simulator.memory);
        // A Next One must never hear EOT; the others have no need of it.
        expect(said(second)).not.toContain(4);
      }
    }
  });

  test("brings back a meter that answers no ACK with EOT, said last", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    let asleep = true;
    const sleepy: HidAnswerer = {
      reportBytes: 64,
      receive(report, send) {
        if (report[5] === 4) asleep = false;
        if (!asleep) simulator.receive(report, send);
      },
    };
    const heard = await hearHid(contourNext, sleepy, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    expect(said(heard).slice(0, 5)).toEqual([6, 6, 6, 4, 6]);
  });
});

describe("a dump", () => {
  test("ends with the terminator on a model that says no EOT behind it; on others that is missed, and the readings stay", async () => {
    const [, ...rest] = RECORDS;
    const nextOne = [HEADER.replace("Bayer7410", "Contour7800"), ...rest];
    for (const ending of ["nothing", "EOT"] as const) {
      const heard = await hearScript(nextOne, (frame) => frame, ending);
      expect(heard.reason).toBeNull();
      expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
      expect(heard.tookMs).toBeLessThanOrEqual(1_000);
    }
    const heard = await hearScript(RECORDS, (frame) => frame, "nothing");
    expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
    expect(heard.code).toBe("METER_STALLED");
  });

  test("of a Next One that sends on behind its terminator has that told as unreadable, but for the terminator again", async () => {
    const nextOne = [HEADER.replace("Bayer7410", "Contour7800"), resultOf(1), END, END, resultOf(2)];
    const heard = await hearScript(nextOne, (frame, at) => (at === 2 ? concat([frame, frame]) : frame), "nothing");
    expect(heard.reason).toBeNull();
    const late = await hearScript(nextOne.slice(0, 3).concat(nextOne.slice(4)), (frame) => frame, "nothing");
    expect(stamps(late)).toEqual([stampOf(1)]);
    expect(unreadable(late)).toHaveLength(1);
    expect(late.code).toBe("FRAME_MALFORMED");
  });

  test("without its terminator is told so, and its readings stay", async () => {
    const heard = await hearScript(RECORDS.slice(0, -1));
    expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
    expect(heard.code).toBe("FRAME_TRUNCATED");
    const broken = await hearScript([...RECORDS.slice(0, -1), "L|1|T"]);
    expect(broken.code).toBe("FRAME_TRUNCATED");
  });

  test("tells what it does not understand as unreadable, and all around it", async () => {
    const impossible = resultOf(2).replace(/\d{12}$/, "202302300731");
    const other = resultOf(4).replace("Glucose", "Cholesterol");
    const heard = await hearScript([HEADER, "P|1|Somebody", resultOf(1), impossible, "Q|7", other, resultOf(3), END]);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([1, 3].map(stampOf));
    expect(unreadable(heard)).toEqual([
      { code: "FRAME_MALFORMED", raw: latin1(simulatedFrame(4, impossible, false)) },
      { code: "FRAME_MALFORMED", raw: latin1(simulatedFrame(5, "Q|7", false)) },
      { code: "FRAME_MALFORMED", raw: latin1(simulatedFrame(6, other, false)) },
    ]);
  });

  test("with a clock that shows no time tells it as none, with what it says", async () => {
    const heard = await hearScript([HEADER.replace("202405060807", "202400000000"), ...RECORDS.slice(1)]);
    expect(heard.events.slice(1, 3)).toMatchObject([
      { type: "unreadable", unreadable: { code: "FRAME_MALFORMED" } },
      { type: "clock", deviceTime: null },
    ]);
    expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
  });

  test("believes no announced count", async () => {
    const heard = await hearScript([HEADER.replace("|3|", "|99999|"), ...RECORDS.slice(1)]);
    expect(heard.reason).toBeNull();
    expect(heard.events[2]).toEqual({ type: "expect", count: 99_999 });
    expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
  });

  test("whose records cross reports, to the byte, is read whole", async () => {
    // A stamp with seconds and every mark: longer than the 60 bytes of a report, and just as long.
    const long = (padding: string): string => `R|1|^^^Glucose|104|mg/dL^P||${padding}||20240506073142`;
    const lengths: number[] = [];
    for (let padding = 0; padding < 12; padding += 1) {
      const text = long("Z".repeat(padding + 1));
      lengths.push(simulatedFrame(2, text, false).length);
      const heard = await hearScript([HEADER, text, resultOf(2), END]);
      expect(heard.reason).toBeNull();
      expect(stamps(heard)).toEqual(["2024-05-06T07:31:42", stampOf(2)]);
    }
    expect(lengths).toContain(60);
    expect(Math.max(...lengths)).toBeGreaterThan(61);
  });

  test("of another meter's header ends there, and lends its results to nobody", async () => {
    const other = HEADER.replace("2046813", "9999999");
    const heard = await hearScript([HEADER, resultOf(1), other, resultOf(2), END]);
    expect(stamps(heard)).toEqual([stampOf(1)]);
    expect(heard.code).toBe("METER_CHANGED");
  });

  test("that never ends is given up", { timeout: 60_000 }, async () => {
    const numbers = Array.from({ length: 12_100 }, (_, index) => index + 1);
    const heard = await hearScript([HEADER, ...numbers.map(resultOf)]);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings.length).toBeLessThanOrEqual(12_000);
  });
});

describe("damage on the way", () => {
  test("of any frame, once, loses nothing and is asked for again with NAK", async () => {
    for (const [index] of RECORDS.entries()) {
      const heard = await hearScript(RECORDS, (frame, at, times) =>
        at === index && times === 0 ? damaged(frame, "|1", "|3") : frame,
      );
      expect(heard.reason, `frame ${index}`).toBeNull();
      expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
      expect(unreadable(heard)).toEqual([]);
    }
    expect(RECORDS).toHaveLength(6);
  });

  test("of any bit of any report tells nothing that is not true", { timeout: 60_000 }, async () => {
    let ran = 0;
    const truth = [1, 2, 3].map(stampOf);
    // Two of the header, patient, three results, terminator, EOT.
    for (let number = 0; number < 8; number += 1) {
      for (let place = 0; place < 64; place += 1) {
        const turned = through(scriptedMeter(RECORDS), (report, at) => [
          at === number ? report.map((byte, index) => (index === place ? byte ^ (1 << (place % 8)) : byte)) : report,
        ]);
        const heard = await hearHid(contourNext, turned, new VirtualClock(START_MS));
        expect(stamps(heard), `report ${number}, byte ${place}`).toEqual(truth);
        expect(heard.readings.map(({ value }) => value)).toEqual([71, 72, 73]);
        const identity = heard.events[0];
        expect(identity).toMatchObject({ type: "identity", identity: { serial: "7410-2046813" } });
        ran += 1;
      }
    }
    expect(ran).toBe(512);
  });

  test("of a report that is lost, doubled or late loses nothing and tells nothing twice", async () => {
    let ran = 0;
    for (let number = 0; number < 8; number += 1) {
      for (const copies of [0, 2]) {
        const faulty = through(scriptedMeter(RECORDS), (report, at) =>
          at === number ? new Array<Uint8Array>(copies).fill(report) : [report],
        );
        const heard = await hearHid(contourNext, faulty, new VirtualClock(START_MS));
        expect(stamps(heard), `report ${number}, ${copies} times`).toEqual([1, 2, 3].map(stampOf));
        ran += 1;
      }
    }
    expect(ran).toBe(16);
  });

  test("that stays tells the others, that one as unreadable, and ends with the damage", async () => {
    const heard = await hearScript(RECORDS, (frame, at) => (at === 3 ? damaged(frame, "Glucose", "Glucosd") : frame));
    expect(stamps(heard)).toEqual([1, 3].map(stampOf));
    expect(unreadable(heard)).toMatchObject([{ code: "FRAME_CHECKSUM" }]);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(said(heard).filter((byte) => byte === 21)).toHaveLength(2);
  });

  test("with frame numbers off by one is told, and no frame behind the gap is a reading unseen", async () => {
    const heard = await hearScript(RECORDS, (frame, at) => (at === 3 ? simulatedFrame(5, resultOf(2), false) : frame));
    expect(stamps(heard)).toEqual([stampOf(1)]);
    expect(unreadable(heard).length).toBeGreaterThanOrEqual(1);
    expect(heard.code).toBe("FRAME_MALFORMED");
  });

  test("by reports of another shape is none of the meter's words", async () => {
    const heard = await hearScript(RECORDS.slice(0, 2));
    expect(heard.events[0]?.type).toBe("identity");
    const foreign = through(scriptedMeter(RECORDS), (report) => [concat([latin1Bytes("XYZ"), report.slice(3)])]);
    const none = await hearHid(contourNext, foreign, new VirtualClock(START_MS));
    expect(none.events).toEqual([]);
    expect(none.code).toMatch(/^FRAME_|^METER_STALLED$/);
  });

  test("of nothing but damage is given up within a bound, and tells no reading", async () => {
    const heard = await hearScript(RECORDS, (frame, at) => (at > 0 ? damaged(frame, "|", "!") : frame));
    expect(heard.readings).toEqual([]);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    const headless = await hearScript(RECORDS, (frame) => damaged(frame, "|", "!"));
    expect(headless.code).toBe("FRAME_CHECKSUM");
    expect(headless.events).toEqual([]);
  });
});

describe("a meter that goes silent or away", () => {
  test("at any report keeps the readings before it, and ends within a bound", async () => {
    const whole = await hearScript(RECORDS);
    let reports = 0;
    for (let heardReports = 0; heardReports < 7; heardReports += 1) {
      reports = 0;
      const dying = through(scriptedMeter(RECORDS), (report) => {
        reports += 1;
        return reports <= heardReports ? [report] : [];
      });
      const heard = await hearHid(contourNext, dying, new VirtualClock(START_MS));
      // Header in two reports, patient, results.
      const readings = Math.max(0, Math.min(3, heardReports - 3));
      expect(stamps(heard), `after ${heardReports}`).toEqual(stamps(whole).slice(0, readings));
      expect(heard.code).toMatch(heardReports === 0 ? /^METER_TIMEOUT$/ : /^METER_STALLED$|^FRAME_TRUNCATED$/);
      expect(heard.tookMs).toBeLessThanOrEqual(3 * PATIENCE_MS);
    }
  });

  test("is gone when it is unplugged at any report", async () => {
    for (let pulled = 1; pulled < 8; pulled += 1) {
      const own = scriptedMeter(RECORDS);
      let exchanged = 0;
      const transport = hidTo({
        reportBytes: 64,
        receive: (report, send) =>
          own.receive(report, (answer) => {
            exchanged += 1;
            if (exchanged < pulled) send(answer);
            else transport.unplug();
          }),
      });
      const heard = await hearHid(contourNext, own, new VirtualClock(START_MS), { transport });
      expect(heard.code, `report ${pulled}`).toBe("TRANSPORT_GONE");
      expect(stamps(heard)).toEqual([1, 2, 3].slice(0, Math.max(0, pulled - 4)).map(stampOf));
    }
  });

  test("from the beginning is no meter", async () => {
    const heard = await hearHid(contourNext, { receive: () => undefined }, new VirtualClock(START_MS));
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(said(heard)).toEqual([6, 6, 6, 4]);
    expect(heard.tookMs).toBeLessThanOrEqual(PATIENCE_MS);
  });
});

describe("a device that is something else", () => {
  const babbler = (reply: string): HidAnswerer => ({
    reportBytes: 64,
    receive: (_report, send) => {
      for (const report of reportsOf(latin1Bytes(reply))) send(report);
    },
  });

  test("NAK compared with decimal 15: only 15 in hex declines", async () => {
    const declining = await hearHid(contourNext, babbler("\x15"), new VirtualClock(START_MS));
    expect(declining.code).toBe("METER_REFUSED");
    const other = await hearHid(contourNext, babbler("\x0f"), new VirtualClock(START_MS));
    expect(other.code).toMatch(/^FRAME_/);
    expect([...declining.events, ...other.events]).toEqual([]);
  });

  test.each([
    ["lines of text", "OK 009A\r\n"],
    ["an enquiry", "\x05"],
    ["ACK", "\x06"],
    ["EOT", "\x04"],
    ["half a frame", "\x021H|\\^&||"],
  ])("and answers each report with %s is given up", async (_, reply) => {
    const heard = await hearHid(contourNext, babbler(reply), new VirtualClock(START_MS));
    expect(heard.code).toMatch(/^FRAME_|^METER_STALLED$/);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(8 * PATIENCE_MS);
  });

  test("is named as another maker's meter", async () => {
    const heard = await hearScript([HEADER.replace("Bayer7410", "Acme1000"), resultOf(1), END]);
    expect(heard.code).toBe("METER_UNSUPPORTED");
    expect(heard.events).toEqual([]);
  });

  test.each(["full", "probe"] as const)("and never stops talking is given up (%s)", async (patience) => {
    const clock = new VirtualClock(START_MS);
    const chatter: HidAnswerer = {
      reportBytes: 64,
      start(send) {
        const talk = async (): Promise<void> => {
          for (;;) {
            await clock.sleep(10);
            for (const report of reportsOf(latin1Bytes("x\x05\x06\x02y\r\n"))) send(report);
          }
        };
        void talk();
      },
      receive: () => undefined,
    };
    const heard = await hearHid(contourNext, chatter, clock, { patience });
    expect(heard.code).toMatch(patience === "full" ? /^FRAME_MALFORMED$/ : /^(?:METER_TIMEOUT|FRAME_MALFORMED)$/);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? contourNext.probe.withinMs : 3 * PATIENCE_MS);
  });

  test("is probed in time, with no more than ACK and EOT said", async () => {
    const heard = await hearHid(contourNext, { receive: () => undefined }, new VirtualClock(START_MS), {
      patience: "probe",
    });
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(said(heard)).toEqual([6, 4]);
    expect(heard.tookMs).toBeLessThanOrEqual(contourNext.probe.withinMs);
    for (const reply of ["\x15", "\x05", "OK\r\n", "\x0f"]) {
      const strange = await hearHid(contourNext, babbler(reply), new VirtualClock(START_MS), { patience: "probe" });
      expect(strange.code).toMatch(/^(?:METER_TIMEOUT|FRAME_MALFORMED)$/);
      expect(strange.tookMs).toBeLessThanOrEqual(contourNext.probe.withinMs);
    }
  });

  test("is found by a probe where it is the meter after all, and read whole", async () => {
    for (const seed of SEEDS) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock, { seed });
      const heard = await hearHid(contourNext, simulator, clock, { patience: "probe" });
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    }
  });
});
