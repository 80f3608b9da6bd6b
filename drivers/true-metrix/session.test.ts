import { describe, expect, test } from "vitest";
import { concat, latin1 } from "../../src/kit/bytes.js";
import type { HidSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type HidAnswerer, hearHid, hidTo } from "../../test/helpers/simulated-hid.js";
import { type Heard, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { trueMetrix } from "./index.js";
import { framed, memoryOf, RESULTS, reportsOf, STAMPS, scriptedMeter, sumOf } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Twice off, awake and three questions, two seconds each. */
const PATIENCE_MS = 21_000;
/** Switching off and waking up end after two seconds of silence each. */
const WAKING_MS = 4_000;

function meter(clock: VirtualClock, more: Partial<SimulatorOptions> = {}): HidSimulator {
  return trueMetrix.simulate({ count: 20, seed: 3, clock, zone: "Europe/London", ...more });
}

async function hearScript(...script: Parameters<typeof scriptedMeter>): Promise<Heard> {
  return await hearHid(trueMetrix, scriptedMeter(...script), new VirtualClock(START_MS));
}

const stamps = ({ readings }: Heard): readonly (string | null)[] => readings.map(({ deviceTime }) => deviceTime);

function unreadable({ events }: Heard): readonly { code: string; raw: string }[] {
  return events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, raw: latin1(event.unreadable.raw) }] : [],
  );
}

/** The words that the hub said. */
function said({ written }: Heard): readonly string[] {
  return written.map((report) => latin1(report.slice(3)));
}

/** An answerer whose reports are changed on the way, with a number each from 0; none for silence. */
function through(own: HidAnswerer, change: (report: Uint8Array, number: number) => readonly Uint8Array[]): HidAnswerer {
  let number = 0;
  return {
    reportBytes: 64,
    receive: (report, send) =>
      own.receive(report, (answer) => {
        for (const piece of change(answer, number)) send(piece);
        number += 1;
      }),
  };
}

describe("a session with the simulated meter", () => {
  test.each([0, 1, 50, 1_000])("tells all of its %i results as they stand in memory, on each model", async (count) => {
    const names: unknown[] = [];
    for (const seed of [3, 4, 5]) {
      const clock = new VirtualClock(START_MS);
      const simulator = meter(clock, { count, seed });
      const heard = await hearHid(trueMetrix, simulator, clock);
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
      expect(heard.readings).toHaveLength(count);
      const [identity, time, ...rest] = heard.events;
      expect(identity).toMatchObject({
        type: "identity",
        identity: { manufacturer: "Trividia", serial: simulator.serial, firmware: "1.07", displayUnit: null },
        source: "meter",
      });
      names.push(identity?.type === "identity" ? identity.identity.model : null);
      expect(time).toMatchObject({ type: "clock", deviceTime: expect.stringMatching(/^2024-05-06T08:08:1\d$/) });
      expect(rest.every(({ type }) => type === "readings")).toBe(true);
      expect(new Set(said(heard))).toEqual(new Set(["(_)B0", "(^)AF", "(I)9A", "(Z1)DC", "(V)A7", "(T)A5", "(G)98"]));
    }
    expect(names).toEqual(["True Metrix", "True Metrix Go", "True Metrix Air"]);
  });

  test("of 900 results, 90 days of ten tests, is told in under a second beyond the transfer and the waking", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { count: 900 });
    let reports = 0;
    const counted = through(simulator, (report) => {
      reports += 1;
      return [report];
    });
    const heard = await hearHid(trueMetrix, counted, clock);
    expect(heard.readings).toHaveLength(900);
    expect(heard.tookMs).toBeLessThanOrEqual(reports * 5 + WAKING_MS + 1_000);
    // What the driver holds beyond the readings is the dump: its frames of 18 bytes.
    expect(reports * 64).toBeLessThan(1_000_000);
  });

  test("reads it whole although it declines twice", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { declines: 2 });
    const heard = await hearHid(trueMetrix, simulator, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
  });

  test("reads a meter that a session was broken off with before", async () => {
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock, { count: 200 });
    const first = await hearHid(trueMetrix, simulator, clock, { stop: ({ type }) => type === "clock" });
    expect(first.code).toBe("TRANSPORT_CANCELED");
    const second = await hearHid(trueMetrix, simulator, clock);
    expect(second.reason).toBeNull();
    expect(second.readings.map(inMemoryWords)).toEqual(simulator.memory);
  });

  test("tells nothing of the memory before its sum has proven it", async () => {
    let whole = false;
    const own = through(scriptedMeter(), (report) => {
      whole ||= latin1(report).includes("(x5");
      return [report];
    });
    const heard = await hearHid(trueMetrix, own, new VirtualClock(START_MS), {
      stop: ({ type }) => {
        if (type === "readings") expect(whole).toBe(true);
        return false;
      },
    });
    expect(heard.readings).toHaveLength(3);
  });
});

