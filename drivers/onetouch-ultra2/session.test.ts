import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem, Problem } from "../../src/domain/problem.js";
import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { MeterSimulator } from "../../src/kit/driver.js";
import type { StreamTransport } from "../../src/kit/transport.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { QUERIES } from "./codec.js";
import { session } from "./session.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");

/** What answers at the other end: bytes in, bytes out at any time. */
type Answerer = (bytes: Uint8Array, send: (bytes: Uint8Array) => void) => void;

/** A line with an answerer at its end; keeps what was written. */
function lineTo(answer: Answerer): StreamTransport & { readonly written: string[] } {
  const came: Uint8Array[] = [];
  let wake = (): void => undefined;
  const written: string[] = [];
  return {
    kind: "stream",
    name: "bench",
    written,
    async read(signal) {
      while (came.length === 0) {
        signal?.throwIfAborted();
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener("abort", () => resolve(), { once: true });
        });
      }
      return came.shift() ?? new Uint8Array();
    },
    async write(bytes) {
      written.push(latin1(bytes));
      answer(bytes, (chunk) => {
        came.push(chunk);
        wake();
      });
    },
    async close() {},
  };
}

interface Heard {
  readonly events: readonly SessionEvent[];
  readonly readings: readonly SourceReading[];
  readonly code: string | null;
  readonly reason: unknown;
  readonly written: readonly string[];
  readonly tookMs: number;
}

/** Runs a session against the answerer on a virtual clock, which goes on whenever the program has come to rest. */
async function hear(answer: Answerer, clock: VirtualClock, stop?: (event: SessionEvent) => boolean): Promise<Heard> {
  const transport = lineTo(answer);
  const abort = new AbortController();
  const events: SessionEvent[] = [];
  const startMs = clock.now();
  let ended = false;
  let reason: unknown = null;
  const run = async (): Promise<void> => {
    try {
      for await (const event of session({ transport, clock, signal: abort.signal, log: silentLog })) {
        events.push(event);
        if (stop?.(event) === true) abort.abort(new Problem("TRANSPORT_CANCELED"));
      }
    } catch (error) {
      reason = error;
    } finally {
      ended = true;
    }
  };
  const running = run();
  for (let rest = 0; !ended && rest < 1_000; ) {
    await turn();
    rest = clock.advanceToNext() ? 0 : rest + 1;
  }
  expect(ended).toBe(true);
  await running;
  return {
    events,
    readings: events.flatMap((event) => (event.type === "readings" ? event.readings : [])),
    code: reason === null ? null : asProblem(reason).code,
    reason,
    written: transport.written,
    tookMs: clock.now() - startMs,
  };
}

/** The simulated memory in the words of readings. */
function remembered({ memory }: MeterSimulator): unknown[] {
  return memory.map(({ deviceTime, value, outOfRange, control, meal }) => ({
    deviceTime,
    value,
    outOfRange,
    control,
    meal,
  }));
}

function told(readings: readonly SourceReading[]): unknown[] {
  return readings.map(({ deviceTime, value, outOfRange, control, meal }) => ({
    deviceTime,
    value,
    outOfRange,
    control,
    meal,
  }));
}

function byTime(list: readonly unknown[]): string[] {
  return list.map((entry) => JSON.stringify(entry)).sort();
}

function meter(clock: VirtualClock, count: number, seed: number): MeterSimulator {
  return simulate({ count, seed, clock, zone: "Europe/London" });
}

