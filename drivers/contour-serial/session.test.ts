import { describe, expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, type Heard, hear, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { simulate as simulateUltra2 } from "../onetouch-ultra2/simulator.js";
import { relionPrime } from "../relion-prime/index.js";
import { simulatedFrame } from "../shared/astm/simulated-frame.js";
import { contourSerial } from "./index.js";
import { AVERAGE, damaged, END, HEADER, resultOf, scriptedMeter } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Milliseconds of a byte at 9600 baud, 8N1. */
const BYTE_MS = 10_000 / 9_600;
/** The longest that silence can last before a session gives up: three listenings, or three askings for a frame. */
const PATIENCE_MS = 16_000;

function meter(clock: VirtualClock, more: Partial<SimulatorOptions> = {}): MeterSimulator {
  return contourSerial.simulate({ count: 20, seed: 7, clock, zone: "Europe/London", ...more });
}

/** Hears a scripted meter out. */
async function hearScript(...script: Parameters<typeof scriptedMeter>): Promise<Heard> {
  return await hear(contourSerial, scriptedMeter(...script), new VirtualClock(START_MS));
}

/** The stamps of the readings, to tell them by. */
function stamps({ readings }: Heard): readonly (string | null)[] {
  return readings.map(({ deviceTime }) => deviceTime);
}

function unreadable({ events }: Heard): readonly { code: string; raw: string }[] {
  return events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, raw: latin1(event.unreadable.raw) }] : [],
  );
}

/** Every byte that the hub wrote, each once, in order of value. */
function bytesWritten({ written }: Heard): readonly number[] {
  return [...new Set(written.flatMap((bytes) => [...bytes]))].sort((a, b) => a - b);
}

