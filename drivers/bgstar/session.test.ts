import { describe, expect, test } from "vitest";
import { hex, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords, inVirtualTime } from "../../test/helpers/simulated-line.js";
import { glucomenAreo } from "../glucomen-areo/index.js";
import { sdCodefree } from "../sd-codefree/index.js";
import { bgstar } from "./index.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");

function meter(clock: VirtualClock, count: number, seed = 4, more: object = {}) {
  return simulate({ count, seed, clock, zone: "Europe/London", ...more });
}

/** The simulator, its answers changed on the way, whole, with the words asked and how often they were asked so far. */
function through(own: Answerer, change: (answer: string, words: string, times: number) => string): Answerer {
  const asked = new Map<string, number>();
  return {
    receive(bytes, send) {
      const words = latin1(bytes).trim();
      const times = (asked.get(words) ?? 0) + 1;
      asked.set(words, times);
      let answer = "";
      own.receive(bytes, (chunk) => {
        answer += latin1(chunk);
        if (!answer.endsWith("\r")) return;
        const text = change(answer, words, times);
        answer = "";
        if (text !== "") send(latin1Bytes(text));
      });
    },
  };
}

describe("a session with the simulated meter", () => {
  test.each([
    [0, 1],
    [1, 2],
    [50, 3],
    [1_865, 4],
  ])("tells all of its %i readings in its order, in the time of the line (seed %i)", async (count, seed) => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, count, seed, { clockErrorMs: 3_600_000 });
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
    const heard = await hear(bgstar, counted, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
    expect(heard.readings).toHaveLength(count);
    expect(heard.events.slice(0, 3)).toMatchObject([
      { type: "identity", identity: { serial: own.serial, displayUnit: "mg/dL", firmware: null } },
      { type: "clock", deviceTime: "2024-05-06T09:08:09" },
      { type: "expect", count },
    ]);
    expect(heard.tookMs).toBeLessThanOrEqual(1.1 * bytes * (10_000 / 115_200));
    // The greeting once, everything else twice.
    expect(heard.written).toHaveLength(1 + 2 * (4 + count));
  });

  test("yields a reading before it asks for the next one", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(bgstar, meter(clock, 20), clock, { stop: (event) => event.type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings).toHaveLength(1);
  });

  test("reads a meter that is deaf to its first requests", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5, 4, { declines: 2 });
    const heard = await hear(bgstar, own, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
  });

  test("tells each test once when new ones are taken while it reads", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 300, 7, { newReadingEveryMs: 1_000 });
    const before = own.memory;
    const heard = await hear(bgstar, own, clock);
    expect(heard.reason).toBeNull();
    const told = heard.readings.map((reading) => JSON.stringify(inMemoryWords(reading)));
    expect(new Set(told).size).toBe(told.length);
    expect(told.slice(-before.length)).toEqual(before.map((reading) => JSON.stringify(reading)));
    expect(own.memory.length).toBeGreaterThan(before.length);
  });
});