/** Answers as the simulator would, its text changed on the way; `dumps` counts how often the memory was asked for. */
function through(simulator: MeterSimulator, change: (text: string, dumps: number) => string): Answerer {
  let dumps = 0;
  return (bytes, send) => {
    const isDump = latin1(bytes).includes(QUERIES.dump);
    if (isDump) dumps += 1;
    const asked = dumps;
    let line = "";
    simulator.receive(bytes, (chunk) => {
      line += latin1(chunk);
      const whole = line.lastIndexOf("\n") + 1;
      const text = change(line.slice(0, whole), isDump ? asked : 0);
      line = line.slice(whole);
      if (text !== "") send(latin1Bytes(text));
    });
  };
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [400, 4],
  ])("tells all of its %i readings as they stand in memory (seed %i)", async (count, seed) => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, count, seed);
    const heard = await hear(simulator.receive, clock);
    expect(heard.reason).toBeNull();
    expect(told(heard.readings)).toEqual(remembered(simulator));
    expect(heard.readings).toHaveLength(count);
    const [identity, time, expected] = heard.events;
    expect(identity).toMatchObject({ type: "identity", identity: { serial: simulator.serial, displayUnit: "mg/dL" } });
    expect(time).toMatchObject({ type: "clock", deviceTime: "2024-05-06T08:08:09" });
    expect(expected).toEqual({ type: "expect", count });
  });

  test("yields a reading before the next one has come", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, 20, 5);
    const heard = await hear(simulator.receive, clock, (event) => event.type === "readings");
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings).toHaveLength(1);
  });

  test("says only the five words that read, whatever happens", async () => {
    const words = Object.values(QUERIES).flatMap((word) => [`\x11\r${word}`, `\x11\r${word}\r`]);
    const written = new Set<string>();
    for (const change of [(text: string) => text, () => "", () => "\0", (text: string) => `#${text}`]) {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(through(meter(clock, 5, 6), change), clock);
      for (const word of heard.written) written.add(word);
    }
    expect([...written].filter((word) => !words.includes(word))).toEqual([]);
    expect(written.size).toBeGreaterThanOrEqual(6);
  });

  test("loses nothing when a bit of the dump is turned over once, wherever it is", async () => {
    let ran = 0;
    for (let seed = 1; seed <= 120; seed += 1) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock, 6, seed);
      let [place, at] = [(seed * 131) % 380, 0];
      const heard = await hear(
        through(simulator, (text, dumps) => {
          at += dumps === 1 ? text.length : 0;
          if (dumps !== 1 || place >= text.length || place < 0) {
            place -= dumps === 1 ? text.length : 0;
            return text;
          }
          const bytes = latin1Bytes(text);
          bytes[place] = (bytes[place] ?? 0) ^ (1 << (seed % 8));
          place = -1;
          return latin1(bytes);
        }),
        clock,
      );
      expect(heard.reason, `seed ${seed}`).toBeNull();
      expect(at).toBeGreaterThan(380);
      expect(byTime(told(heard.readings)), `seed ${seed}`).toEqual(byTime(remembered(simulator)));
      expect(heard.events.filter(({ type }) => type === "unreadable").length).toBeGreaterThanOrEqual(1);
      ran += 1;
    }
    expect(ran).toBe(120);
  });

  test("takes a line that came twice for one reading, and loses none of those behind it", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, 4, 7);
    let doubled = false;
    const heard = await hear(
      through(simulator, (text, dumps) => {
        if (dumps !== 1 || doubled || !text.startsWith('P "')) return text;
        doubled = true;
        const first = text.slice(0, text.indexOf("\n") + 1);
        return `${first}${text}`;
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(doubled).toBe(true);
    expect(byTime(told(heard.readings))).toEqual(byTime(remembered(simulator)));
    expect(heard.readings).toHaveLength(4);
  });

  test("passes over a memory that comes twice, and does not ask for it again", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, 4, 13);
    let memory = "";
    const heard = await hear(
      through(simulator, (text, dumps) => {
        if (dumps === 0) return text;
        memory += text;
        return memory.split("\n").length === 6 && text !== "" ? `${memory}${memory}` : "";
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard.readings)).toEqual(remembered(simulator));
    expect(heard.readings).toHaveLength(4);
    expect(heard.events.filter(({ type }) => type === "unreadable")).toEqual([]);
    expect(heard.written.filter((word) => word.includes(QUERIES.dump))).toHaveLength(1);
  });

  test("passes over answers that come late, and zeros before any line", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, 3, 8);
    let last = "";
    const heard = await hear(
      through(simulator, (text, dumps) => {
        const answer = dumps === 0 && text !== "" ? `${last}\0\0${text}` : text;
        if (dumps === 0 && text !== "") last = text;
        return answer;
      }),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(told(heard.readings)).toEqual(remembered(simulator));
    expect(heard.readings).toHaveLength(3);
  });

  test("goes on without a version, a unit or a time, and says that the time is missing", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, 3, 9);
    const heard = await hear(
      through(simulator, (text) => (/^(\?|SU|F)/.test(text) ? "" : text)),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(3);
    expect(heard.events[0]).toMatchObject({
      identity: { firmware: null, displayUnit: null, serial: simulator.serial },
    });
    expect(heard.events[1]).toEqual({ type: "clock", deviceTime: null });
  });
});

describe("a session with something else", () => {
  test.each([
    ["nothing", () => undefined, "METER_TIMEOUT"],
    ["zeros", (send: (bytes: Uint8Array) => void) => send(Uint8Array.of(0)), "METER_NOT_READY"],
    ["noise without lines", (send: (bytes: Uint8Array) => void) => send(latin1Bytes("\xff\x80~")), "FRAME_MALFORMED"],
    [
      "lines of another kind",
      (send: (bytes: Uint8Array) => void) => send(latin1Bytes("OK 009A\r\n")),
      "FRAME_MALFORMED",
    ],
    ["damaged lines", (send: (bytes: Uint8Array) => void) => send(latin1Bytes("hello\r\n")), "FRAME_CHECKSUM"],
  ])("that answers with %s ends within ten seconds", async (_, reply, code) => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear((_bytes, send) => reply(send), clock);
    expect(heard.code).toBe(code);
    expect(heard.events).toEqual([]);
    expect(heard.written).toHaveLength(5);
    expect(heard.tookMs).toBeLessThanOrEqual(10_000);
  });

  test("that never ends a line is given up, and does not fill the memory", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear((_bytes, send) => {
      for (let chunk = 0; chunk < 100; chunk += 1) send(latin1Bytes("x".repeat(100)));
    }, clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.tookMs).toBe(0);
  });

  test("that sends lines without end during the dump is given up", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, 2, 10);
    const heard = await hear(
      through(simulator, (text, dumps) => (dumps > 0 && text !== "" ? `${text}${"junk\r\n".repeat(90)}` : text)),
      clock,
    );
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(byTime(told(heard.readings)).every((reading) => byTime(remembered(simulator)).includes(reading))).toBe(true);
  });
});
