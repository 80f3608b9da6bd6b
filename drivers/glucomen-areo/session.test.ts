import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import { hex, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords, inVirtualTime, lineTo } from "../../test/helpers/simulated-line.js";
import { bgstar } from "../bgstar/index.js";
import { sdCodefree } from "../sd-codefree/index.js";
import { blockOf } from "./block.js";
import { glucomenAreo } from "./index.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");

function meter(clock: VirtualClock, count: number, seed = 4, more: object = {}) {
  return simulate({ count, seed, clock, zone: "Europe/London", ...more });
}

/** The simulator, its answers changed on the way: each line by itself, with how often the memory was asked for so far. */
function through(own: Answerer, change: (line: string, dumps: number) => string): Answerer {
  let dumps = 0;
  return {
    receive(bytes, send) {
      if (bytes[0] === 0x80) dumps += 1;
      const asked = bytes[0] === 0x80 ? dumps : 0;
      let line = "";
      own.receive(bytes, (chunk) => {
        const lines = `${line}${latin1(chunk)}`.split(/(?<=\n)/);
        line = lines.at(-1)?.endsWith("\n") ? "" : (lines.pop() ?? "");
        const text = lines.map((each) => change(each, asked)).join("");
        if (text !== "") send(latin1Bytes(text));
      });
    },
  };
}

/** A block with these lines. */
function block(...lines: readonly string[]): string {
  return latin1(blockOf(lines.join("\r\n")));
}

const INFO = block("1,0,3,   QK7204415, 2.10");
const LINE = "Glu,104,mg/dL,00,240506,0731";

/** Answers that are written out; each request takes the next. */
function scripted(...answers: readonly string[]): Answerer {
  const left = [...answers];
  return {
    receive(_bytes, send) {
      const answer = left.shift() ?? "";
      if (answer !== "") send(latin1Bytes(answer));
    },
  };
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1, "mg/dL"],
    [1, 2, "mmol/L"],
    [50, 3, "mg/dL"],
    [730, 4, "mg/dL"],
    [730, 5, "mmol/L"],
  ] as const)(
    "tells all of its %i readings in its order, in the time of the line (seed %i, %s)",
    async (count, seed, unit) => {
      const clock = new VirtualClock(START_MS);
      const own = meter(clock, count, seed, { unit });
      let bytes = 0;
      const counted: Answerer = {
        receive: (sent, send) => {
          bytes += sent.length;
          own.receive(sent, (chunk) => {
            bytes += chunk.length;
            send(chunk);
          });
        },
      };
      const heard = await hear(glucomenAreo, counted, clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
      expect(heard.readings).toHaveLength(count);
      expect(heard.events.slice(0, 3)).toMatchObject([
        {
          type: "identity",
          identity: { serial: own.serial, firmware: "1.02", displayUnit: count === 0 ? null : unit },
        },
        { type: "clock", deviceTime: null },
        { type: "expect", count },
      ]);
      expect(heard.written.map(hex)).toEqual(["a2", "80"]);
      expect(heard.tookMs).toBeLessThanOrEqual(1.1 * bytes * (11_000 / 9_600));
    },
  );

  test("reads a memory of ten thousand lines, should a meter have one", async () => {
    const clock = new VirtualClock(START_MS);
    const memory = block(...new Array<string>(10_000).fill(LINE));
    const heard = await hear(glucomenAreo, scripted(INFO, memory), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(10_000);
  });

  test("reads a meter that is deaf to its first requests", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5, 4, { declines: 2 });
    const heard = await hear(glucomenAreo, own, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
  });
});

