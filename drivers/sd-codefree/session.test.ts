import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { hex, latin1, unhex } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords, inVirtualTime, lineTo } from "../../test/helpers/simulated-line.js";
import { bgstar } from "../bgstar/index.js";
import { glucomenAreo } from "../glucomen-areo/index.js";
import { ANSWER, CHALLENGE, FETCH } from "./codec.js";
import { sdCodefree } from "./index.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** All that a session may ever write. */
const WORDS = [ANSWER, FETCH].map(hex);

function meter(clock: VirtualClock, count: number, seed = 4, more: object = {}) {
  return simulate({ count, seed, clock, zone: "Europe/London", ...more });
}

type Send = (bytes: Uint8Array) => void;

/** The simulator, its messages changed on the way, with a number each from 0, the challenge; none for silence. */
function through(own: Answerer, change: (frame: Uint8Array, number: number) => readonly Uint8Array[]): Answerer {
  let came: number[] = [];
  let number = 0;
  const whole = (send: Send) => (chunk: Uint8Array) => {
    came.push(...chunk);
    if (came[0] === 0) came = came.slice(1);
    for (let length = (came[2] ?? 0) + 3; came.length > 3 && came.length >= length; length = (came[2] ?? 0) + 3) {
      const frame = Uint8Array.from(came.splice(0, length));
      for (const piece of change(frame, number)) send(piece);
      number += 1;
    }
  };
  return { start: (send) => own.start?.(whole(send)), receive: (bytes, send) => own.receive(bytes, whole(send)) };
}

function turned(frame: Uint8Array, at: number): Uint8Array {
  return frame.map((byte, place) => (place === at ? byte ^ 0x04 : byte));
}

/** Answers that are written out; each request takes the next. */
function scripted(challenge: string, ...answers: readonly string[]): Answerer & { readonly heard: string[] } {
  const left = [...answers];
  const heard: string[] = [];
  return {
    heard,
    start: (send) => send(unhex(challenge)),
    receive(bytes, send) {
      heard.push(hex(bytes));
      const answer = left.shift() ?? "";
      if (answer !== "") send(unhex(answer));
    },
  };
}

/** A message of the meter's in its frame, put together here apart from the codec. */
function framed(...message: readonly number[]): string {
  return hex(
    Uint8Array.of(
      0x53,
      0x20,
      message.length + 2,
      ...message,
      message.reduce((a, b) => a ^ b, 0),
      0xaa,
    ),
  );
}

const count = (records: number): string =>
  framed(0x30, records >> 8, records & 0xff, ...new Array<number>(19).fill(0xaa));
/** A record of 104 mg/dL at 7:31 on that day of May 2024, `month` in its place. */
const recordOf = (day: number, month = 5): string =>
  framed(0x21, 0x07, 24, month, day, 7, 31, 0, 104, 0, 1, 0, 0, 2, 0, 0, 9);
const RECORD = recordOf(6);
const GOODBYE = framed(0x10, 0x70);

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [1_000, 4],
  ])("tells all of its %i readings in its order, in the time of the line (seed %i)", async (records, seed) => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, records, seed);
    let bytes = 0;
    const counted = through(own, (frame) => {
      bytes += frame.length;
      return [frame];
    });
    const heard = await hear(sdCodefree, counted, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
    expect(heard.readings).toHaveLength(records);
    expect(heard.events.slice(0, 3)).toEqual([
      {
        type: "identity",
        identity: {
          manufacturer: "SD Biosensor",
          model: "SD CodeFree",
          serial: null,
          firmware: null,
          displayUnit: null,
        },
        source: "meter",
        sourceName: null,
      },
      { type: "clock", deviceTime: null },
      { type: "expect", count: records },
    ]);
    for (const each of heard.written) bytes += each.length;
    expect(heard.tookMs).toBeLessThanOrEqual(1.1 * bytes * (10_000 / 38_400));
    expect(own.state()).toBe("off");
  });

  test("yields a reading before it asks for the next one", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(sdCodefree, meter(clock, 20), clock, { stop: (event) => event.type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings).toHaveLength(1);
    expect(heard.written.slice(0, 2).map(hex)).toEqual(WORDS);
  });

  test("writes nothing before it has heard the challenge, and answers it at once", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 3);
    let answeredAt: number | null = null;
    let spokeAt = 0;
    const late: Answerer = {
      start: (send) =>
        void clock.sleep(200_000).then(() =>
          own.start?.((bytes) => {
            spokeAt = clock.now();
            send(bytes);
          }),
        ),
      receive(bytes, send) {
        answeredAt ??= clock.now();
        own.receive(bytes, send);
      },
    };
    const heard = await hear(sdCodefree, late, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(3);
    expect(spokeAt).toBeGreaterThanOrEqual(START_MS + 200_000);
    expect(answeredAt).not.toBeNull();
    expect((answeredAt ?? 0) - spokeAt).toBeLessThan(5);
  });

  test("reads a meter that is deaf to its first requests", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5, 4, { declines: 2 });
    const heard = await hear(sdCodefree, own, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
  });
});