describe("a memory", () => {
  test("of two equal results keeps both: only who it is may come twice (answers de-duplicated, results not)", async () => {
    const results = [RESULTS[0], RESULTS[0], RESULTS[1]];
    const heard = await hearScript((answer, word) => (word === "G" ? answer : answer.repeat(2)), memoryOf(results));
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([STAMPS[0], STAMPS[0], STAMPS[1]]);
    expect(heard.events.filter(({ type }) => type === "identity")).toHaveLength(1);
  });

  test("whose frames come twice on the way has each once, as its sum proves", async () => {
    const twice = RESULTS.map((digits) => framed(`g5${digits}`).repeat(2)).join("") + sumOf(RESULTS);
    const heard = await hearScript(undefined, twice);
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual(STAMPS);
    const again = await hearScript(undefined, memoryOf(RESULTS).repeat(2));
    expect(stamps(again)).toEqual(STAMPS);
  });

  test("with a result that is not understood tells that as unreadable, and all around it", async () => {
    const results = [RESULTS[0], "FFFFFFFFFFFF", RESULTS[2]];
    const heard = await hearScript(undefined, memoryOf(results));
    expect(heard.reason).toBeNull();
    expect(stamps(heard)).toEqual([STAMPS[0], STAMPS[2]]);
    expect(unreadable(heard)).toEqual([{ code: "FRAME_MALFORMED", raw: framed("g5FFFFFFFFFFFF") }]);
  });

  test("with a record of a type that nobody has seen tells it as unreadable, whether the sum counts it or not", async () => {
    const strange = framed("g7ABCDEF012345");
    for (const counted of [[], ["ABCDEF012345"]]) {
      const memory =
        framed(`g5${RESULTS[0]}`) + strange + framed(`g5${RESULTS[1]}`) + sumOf([RESULTS[0], ...counted, RESULTS[1]]);
      const heard = await hearScript(undefined, memory);
      expect(heard.reason).toBeNull();
      expect(stamps(heard)).toEqual([STAMPS[0], STAMPS[1]]);
      expect(unreadable(heard)).toEqual([{ code: "FRAME_MALFORMED", raw: strange }]);
    }
  });

  test("that arrives damaged once, in its frames, its sum or its reports, is asked for again and told whole", async () => {
    const damages: readonly ((memory: string) => string)[] = [
      (memory) => memory.replace("52702DB06800", "52702DB06900"),
      (memory) => memory.replace(framed(`g5${RESULTS[1]}`), ""),
      (memory) => memory.replace("(x5", "(x6"),
      (memory) => memory.slice(0, -2),
      (memory) => memory.slice(0, 30),
      (memory) => memory.slice(25),
      () => "",
    ];
    for (const [number, damage] of damages.entries()) {
      const heard = await hearScript((answer, word, times) => (word === "G" && times === 0 ? damage(answer) : answer));
      expect(heard.reason, `damage ${number}`).toBeNull();
      expect(stamps(heard)).toEqual(STAMPS);
      expect(unreadable(heard)).toEqual([]);
      const asked = said(heard).filter((word) => word === "(G)98");
      // The sum's first character has no meaning; a lost frame sum and all is noticed by the sum that is missing.
      expect(asked.length, `damage ${number}`).toBe(2);
    }
    expect(damages).toHaveLength(7);
  });

  test("whose sum never fits tells no reading, keeps what came for inspection, and ends with that", async () => {
    const heard = await hearScript((answer, word) =>
      word === "G" ? answer.replace(framed(`g5${RESULTS[1]}`), "") : answer,
    );
    expect(heard.readings).toEqual([]);
    expect(unreadable(heard)).toEqual([
      { code: "FRAME_CHECKSUM", raw: framed(`g5${RESULTS[0]}`) + framed(`g5${RESULTS[2]}`) },
    ]);
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(said(heard).filter((word) => word === "(G)98")).toHaveLength(3);
  });

  test("that never ends is given up", { timeout: 60_000 }, async () => {
    const heard = await hearScript(undefined, framed(`g5${RESULTS[0]}`).repeat(3_500));
    expect(heard.readings).toEqual([]);
    expect(heard.code).toBe("METER_STALLED");
    const endless = await hearScript(undefined, "(a)89".repeat(6_000));
    expect(endless.code).toBe("FRAME_MALFORMED");
  });

  test("is told right or not at all with any bit of any report turned over", { timeout: 60_000 }, async () => {
    let [ran, told] = [0, 0];
    for (let number = 0; number < 6; number += 1) {
      for (let place = 0; place < 64; place += 1) {
        const turned = through(scriptedMeter(), (report, at) => [
          at === number ? report.map((byte, index) => (index === place ? byte ^ (1 << (place % 8)) : byte)) : report,
        ]);
        const heard = await hearHid(trueMetrix, turned, new VirtualClock(START_MS));
        expect(heard.reason, `report ${number}, byte ${place}`).toBeNull();
        expect(stamps(heard), `report ${number}, byte ${place}`).toEqual(STAMPS);
        expect(heard.readings.map(({ value }) => value)).toEqual([104, 93, 121]);
        expect(heard.events[0]).toMatchObject({ type: "identity", identity: { serial: "TM4410359" } });
        told += heard.readings.length;
        ran += 1;
      }
    }
    expect([ran, told]).toEqual([384, 384 * 3]);
  });

  test("survives any report lost or doubled", async () => {
    let ran = 0;
    for (let number = 0; number < 6; number += 1) {
      for (const copies of [0, 2]) {
        const faulty = through(scriptedMeter(), (report, at) =>
          at === number ? new Array<Uint8Array>(copies).fill(report) : [report],
        );
        const heard = await hearHid(trueMetrix, faulty, new VirtualClock(START_MS));
        expect(stamps(heard), `report ${number}, ${copies} times`).toEqual(STAMPS);
        ran += 1;
      }
    }
    expect(ran).toBe(12);
  });
});