describe("a conversation with faults", () => {
  test("believes no answer that came only once, wherever a bit was turned over", async () => {
    let ran = 0;
    for (const words of ["get serial", "get gluunit", "get datetime", "get glucount", "get glurec 0", "get glurec 2"]) {
      for (let bit = 0; bit < 8; bit += 1) {
        for (const time of [1, 2]) {
          const clock = new VirtualClock(START_MS);
          const own = meter(clock, 3);
          const place = 8 + 2 * bit;
          const heard = await hear(
            bgstar,
            through(own, (answer, asked, times) => {
              if (asked !== words || times !== time) return answer;
              const bytes = latin1Bytes(answer);
              bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ (1 << bit);
              return latin1(bytes);
            }),
            clock,
          );
          expect(heard.reason, `${words}, bit ${bit}, answer ${time}`).toBeNull();
          expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
          expect(heard.events[0]).toMatchObject({ identity: { serial: own.serial, displayUnit: "mg/dL" } });
          expect(heard.events[1]).toMatchObject({ deviceTime: expect.stringMatching(/^2024-05-06T08:08:/) });
          ran += 1;
        }
      }
    }
    expect(ran).toBe(96);
  });

  test("tells a record that never comes twice alike as unreadable, the others as they are, and ends with that", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5);
    const heard = await hear(
      bgstar,
      through(own, (answer, words, times) => (words === "get glurec 2" ? answer.replace(" 1 ", ` ${times} `) : answer)),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory.filter((_, at) => at !== 2));
    expect(heard.readings).toHaveLength(4);
    expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(1);
    expect(heard.written.filter((bytes) => latin1(bytes) === "get glurec 2\r")).toHaveLength(4);
  });

  test("tells nothing of a meter whose every answer is another one", async () => {
    const clock = new VirtualClock(START_MS);
    let number = 0;
    const heard = await hear(
      bgstar,
      through(meter(clock, 5), (answer, words) => {
        number += 1;
        return words === "hello" ? answer : answer.replace(/\r$/, `${number % 10}\r`);
      }),
      clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.readings).toEqual([]);
    expect(heard.events.map(({ type }) => type)).toEqual(["unreadable"]);
  });

  test("passes over answers that come twice, and gives each record its own", async () => {
    for (const doubled of ["get serial", "get glucount", "get glurec 1", "get glurec 3"]) {
      const clock = new VirtualClock(START_MS);
      const own = meter(clock, 6);
      const heard = await hear(
        bgstar,
        through(own, (answer, words) => (words === doubled ? `${answer}${answer}` : answer)),
        clock,
      );
      expect(heard.reason, doubled).toBeNull();
      expect(heard.readings.map(inMemoryWords), doubled).toEqual(own.memory);
    }
  });

  test("says so if the meter gives one record under two numbers", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 4);
    let second = "";
    const heard = await hear(
      bgstar,
      through(own, (answer, words) => {
        if (words === "get glurec 1") second = answer;
        return words === "get glurec 2" ? second : answer;
      }),
      clock,
    );
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory.filter((_, at) => at !== 2));
    expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(1);
  });

  test("gives up on a meter that gives one record under every number", async () => {
    const clock = new VirtualClock(START_MS);
    const same = "200 glurec 1 0 104 0 2024 5 6 7 31 5\r";
    const heard = await hear(
      bgstar,
      through(meter(clock, 1_000), (answer, words) => (words.startsWith("get glurec") ? same : answer)),
      clock,
    );
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toHaveLength(1);
    expect(heard.tookMs).toBeLessThan(10_000);
  });

  test.each([
    ["says nothing more", "", "METER_STALLED", 0],
    ["breaks off in a record", "200 glurec 1 0 1", "FRAME_TRUNCATED", 1],
  ])("ends on a meter that %s in mid-dump, and keeps what was told", async (_, rest, code, unreadable) => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 30);
    const heard = await hear(
      bgstar,
      through(own, (answer, words) => (words === "get glurec 10" ? rest : answer)),
      clock,
    );
    expect(heard.code).toBe(code);
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory.slice(0, 10));
    expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(unreadable);
    expect(heard.tookMs).toBeLessThan(10_000);
  });

  test("tells failed measurements and impossible dates as unreadable with their bytes, and goes on", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5);
    const failed = "200 glurec 1 0 E3 0 2024 5 6 7 31 5\r";
    const impossible = "200 glurec 1 0 104 0 2024 2 30 7 31 5\r";
    const heard = await hear(
      bgstar,
      through(own, (answer, words) => ({ "get glurec 1": failed, "get glurec 3": impossible })[words] ?? answer),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(3);
    const raws = heard.events.flatMap((event) => (event.type === "unreadable" ? [latin1(event.unreadable.raw)] : []));
    expect(raws).toEqual([failed, impossible]);
  });

  test("tells the records of a meter in mmol/L as unreadable, since their unit is not known", async () => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(
      bgstar,
      through(meter(clock, 3), (answer, words) => (words === "get gluunit" ? "200 gluunit mmol/L\r" : answer)),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings).toEqual([]);
    expect(heard.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
    expect(heard.events.filter(({ type }) => type === "unreadable")).toHaveLength(3);
  });

  test.each([
    ["an impossible count", "get glucount", "200 glucount 60000\r"],
    ["no serial number", "get serial", "404 serial\r"],
    ["no unit", "get gluunit", "404 gluunit\r"],
  ])("ends on a meter that tells %s", async (_, question, answer) => {
    const clock = new VirtualClock(START_MS);
    const heard = await hear(
      bgstar,
      through(meter(clock, 3), (plain, words) => (words === question ? answer : plain)),
      clock,
    );
    expect(heard.code).toBe("FRAME_MALFORMED");
    expect(heard.readings).toEqual([]);
  });

  test("takes lines that end with CR and LF as well", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 5);
    const heard = await hear(
      bgstar,
      through(own, (answer) => `${answer}\n`),
      clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
  });
});