describe("a conversation with faults", () => {
  test("tells a damaged record as unreadable, the others as they are, and ends with the damage", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 6);
    const whole = own.memory;
    const heard = await hear(
      sdCodefree,
      through(own, (frame, number) => [number === 4 ? turned(frame, 9) : frame]),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings.map(inMemoryWords)).toEqual(whole.filter((_, at) => at !== 2));
    expect(heard.readings).toHaveLength(5);
    const unreadable = heard.events.filter((event) => event.type === "unreadable");
    expect(unreadable).toHaveLength(1);
    expect(unreadable[0]).toMatchObject({ unreadable: { code: "FRAME_CHECKSUM" } });
    expect(own.state()).toBe("off");
  });

  test("tells nothing of a memory that is damaged throughout, and ends", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 6);
    const heard = await hear(
      sdCodefree,
      through(own, (frame, number) => [number > 1 && frame.length === 22 ? turned(frame, 4) : frame]),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings).toEqual([]);
    expect(heard.tookMs).toBeLessThan(60_000);
  });

  test("goes on without a count that came damaged, since each record proves itself", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 6);
    const heard = await hear(
      sdCodefree,
      through(own, (frame, number) => [number === 1 ? turned(frame, 4) : frame]),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
    expect(heard.events.some(({ type }) => type === "expect")).toBe(false);
  });

  test("says how many records are missing if the meter hangs up before the end", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(sdCodefree, scripted(hex(CHALLENGE), count(4), RECORD, GOODBYE), clock);
    expect(heard.code).toBe("METER_STALLED");
    expect(asProblem(heard.reason).context).toEqual({ missing: 3 });
    expect(heard.readings).toHaveLength(1);
  });

  test("ends on a meter that stops in mid-dump, and keeps what was told", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 30);
    const memory = own.memory;
    const heard = await hear(
      sdCodefree,
      through(own, (frame, number) => (number > 11 ? [] : [frame])),
      clock,
    );
    expect(heard.code).toBe("METER_STALLED");
    expect(heard.readings.map(inMemoryWords)).toEqual(memory.slice(0, 10));
    expect(heard.tookMs).toBeLessThan(5_000);
  });

  test("passes over any message that comes twice, and loses none behind it", async () => {
    for (const doubled of [1, 2, 5, 7]) {
      const clock = new VirtualClock(START_MS);
      const own = meter(clock, 6);
      const heard = await hear(
        sdCodefree,
        through(own, (frame, number) => (number === doubled ? [frame, frame] : [frame])),
        clock,
      );
      expect(heard.reason, `message ${doubled}`).toBeNull();
      expect(heard.readings.map(inMemoryWords), `message ${doubled}`).toEqual(own.memory);
    }
  });

  test("keeps two equal tests of one minute both", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(sdCodefree, scripted(hex(CHALLENGE), count(2), RECORD, RECORD, GOODBYE), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(2);
  });

  test("takes no record beyond the count for a reading", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(sdCodefree, scripted(hex(CHALLENGE), count(1), RECORD, recordOf(5), GOODBYE), clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toHaveLength(1);
    expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(1);
  });

  test("ends on a meter that never hangs up and announces 65,535 records", async () => {
    const clock = new VirtualClock(START_MS);
    const endless = Array.from({ length: 10_100 }, (_, at) => recordOf(1 + (at % 28)));
    const heard = await hear(sdCodefree, scripted(hex(CHALLENGE), count(0xffff), ...endless), clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toHaveLength(10_009);
  });

  test("ends on a meter that gives the same record again and again", async () => {
    const clock = new VirtualClock(START_MS);
    const same = new Array<string>(100).fill(RECORD);
    const heard = await hear(sdCodefree, scripted(hex(CHALLENGE), count(1_000), ...same), clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toHaveLength(4);
    expect(heard.tookMs).toBeLessThan(10_000);
  });

  test("tells impossible dates as unreadable with their bytes, and goes on", async () => {
    const clock = new VirtualClock(START_MS);
    const impossible = recordOf(30, 2);
    const heard = await hear(sdCodefree, scripted(hex(CHALLENGE), count(2), impossible, RECORD, GOODBYE), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(1);
    expect(heard.events.find(({ type }) => type === "unreadable")).toMatchObject({
      unreadable: { code: "FRAME_MALFORMED", raw: unhex(impossible) },
    });
  });

  test("never takes records of a meter that was switched on in the middle for the first one's", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(
      sdCodefree,
      scripted(hex(CHALLENGE), count(3), RECORD, hex(CHALLENGE), count(1), RECORD),
      clock,
    );
    expect(heard.code).toBe("METER_CHANGED");
    expect(heard.readings).toHaveLength(1);
  });
});