describe("a meter that says less", () => {
  test("without firmware is read all the same", async () => {
    const heard = await hearScript((answer, word) => (word === "V" ? "" : answer));
    expect(heard.reason).toBeNull();
    expect(heard.events[0]).toMatchObject({ identity: { firmware: null, model: "True Metrix Air" } });
    expect(stamps(heard)).toEqual(STAMPS);
  });

  test("with a clock that shows no time, or that it does not tell, has none", async () => {
    const lost = await hearScript((answer, word) => (word === "T" ? framed("t000000000000") : answer));
    expect(lost.events.slice(1, 3)).toMatchObject([
      { type: "unreadable", unreadable: { code: "FRAME_MALFORMED" } },
      { type: "clock", deviceTime: null },
    ]);
    const silent = await hearScript((answer, word) => (word === "T" ? "" : answer));
    expect(silent.events[1]).toEqual({ type: "clock", deviceTime: null });
    expect([stamps(lost), stamps(silent)]).toEqual([STAMPS, STAMPS]);
  });

  test("of who it is is not read: nobody would know whose readings they are", async () => {
    const heard = await hearScript((answer, word) => (word === "Z1" ? "" : answer));
    expect(heard.events).toEqual([]);
    expect(heard.code).toBe("METER_STALLED");
  });

  test("and that is of another model is read under its code", async () => {
    const heard = await hearScript((answer, word) => (word === "I" ? framed("iPR7") : answer));
    expect(heard.events[0]).toMatchObject({ identity: { model: "True Metrix PR7" } });
    expect(stamps(heard)).toEqual(STAMPS);
  });

  test("after any report keeps to the truth, and ends within a bound", async () => {
    for (let reports = 0; reports < 5; reports += 1) {
      const dying = through(scriptedMeter(), (report, number) => (number < reports ? [report] : []));
      const heard = await hearHid(trueMetrix, dying, new VirtualClock(START_MS));
      expect(heard.readings).toEqual([]);
      expect(heard.code).toBe(reports === 0 ? "METER_TIMEOUT" : "METER_STALLED");
      expect(heard.tookMs).toBeLessThanOrEqual(2 * PATIENCE_MS);
    }
  });

  test("is gone when it is unplugged at any report", async () => {
    for (let pulled = 0; pulled < 5; pulled += 1) {
      const own = scriptedMeter();
      let exchanged = 0;
      const transport = hidTo({
        reportBytes: 64,
        receive: (report, send) =>
          own.receive(report, (answer) => {
            if (exchanged < pulled) send(answer);
            else transport.unplug();
            exchanged += 1;
          }),
      });
      const heard = await hearHid(trueMetrix, own, new VirtualClock(START_MS), { transport });
      expect(heard.code, `report ${pulled}`).toBe("TRANSPORT_GONE");
      expect(heard.readings).toEqual([]);
    }
  });
});