const stampOf = (number: number): string => {
  const digits = resultOf(number).slice(-12);
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}T${digits.slice(8, 10)}:${digits.slice(10)}:00`;
};

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1, "mg/dL"],
    [1, 2, "mg/dL"],
    [50, 3, "mg/dL"],
    [480, 4, "mg/dL"],
    [50, 5, "mmol/L"],
    [480, 6, "mmol/L"],
  ] as const)("tells all of its %i readings as they stand in memory (seed %i, %s)", async (count, seed, unit) => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { count, seed, unit });
    const heard = await hear(contourSerial, simulator, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    expect(heard.readings).toHaveLength(count);
    const [identity, time, expected, ...rest] = heard.events;
    expect(identity).toEqual({
      type: "identity",
      identity: {
        manufacturer: "Ascensia",
        model: "Contour",
        serial: simulator.serial,
        firmware: "2.04 20.0",
        displayUnit: unit,
      },
      source: "meter",
      sourceName: null,
    });
    expect(time).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:00" });
    expect(expected).toEqual({ type: "expect", count });
    expect(rest.every(({ type }) => type === "readings")).toBe(true);
    expect(bytesWritten(heard)).toEqual([6]);
  });

  test("takes no longer for a full memory than its bytes take on the line, and a tenth", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { count: 480 });
    let bytes = 0;
    const counted: Answerer = {
      start: (send) => simulator.start?.(send),
      receive: (asked, send) =>
        simulator.receive(asked, (chunk) => {
          bytes += chunk.length;
          send(chunk);
        }),
    };
    const heard = await hear(contourSerial, counted, clock);
    expect(heard.readings).toHaveLength(480);
    bytes += heard.written.reduce((sum, written) => sum + written.length, 0);
    expect(heard.tookMs).toBeLessThanOrEqual(bytes * BYTE_MS * 1.1);
    expect(heard.tookMs).toBeGreaterThan(bytes * BYTE_MS * 0.8);
  });

  test("yields a reading before the next one has come", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(contourSerial, meter(clock), clock, { stop: ({ type }) => type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings).toHaveLength(1);
  });

  test("tells a wrong clock as it is", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(contourSerial, meter(clock, { clockErrorMs: -3_600_000 }), clock);
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T07:08:00" });
  });

  test("reads it whole although it declines twice, and refuses in the end one that always does", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { declines: 2 });
    const heard = await hear(contourSerial, simulator, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    const never = await hear(contourSerial, meter(clock, { declines: 99 }), clock);
    expect(never.code).toBe("METER_REFUSED");
    expect(never.events).toEqual([]);
  });

  test("reads a meter that a session was broken off with before", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const first = await hear(contourSerial, simulator, clock, { stop: ({ type }) => type === "readings" });
    expect(first.readings).toHaveLength(1);
    // Still in its dump, and plugged in already: it does not ask for the line by itself.
    const second = await hear(contourSerial, { receive: simulator.receive.bind(simulator) }, clock);
    expect(second.reason).toBeNull();
    expect(second.readings.map(inMemoryWords)).toEqual(simulator.memory);
    expect(bytesWritten(second)).toEqual([4, 6]);
  });

  test("reads it twice in a row, alike", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const [first, second] = [await hear(contourSerial, simulator, clock), await hear(contourSerial, simulator, clock)];
    expect(second.readings.map(inMemoryWords)).toEqual(first.readings.map(inMemoryWords));
    expect(second.readings).toHaveLength(20);
  });
});

describe("a session with a meter of another memory", () => {
  test("tells 10,000 readings", { timeout: 60_000 }, async () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) => index + 1);
    const heard = await hearScript([HEADER, "P|1", AVERAGE, ...numbers.map(resultOf), END]);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual(numbers.map(stampOf));
  });

  test("that never ends is given up", { timeout: 60_000 }, async () => {
    const numbers = Array.from({ length: 13_000 }, (_, index) => index + 1);
    const heard = await hearScript([HEADER, AVERAGE, ...numbers.map(resultOf)]);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings.length).toBeLessThanOrEqual(12_000);
  });

  test("takes the result that comes twice under one number for one reading", async () => {
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), resultOf(2), resultOf(2), resultOf(3), END]);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
  });

  test("keeps two equal results of one minute that have a number each", async () => {
    const twin = resultOf(1).replace("R|1|", "R|2|");
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), twin, END]);
    expect(stamps(heard)).toEqual([stampOf(1), stampOf(1)]);
  });

  test("tells results out of order in the order in which they come", async () => {
    const heard = await hearScript([HEADER, AVERAGE, resultOf(3), resultOf(1), resultOf(2), END]);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([3, 1, 2].map(stampOf));
  });

  test("tells what it does not understand as unreadable, and all around it", async () => {
    const impossible = resultOf(2).replace(/\d{12}$/, "202302300731");
    const records = [HEADER, "P|1|Somebody", AVERAGE, resultOf(1), impossible, "Q|7", "O|1", resultOf(3), END];
    const heard = await hearScript(records);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([1, 3].map(stampOf));
    expect(unreadable(heard)).toEqual([
      { code: "FRAME_MALFORMED", raw: latin1(simulatedFrame(5, impossible, false)) },
      { code: "FRAME_MALFORMED", raw: latin1(simulatedFrame(6, "Q|7", false)) },
    ]);
  });

  test("tells a clock that shows no time as none, with what it says", async () => {
    const heard = await hearScript([HEADER.replace("202405060807", "202400000000"), AVERAGE, resultOf(1), END]);
    expect(heard.events.slice(1, 3)).toMatchObject([
      { type: "unreadable", unreadable: { code: "FRAME_MALFORMED" } },
      { type: "clock", deviceTime: null },
    ]);
    expect(stamps(heard)).toEqual([stampOf(1)]);
    const without = await hearScript([HEADER.replace("202405060807", ""), AVERAGE, resultOf(1), END]);
    expect(without.events[1]).toEqual({ type: "clock", deviceTime: null });
  });

  test("trusts no announced count (peer bug: a count believed before the checksums matched)", async () => {
    const heard = await hearScript([HEADER.replace("|4|", "|99999|"), AVERAGE, resultOf(1), resultOf(2), END]);
    expect(heard.reason).toBeNull();
    expect(heard.events[2]).toEqual({ type: "expect", count: 99_999 });
    expect(stamps(heard)).toEqual([1, 2].map(stampOf));
  });

  test("tells the last result, whatever stands behind it (peer bug: the last line dropped blindly)", async () => {
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), resultOf(2)]);
    expect(stamps(heard)).toEqual([1, 2].map(stampOf));
    expect(heard.code).toBe("FRAME_TRUNCATED");
  });

  test("uploads no reading without the meter's own time (peer bug: the device time lost)", async () => {
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), END]);
    expect(heard.readings).toHaveLength(1);
    expect(heard.readings[0]).toMatchObject({ deviceTime: stampOf(1), instantMs: null });
  });

  test("makes no reading of a first result that stands in the average's place, and does not lose it (peer bug: dropped unseen)", async () => {
    const heard = await hearScript([HEADER, resultOf(1), resultOf(2), END]);
    expect(stamps(heard)).toEqual([stampOf(2)]);
    expect(unreadable(heard)).toEqual([
      { code: "FRAME_MALFORMED", raw: latin1(simulatedFrame(2, resultOf(1), false)) },
    ]);
  });

  test("that says itself that it broke off ends with that", async () => {
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), "L|1|T"]);
    expect(stamps(heard)).toEqual([stampOf(1)]);
    expect(heard.code).toBe("FRAME_TRUNCATED");
  });

  test("that sends on after its end has that told as unreadable", async () => {
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), END, resultOf(2)]);
    expect(stamps(heard)).toEqual([stampOf(1)]);
    expect(unreadable(heard)).toHaveLength(1);
    expect(heard.code).toBe("FRAME_MALFORMED");
  });

  test("whose header becomes another's ends there, and lends its results to nobody", async () => {
    const other = HEADER.replace("1234567", "7654321");
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), other, AVERAGE, resultOf(2), END]);
    expect(stamps(heard)).toEqual([stampOf(1)]);
    expect(heard.code).toBe("METER_CHANGED");
  });

  test("that begins anew has its first result judged anew", async () => {
    const heard = await hearScript([HEADER, AVERAGE, resultOf(1), HEADER, resultOf(9), resultOf(2), END]);
    expect(stamps(heard)).toEqual([1, 2].map(stampOf));
    expect(unreadable(heard)).toHaveLength(1);
  });

  test.each([
    ["Bayer7220", "Contour"],
    ["Bayer7160", "Contour Next EZ"],
    ["Contour7600", "Contour Plus"],
    ["Bayer6116", "Breeze 2"],
    ["Bayer9999", "Bayer9999"],
  ])("that calls itself %s is a %s", async (product, model) => {
    const heard = await hearScript([HEADER.replace("Bayer7150", product), AVERAGE, END]);
    expect(heard.events[0]).toMatchObject({ type: "identity", identity: { model, serial: "7150-1234567" } });
  });
});

describe("a damaged conversation", () => {
  const records = [HEADER, "P|1", AVERAGE, resultOf(1), resultOf(2), resultOf(3), END];

  test("loses nothing when each frame arrives damaged once (peer bug: a retry that takes any reply for the frame)", async () => {
    for (const [index] of records.entries()) {
      const heard = await hearScript(records, (frame, at, times) =>
        at === index && times === 0 ? damaged(frame, "|1", "|3") : frame,
      );
      expect(heard.reason, `frame ${index}`).toBeNull();
      expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
      expect(unreadable(heard)).toEqual([]);
    }
    expect(records).toHaveLength(7);
  });

  test("loses nothing when any byte of a frame is turned over once, and asks with NAK", async () => {
    const length = simulatedFrame(5, resultOf(2), false).length;
    for (let place = 0; place < length; place += 1) {
      const heard = await hearScript(records, (frame, at, times) =>
        at === 4 && times === 0 ? frame.map((byte, index) => (index === place ? byte ^ 0x40 : byte)) : frame,
      );
      expect(heard.reason, `byte ${place}`).toBeNull();
      expect(stamps(heard), `byte ${place}`).toEqual([1, 2, 3].map(stampOf));
      expect(bytesWritten(heard)).toEqual([6, 21]);
    }
    expect(length).toBeGreaterThan(50);
  });

  test("with one frame that stays damaged tells the others, that one as unreadable, and ends with the damage", async () => {
    const heard = await hearScript(records, (frame, at) => (at === 4 ? damaged(frame, "Glucose", "Glucosd") : frame));
    expect(stamps(heard)).toEqual([1, 3].map(stampOf));
    expect(unreadable(heard)).toMatchObject([{ code: "FRAME_CHECKSUM" }]);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.written.filter((bytes) => bytes[0] === 21)).toHaveLength(2);
  });

  test("takes a frame that comes whole after it was given up for a reading after all", async () => {
    let sent = 0;
    const once = scriptedMeter(records, (frame, at) => {
      if (at !== 4) return frame;
      sent += 1;
      return damaged(frame, "Glucose", "Glucosd");
    });
    // The ACK that gives the frame up is lost: the meter sends it again, whole.
    let lost = false;
    const deaf: Answerer = {
      start: (send) => once.start?.(send),
      receive(bytes, send) {
        if (sent === 3 && !lost && bytes[0] === 6) {
          lost = true;
          send(simulatedFrame(5, resultOf(2), false));
        } else once.receive(bytes, send);
      },
    };
    const heard = await hear(contourSerial, deaf, new VirtualClock(START_MS));
    expect(lost).toBe(true);
    expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
    expect(heard.code).toBe("FRAME_CHECKSUM");
  });

  test("with nothing but damage is given up within a bound, and tells no reading", async () => {
    const heard = await hearScript(records, (frame, at) => (at > 0 ? damaged(frame, "|", "!") : frame));
    expect(heard.readings).toEqual([]);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    const headless = await hearScript(records, (frame) => damaged(frame, "|", "!"));
    expect(headless.code).toBe("FRAME_CHECKSUM");
    expect(headless.events).toEqual([]);
  });

  test("takes a frame that comes again, because its ACK was not heard, for one reading", async () => {
    const once = scriptedMeter(records);
    let acks = 0;
    const deaf: Answerer = {
      start: (send) => once.start?.(send),
      receive(bytes, send) {
        acks += bytes[0] === 6 ? 1 : 0;
        // The sixth ACK is lost, and the meter sends its frame once more.
        once.receive(acks === 6 ? Uint8Array.of(21) : bytes, send);
      },
    };
    const again = await hear(contourSerial, deaf, new VirtualClock(START_MS));
    expect(again.reason).toBeNull();
    expect(stamps(again)).toEqual([1, 2, 3].map(stampOf));
  });

  test("asks again for a frame that never came, without losing it", async () => {
    const heard = await hearScript(records, (frame, at, times) => (at === 4 && times === 0 ? null : frame));
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([1, 2, 3].map(stampOf));
    expect(heard.tookMs).toBeLessThanOrEqual(PATIENCE_MS);
  });

  test("with a gap in the frames' numbers tells no frame behind it as a reading unseen, and ends with that", async () => {
    const heard = await hearScript(records, (frame, at) => (at === 4 ? simulatedFrame(7, resultOf(2), false) : frame));
    expect(stamps(heard)).toEqual([stampOf(1)]);
    expect(unreadable(heard).length).toBeGreaterThanOrEqual(1);
    expect(heard.code).toBe("FRAME_MALFORMED");
  });

  test("that breaks off at any byte of the dump keeps the readings before it", async () => {
    const stream = records.map((text, index) => simulatedFrame(index + 1, text, index === records.length - 1).length);
    const total = stream.reduce((a, b) => a + b, 0);
    let ran = 0;
    for (let cut = 0; cut < total; cut += 3) {
      let sent = 0;
      const heard = await hearScript(records, (frame) => {
        const from = sent;
        sent += frame.length;
        return frame.slice(0, Math.max(0, cut - from));
      });
      const whole = [0, 1, 2, 3].filter((n) => cut >= stream.slice(0, 3 + n).reduce((a, b) => a + b, 0)).length - 1;
      expect(stamps(heard), `cut after ${cut}`).toEqual([1, 2, 3].slice(0, Math.max(0, whole)).map(stampOf));
      expect(heard.code).toMatch(/^(?:METER_STALLED|FRAME_TRUNCATED)$/);
      expect(heard.tookMs).toBeLessThanOrEqual(4 * PATIENCE_MS);
      ran += 1;
    }
    expect(ran).toBe(Math.ceil(total / 3));
  });
});

describe("a session with something else", () => {
  test("that is silent ends after three listenings, having said EOT twice", async () => {
    const heard = await hear(contourSerial, { receive: () => undefined }, new VirtualClock(START_MS));
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(heard.written.map((bytes) => [...bytes])).toEqual([[4], [4]]);
    expect(heard.tookMs).toBeLessThanOrEqual(PATIENCE_MS);
  });

  test("that sends noise before it asks for the line is read whole", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const noisy: Answerer = {
      start(send) {
        send(latin1Bytes("\x00\xff\x05\x02garbage"));
        simulator.start?.(send);
      },
      receive: simulator.receive.bind(simulator),
    };
    const heard = await hear(contourSerial, noisy, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
  });

  test.each([
    ["lines of text", "OK 009A\r\n", "FRAME_MALFORMED"],
    ["binary frames", "\x02\x09\x05\x05\x0d\x02\x03\xda\x71", "FRAME_MALFORMED"],
    ["an enquiry", "\x05", "FRAME_MALFORMED"],
    ["NAK, which is 15 in hex", "\x15", "METER_REFUSED"],
    ["a byte of 15 in decimal (peer bug: taken for NAK)", "\x0f", "FRAME_MALFORMED"],
    ["ACK", "\x06", "FRAME_MALFORMED"],
  ])("that answers each byte with %s is given up", async (_, reply, code) => {
    const babbler: Answerer = { receive: (_bytes, send) => send(latin1Bytes(reply)) };
    const heard = await hear(contourSerial, babbler, new VirtualClock(START_MS));
    expect(heard.code).toBe(code);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(2 * PATIENCE_MS);
  });

  test("that asks for the line once and then says nothing has stalled", async () => {
    const once: Answerer = { start: (send) => send(Uint8Array.of(5)), receive: () => undefined };
    const heard = await hear(contourSerial, once, new VirtualClock(START_MS));
    expect(heard.code).toBe("METER_STALLED");
    expect(heard.tookMs).toBeLessThanOrEqual(2 * PATIENCE_MS);
  });

  test("that is another maker's meter is named as such", async () => {
    const heard = await hearScript([HEADER.replace("Bayer7150", "Acme1000"), resultOf(1), END]);
    expect(heard.code).toBe("METER_UNSUPPORTED");
    expect(heard.events).toEqual([]);
  });

  test.each(["full", "probe"] as const)("that never stops talking is given up (%s)", async (patience) => {
    const clock = new VirtualClock(START_MS);
    const chatter: Answerer = {
      start(send) {
        const talk = async (): Promise<void> => {
          for (;;) {
            await clock.sleep(10);
            send(latin1Bytes("x\x05\x06\x02y\r\n"));
          }
        };
        void talk();
      },
      receive: () => undefined,
    };
    const heard = await hear(contourSerial, chatter, clock, { patience });
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? contourSerial.probe.withinMs : PATIENCE_MS);
    expect(bytesWritten(heard)).toEqual([4]);
  });
});

describe("a probe", () => {
  test("of a silent cable ends in time, with no more than one EOT said", async () => {
    const heard = await hear(contourSerial, { receive: () => undefined }, new VirtualClock(START_MS), {
      patience: "probe",
    });
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(heard.written.map((bytes) => [...bytes])).toEqual([[4]]);
    expect(heard.tookMs).toBeLessThanOrEqual(contourSerial.probe.withinMs);
  });

  test("finds its meter, also one that was on before, and reads it whole", async () => {
    for (const plugged of [true, false]) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock);
      const receive = simulator.receive.bind(simulator);
      const answerer = plugged ? simulator : { receive };
      const heard = await hear(contourSerial, answerer, clock, { patience: "probe" });
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
    }
  });

  test.each([
    ["an Ultra 2", simulateUltra2],
    ["a ReliOn Prime", relionPrime.simulate],
  ] as const)("of %s tells nothing, ends in time, and leaves it as it was", async (_, simulate) => {
    const clock = new VirtualClock(START_MS);
    const simulator = simulate({ count: 5, seed: 3, clock, zone: "Europe/London" });
    const before = [simulator.memory, simulator.clock()?.slice(0, 16)];
    const heard = await hear(contourSerial, simulator, clock, { patience: "probe" });
    expect(heard.code).toMatch(/^(?:METER_TIMEOUT|FRAME_MALFORMED)$/);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(contourSerial.probe.withinMs);
    expect([simulator.memory, simulator.clock()?.slice(0, 16)]).toEqual(before);
  });

  test.each([
    ["asks for the line and says no more", (frame: Uint8Array) => frame.slice(0, 0), "METER_TIMEOUT"],
    ["sends only damage", (frame: Uint8Array) => damaged(frame, "|", "!"), "FRAME_MALFORMED"],
  ])("of what %s ends in time with a code of a probe", async (_, change, code) => {
    const heard = await hear(contourSerial, scriptedMeter([HEADER, END], change), new VirtualClock(START_MS), {
      patience: "probe",
    });
    expect(heard.code).toBe(code);
    expect(heard.tookMs).toBeLessThanOrEqual(contourSerial.probe.withinMs);
  });
});