describe("a session with something else", () => {
  test.each([
    ["nothing", "", "METER_TIMEOUT"],
    ["a few bytes of noise", "ff 80 53 20 04 10 31 21 aa", "METER_TIMEOUT"],
    ["thousands of other bytes", "55 ".repeat(5_000), "FRAME_MALFORMED"],
  ])("that says %s writes nothing and ends", async (_, said, code) => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(sdCodefree, scripted(said), clock, { patience });
      expect(heard.code).toBe(code);
      expect(heard.events).toEqual([]);
      expect(heard.written).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? sdCodefree.probe.withinMs : 300_000);
    }
  });

  test("that chatters on and on is given up within the probe's time", async () => {
    const clock = new VirtualClock(START_MS);
    let told = 0;
    const chatter = async (send: Send): Promise<void> => {
      for (; told < 1_000; told += 1) {
        send(unhex("53 20 aa"));
        await clock.sleep(10);
      }
    };
    const heard = await hear(sdCodefree, { start: (send) => void chatter(send), receive: () => undefined }, clock, {
      patience: "probe",
    });
    expect(heard.code).toBe("METER_TIMEOUT");
    // A chunk may be under way when the time is over.
    expect(heard.tookMs).toBeLessThanOrEqual(3_010);
    expect(heard.written).toEqual([]);
  });

  test("finds the challenge behind noise, wherever the chunks end", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 3);
    const noisy: Answerer = {
      start(send) {
        send(unhex("53 20 04 10 31 aa ff 53"));
        own.start?.((chunk) => {
          for (const byte of chunk) send(Uint8Array.of(byte));
        });
      },
      receive: own.receive,
    };
    const heard = await hear(sdCodefree, noisy, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(3);
  });

  test("answers only the last of several challenges: the ones before it are past", async () => {
    const clock = new VirtualClock(START_MS);
    const twice = scripted(`${hex(CHALLENGE)} ${hex(CHALLENGE)}`, count(1), RECORD, GOODBYE);
    const heard = await hear(sdCodefree, twice, clock);
    expect(heard.reason).toBeNull();
    expect(twice.heard).toEqual([WORDS[0], WORDS[1], WORDS[1]]);
  });
});

describe("setting the clock", () => {
  async function set(answerer: Answerer, clock: VirtualClock) {
    const transport = lineTo(answerer);
    const wallNow = (): string => "2026-11-23T08:15:42";
    const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
    const outcome = await inVirtualTime(clock, async () => {
      try {
        return { shown: await sdCodefree.setClock?.(context), code: null };
      } catch (error) {
        return { shown: undefined, code: asProblem(error).code };
      }
    });
    return { ...outcome, written: transport.written };
  }

  test("sends the wall time's minute, hangs up, and says that it can't be read back", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5, 3, { clockErrorMs: -86_400_000 });
    const before = own.memory;
    const { shown, code, written } = await set(own, clock);
    expect([shown, code]).toEqual([null, null]);
    expect(written.map((bytes) => latin1(bytes.slice(3, -2)))).toEqual(["\x10\x40", "ADATE202611230815", "\x10\x60"]);
    expect(own.clock()).toBe("2026-11-23T08:15:00");
    expect(own.state()).toBe("off");
    expect(own.memory).toEqual(before);
  });

  const damaged = framed(0x10, 0x10).replace("10 10", "10 11");

  test.each([
    ["another word than consent", [count(3), GOODBYE], "METER_REFUSED"],
    ["silence", [count(3), ""], "METER_STALLED"],
    ["a damaged word", [count(3), damaged], "FRAME_CHECKSUM"],
  ])("fails by name on %s", async (_, answers, code) => {
    const outcome = await set(scripted(hex(CHALLENGE), ...answers), new VirtualClock(START_MS));
    expect(outcome.code).toBe(code);
  });

  test("tests that are taken afterwards bear the new time, older ones stay", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 2, 3, { newReadingEveryMs: 60_000 });
    const before = own.memory;
    await set(own, clock);
    clock.advance(300_000);
    const after = own.memory;
    expect(after.length).toBeGreaterThanOrEqual(5);
    expect(after.slice(-2)).toEqual(before);
    expect(after[0]?.deviceTime).toMatch(/^2026-11-23T08:(1|2)/);
  });
});