describe("a device that is something else", () => {
  test("or an empty cradle ends as no meter", async () => {
    const heard = await hearHid(trueMetrix, { receive: () => undefined }, new VirtualClock(START_MS));
    expect(heard.code).toBe("METER_TIMEOUT");
    expect(String(heard.reason)).toMatch(/cradle/);
    expect(heard.tookMs).toBeLessThanOrEqual(PATIENCE_MS);
    expect(said(heard)).toEqual([
      "(_)B0",
      "(^)AF",
      "(I)9A",
      "(I)9A",
      "(I)9A",
      "(_)B0",
      "(^)AF",
      "(I)9A",
      "(I)9A",
      "(I)9A",
    ]);
  });

  test.each([
    ["text", "OK\r\n"],
    ["an open parenthesis", "("],
    ["frames of another kind", framed("hello")],
    ["frames with a wrong sum", "(iBLU)00"],
  ])("and answers with %s is given up", async (_, reply) => {
    const babbler: HidAnswerer = {
      reportBytes: 64,
      receive: (_report, send) => {
        for (const report of reportsOf(reply)) send(report);
      },
    };
    for (const patience of ["full", "probe"] as const) {
      const heard = await hearHid(trueMetrix, babbler, new VirtualClock(START_MS), { patience });
      expect(heard.code).toMatch(
        patience === "full" ? /^FRAME_|^METER_STALLED$/ : /^(?:METER_TIMEOUT|FRAME_MALFORMED)$/,
      );
      expect(heard.events).toEqual([]);
      expect(heard.tookMs).toBeLessThanOrEqual(patience === "full" ? 2 * PATIENCE_MS : trueMetrix.probe.withinMs);
    }
  });

  test.each(["full", "probe"] as const)("and never stops talking is given up (%s)", async (patience) => {
    const clock = new VirtualClock(START_MS);
    const chatter: HidAnswerer = {
      reportBytes: 64,
      start(send) {
        const talk = async (): Promise<void> => {
          for (;;) {
            await clock.sleep(100);
            for (const report of reportsOf(framed("hm"))) send(report);
          }
        };
        void talk();
      },
      receive: () => undefined,
    };
    const heard = await hearHid(trueMetrix, chatter, clock, { patience });
    expect(heard.code).toMatch(patience === "full" ? /^FRAME_MALFORMED$/ : /^(?:METER_TIMEOUT|FRAME_MALFORMED)$/);
    expect(heard.events).toEqual([]);
    expect(heard.tookMs).toBeLessThanOrEqual(patience === "full" ? 60_000 : trueMetrix.probe.withinMs);
  });

  test("is probed in time, and the meter is found by a probe and read whole", async () => {
    const silent = await hearHid(trueMetrix, { receive: () => undefined }, new VirtualClock(START_MS), {
      patience: "probe",
    });
    expect(silent.code).toBe("METER_TIMEOUT");
    expect(silent.tookMs).toBeLessThanOrEqual(trueMetrix.probe.withinMs);
    const clock = new VirtualClock(START_MS);
    const simulator = meter(clock);
    const heard = await hearHid(trueMetrix, simulator, clock, { patience: "probe" });
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(simulator.memory);
  });
});

test("the reports of a scripted meter are those that the tests above count", () => {
  const own = scriptedMeter();
  const reports: Uint8Array[] = [];
  for (const word of ["(I)9A", "(Z1)DC", "(V)A7", "(T)A5", "(G)98"]) {
    const bytes = Uint8Array.from(word, (character) => character.charCodeAt(0));
    own.receive(concat([Uint8Array.of(0, 0xa0, word.length), bytes]), (report) => reports.push(report));
  }
  expect(reports).toHaveLength(6);
});