describe("a session with something else", () => {
  test.each([
    ["nothing", "", "METER_TIMEOUT"],
    ["noise without lines", "\xff\x80~", "FRAME_MALFORMED"],
    ["lines of another kind", "[\r\n", "FRAME_MALFORMED"],
    ["a line without end", "x".repeat(9_000), "FRAME_MALFORMED"],
    ["lines without end", "200 serial A1\r".repeat(1_000), "FRAME_MALFORMED"],
  ])("that answers with %s ends in time", async (_, answer, code) => {
    for (const patience of ["full", "probe"] as const) {
      const clock = new VirtualClock(START_MS);
      const heard = await hear(
        bgstar,
        { receive: (_bytes, send) => (answer === "" ? undefined : send(latin1Bytes(answer))) },
        clock,
        { patience },
      );
      expect(heard.code).toBe(code);
      expect(heard.events).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "probe" ? bgstar.probe.withinMs : 7_000);
      expect(heard.written.every((bytes) => latin1(bytes) === "hello\r")).toBe(true);
    }
  });

  test("that chatters on and on is given up within the probe's time", async () => {
    const clock = new VirtualClock(START_MS);
    const chatter = async (send: (bytes: Uint8Array) => void): Promise<void> => {
      for (let told = 0; told < 400; told += 1) {
        send(latin1Bytes("x"));
        await clock.sleep(10);
      }
    };
    const heard = await hear(bgstar, { start: (send) => void chatter(send), receive: () => undefined }, clock, {
      patience: "probe",
    });
    expect(heard.code).toBe("FRAME_MALFORMED");
    // A chunk may be under way when the time is over.
    expect(heard.tookMs).toBeLessThanOrEqual(bgstar.probe.withinMs + 20);
  });

  test.each([sdCodefree, glucomenAreo].map((other) => ({ id: other.id, other })))(
    "$id is not taken for a BGStar by a probe",
    async ({ other }) => {
      const clock = new VirtualClock(START_MS);
      const virtual = other.simulate({ count: 4, seed: 5, clock, zone: "Europe/London" });
      const heard = await hear(bgstar, virtual, clock, { patience: "probe" });
      expect(["METER_TIMEOUT", "FRAME_MALFORMED"]).toContain(heard.code);
      expect(heard.events).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(bgstar.probe.withinMs);
    },
  );

  test("an areo's probe before it leaves a byte in the meter's ear, and the second greeting is heard", async () => {
    const clock = new VirtualClock(START_MS);
    const own = meter(clock, 3);
    await hear(glucomenAreo, own, clock, { patience: "probe" });
    const heard = await hear(bgstar, own, clock, { patience: "probe" });
    expect(heard.reason).toBeNull();
    expect(heard.written.slice(0, 2).map(latin1)).toEqual(["hello\r", "hello\r"]);
    expect(heard.readings.map(inMemoryWords)).toEqual(own.memory);
  });
});

test("there is no word that sets the clock", () => {
  expect(bgstar.setClock).toBeNull();
  expect(bgstar.capabilities.clockSet).toBe("unknown");
});

test("the simulated meter is silent at words that it does not know, and at records that it does not have", async () => {
  const clock = new VirtualClock(START_MS);
  const own = meter(clock, 2);
  let came = "";
  const send = (bytes: Uint8Array): void => {
    came += latin1(bytes);
  };
  for (const words of ["erase\r", "get glurec 2\r", "\xa2hello\r", "get glurec x\r"])
    own.receive(latin1Bytes(words), send);
  await inVirtualTime(clock, async () => await clock.sleep(1_000));
  expect(hex(latin1Bytes(came))).toBe("");
  own.receive(latin1Bytes("hel"), send);
  own.receive(latin1Bytes("lo\r"), send);
  await inVirtualTime(clock, async () => await clock.sleep(1_000));
  expect(came).toBe("200 hello BGST-EU\r");
});