describe("a conversation with faults", () => {
  test("asks for the memory again when it came damaged, and tells each reading once", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 12);
    const heard = await hear(
      glucomenAreo,
      through(own, (line, dumps) => (dumps === 1 ? line.replace(",mg", ",mo") : line)),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
    expect(heard.written.map(hex)).toEqual(["a2", "80", "80"]);
  });

  test("tells nothing of a memory that stays damaged but its bytes, once, and ends with the damage", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 12);
    const heard = await hear(
      glucomenAreo,
      through(own, (line, dumps) => (dumps > 0 ? line.replace(",00,", ",02,") : line)),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings).toEqual([]);
    expect(heard.events.map(({ type }) => type)).toEqual(["identity", "clock", "unreadable"]);
    expect(heard.written.map(hex)).toEqual(["a2", "80", "80", "80"]);
  });

  test("tells nothing of a memory that broke off but its bytes, and ends", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 30);
    let lines = 0;
    const heard = await hear(
      glucomenAreo,
      through(own, (line, dumps) => {
        lines += dumps > 0 ? 1 : 0;
        return lines > 10 ? "" : line;
      }),
      clock,
    );
    expect(heard.code).toBe("FRAME_TRUNCATED");
    expect(heard.readings).toEqual([]);
    const unreadable = heard.events.filter((event) => event.type === "unreadable");
    expect(unreadable).toHaveLength(1);
    expect(latin1(unreadable[0]?.unreadable.raw ?? new Uint8Array())).toMatch(/^\[\r\n(Glu,.*\r\n){9}$/);
    expect(heard.tookMs).toBeLessThan(30_000);
  });

  test("that falls silent after its name ends as stalled", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(glucomenAreo, scripted(INFO), clock);
    expect(heard.code).toBe("METER_STALLED");
    expect(heard.events.map(({ type }) => type)).toEqual(["identity", "clock"]);
    expect(heard.tookMs).toBeLessThan(15_000);
  });

  test("passes over its name when that comes twice, and over noise before it", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(glucomenAreo, scripted(`\0\xff${INFO}`, `${INFO}${block(LINE)}`), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(1);
  });

  test("keeps equal lines of a proven memory all: stamps have no seconds", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(glucomenAreo, scripted(INFO, block(LINE, LINE)), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(2);
  });

  test("tells a ketone line of an areo GK as unreadable with its bytes, and the others as they are", async () => {
    const clock = new VirtualClock(START_MS);
    const ketone = "Ket,0.4,mmol/L,00,240506,0732";
    const heard = await hear(glucomenAreo, scripted(INFO, block(ketone, LINE.replace(",mg", ", mg"))), clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(1);
    expect(heard.events.find(({ type }) => type === "unreadable")).toMatchObject({
      unreadable: { raw: latin1Bytes(`${ketone}\r\n`) },
    });
    expect(heard.events[2]).toEqual({ type: "expect", count: 2 });
  });
});

describe("a session with something else", () => {
  test.each([
    ["nothing", "", "METER_TIMEOUT"],
    ["noise without lines", "\xff\x80~", "FRAME_MALFORMED"],
    ["lines of another kind", "200 hello BGST-EU\r\n", "FRAME_MALFORMED"],
    ["a damaged block", INFO.replace("QK", "QM"), "FRAME_CHECKSUM"],
    ["a block of another kind", block("2405060731"), "FRAME_MALFORMED"],
  ])("that answers with %s ends in time", async (_, answer, code) => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(glucomenAreo, scripted(...new Array<string>(9).fill(answer)), clock, { patience });
      expect(heard.code).toBe(code);
      expect(heard.events).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? glucomenAreo.probe.withinMs : 7_000);
      expect(heard.written.every((bytes) => hex(bytes) === "a2")).toBe(true);
    }
  });

  test.each([
    ["before its name", [`${"x".repeat(70)}\r\n`.repeat(2_000)]],
    ["without ever ending a line", ["x".repeat(200_000)]],
    ["in its memory", [INFO, `[\r\n${`${LINE}\r\n`.repeat(20_000)}`]],
  ])("that chatters without end %s is given up", async (_, answers) => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(glucomenAreo, scripted(...answers), clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toEqual([]);
    expect(heard.tookMs).toBeLessThan(15_000);
  });

  test("that drips lines for ever is given up within a bound", async () => {
    const clock = new VirtualClock(START_MS);
    const drip: Answerer = {
      receive(bytes, send) {
        if (bytes[0] === 0xa2) return send(latin1Bytes(INFO));
        const on = async (): Promise<void> => {
          for (let line = 0; line < 2_000; line += 1) {
            send(latin1Bytes(line === 0 ? "[\r\n" : "x\r\n"));
            await clock.sleep(2_500);
          }
        };
        void on();
      },
    };
    const heard = await hear(glucomenAreo, drip, clock);
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.tookMs).toBeLessThan(10 * 60_000);
  });

  test.each([sdCodefree, bgstar].map((other) => ({ id: other.id, other })))(
    "$id is not taken for an areo by a probe",
    async ({ other }) => {
      const clock = new VirtualClock(START_MS);
      const virtual = other.simulate({ count: 4, seed: 5, clock, zone: "Europe/London" });
      const heard = await hear(glucomenAreo, virtual, clock, { patience: "probe" });
      expect(["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(heard.code);
      expect(heard.events).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(glucomenAreo.probe.withinMs);
    },
  );
});