describe("the simulated meter", () => {
  /** Runs the virtual time until nobody sleeps, and gives what came. */
  async function says(own: Answerer, clock: VirtualClock, ...sent: string[]): Promise<string> {
    let came = "";
    const send = (bytes: Uint8Array): void => {
      came += `${hex(bytes)} `;
    };
    for (const bytes of sent) own.receive(unhex(bytes), send);
    await inVirtualTime(clock, async () => await clock.sleep(100));
    return came.trim();
  }

  test("shows E-5 at anything that it does not understand, and is deaf until it is switched on again", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 1);
    own.start?.(() => undefined);
    expect(await says(own, clock, "a2")).toBe("");
    expect(own.state()).toBe("E-5");
    expect(await says(own, clock, hex(ANSWER))).toBe("");
    own.start?.(() => undefined);
    expect(own.state()).toBe("challenging");
    expect(await says(own, clock, hex(ANSWER))).toMatch(/^53 20 18 30 00 01 aa/);
    await says(own, clock, hex(ANSWER));
    expect(own.state()).toBe("E-5");
  });

  test("ignores the cable if it waited too long for its answer, and everything while it is off", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 1);
    expect(await says(own, clock, "a2", hex(ANSWER))).toBe("");
    expect(own.state()).toBe("off");
    own.start?.(() => undefined);
    clock.advance(10_000);
    expect(await says(own, clock, hex(ANSWER), "a2")).toBe("");
    expect(own.state()).toBe("ignoring");
  });
});

describe("on one cable with the other two meters", () => {
  const DRIVERS = [sdCodefree, glucomenAreo, bgstar];

  test("the probes' ranks put the listener first, and the README's window is what the others take", () => {
    expect(DRIVERS.map(({ probe }) => probe.rank)).toEqual([10, 20, 30]);
    expect(DRIVERS.map(({ probe }) => probe.withinMs)).toEqual([3_000, 2_000, 1_500]);
  });

  test.each(DRIVERS.map((own) => ({ id: own.id, own })))(
    "$id is found by a round of probes, and no other is taken for it",
    async ({ own }) => {
      const clock = new VirtualClock(START_MS);
      const virtual = own.simulate({ count: 4, seed: 5, clock, zone: "Europe/London" });
      const tried: (string | null)[] = [];
      for (const driver of DRIVERS) {
        // Switched on once: a meter does not speak anew because somebody else asks.
        const answerer = driver === DRIVERS[0] ? virtual : { receive: virtual.receive };
        const before = clock.now();
        const heard = await hear(driver, answerer, clock, { patience: "probe" });
        tried.push(heard.code);
        if (driver === own) {
          expect(heard.readings.map(inMemoryWords)).toEqual(virtual.memory);
          break;
        }
        expect(heard.events).toEqual([]);
        expect(["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(heard.code);
        expect(clock.now() - before).toBeLessThanOrEqual(driver.probe.withinMs);
      }
      expect(tried).toHaveLength(DRIVERS.indexOf(own) + 1);
      expect(tried.at(-1)).toBeNull();
    },
  );

  test("a CodeFree that has just been switched on is read by a full round, and never driven into E-5", async () => {
    for (const afterMs of [0, 500, 1_500, 2_900]) {
      const clock = new VirtualClock(START_MS);
      const own = meter(clock, 4);
      const late: Answerer = {
        start: (send) => void clock.sleep(afterMs).then(() => own.start?.(send)),
        receive: own.receive,
      };
      let found = 0;
      for (const driver of DRIVERS) {
        const heard = await hear(driver, driver === sdCodefree ? late : { receive: own.receive }, clock, {
          patience: "probe",
        });
        if (driver !== sdCodefree) expect(heard.events).toEqual([]);
        found += heard.readings.length;
        expect(own.state(), `after ${driver.id}`).toBe("off");
      }
      expect(found, `switched on after ${afterMs} ms`).toBe(4);
    }
  });

  test("a CodeFree that is switched on while another probe asks may show E-5, and is read when it is switched on anew", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 4);
    const during: Answerer = { start: (send) => own.start?.(send), receive: own.receive };
    expect((await hear(glucomenAreo, during, clock, { patience: "probe" })).code).toMatch(
      /METER_TIMEOUT|FRAME_MALFORMED/,
    );
    expect(own.state()).toBe("E-5");
    const again = await hear(sdCodefree, own, clock, { patience: "probe" });
    expect(again.reason).toBeNull();
    expect(again.readings).toHaveLength(4);
  });
});