describe("setting the clock", () => {
  async function set(answerer: Answerer, clock: VirtualClock) {
    const transport = lineTo(answerer);
    const wallNow = (): string => "2026-11-23T08:15:42";
    const context = { transport, clock, signal: new AbortController().signal, log: silentLog, wallNow };
    const outcome = await inVirtualTime(clock, async () => {
      try {
        return { shown: await glucomenAreo.setClock?.(context), code: null };
      } catch (error) {
        return { shown: undefined, code: asProblem(error).code };
      }
    });
    return { ...outcome, written: transport.written };
  }

  test("asks who it is, sends the wall time's minute, and says that it can't be read back", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5, 3, { clockErrorMs: -86_400_000 });
    const before = own.memory;
    const { shown, code, written } = await set(own, clock);
    expect([shown, code]).toEqual([null, null]);
    expect(written.map(latin1)).toEqual([
      "\xa2",
      expect.stringMatching(/^\xc2\xa1\[\r\n2611230815\r\n[0-9A-F]{2}\r\n\]\r\n$/),
    ]);
    expect(own.clock()).toBe("2026-11-23T08:15:00");
    expect(own.memory).toEqual(before);
  });

  test("is tried again when the meter says no, since the request may have come damaged", async () => {
    const clock = new VirtualClock(START_MS);
    const { shown, code, written } = await set(scripted(INFO, "F", "P"), clock);
    expect([shown, code, written.length]).toEqual([null, null, 3]);
  });

  test.each([
    ["no each time", [INFO, "F", "F", "F"], "METER_REFUSED"],
    ["silence", [INFO], "METER_STALLED"],
    ["another letter", [INFO, "?"], "FRAME_MALFORMED"],
    ["silence from the start", [], "METER_TIMEOUT"],
  ])("fails by name on %s", async (_, answers, code) => {
    expect((await set(scripted(...answers), new VirtualClock(START_MS))).code).toBe(code);
  });
});

describe("the simulated meter", () => {
  /** What it says to these bytes. */
  async function says(own: Answerer, clock: VirtualClock, sent: string): Promise<string> {
    let came = "";
    own.receive(latin1Bytes(sent), (bytes) => {
      came += latin1(bytes);
    });
    await inVirtualTime(clock, async () => await clock.sleep(1_000));
    return came;
  }

  test("refuses a checksum in small letters, as the real one does", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 1);
    // Its checksum has a letter.
    const request = block("2405060732");
    expect(request).toMatch(/[A-F]/);
    expect(await says(own, clock, `\xc2\xa1${request.toLowerCase()}`)).toBe("F");
    expect(await says(own, clock, `\xc2\xa1${request}`)).toBe("P");
    expect(own.clock()).toMatch(/^2024-05-06T07:32:0/);
  });

  test("is deaf to what is no request, and hears the one behind it", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 0);
    expect(await says(own, clock, "hello\rS\x10\xc2x\xc2")).toBe("");
    expect(await says(own, clock, "x\x80")).toBe("[\r\n\x90=\r\n]\r\n");
  });
});
