import { describe, expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import type { MeterSimulator, SerialDriver, SimulatorOptions } from "../../../src/kit/driver.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { type Answerer, type Heard, hear, inMemoryWords } from "../../../test/helpers/simulated-line.js";
import { freestyleLite } from "../../freestyle-lite/index.js";
import { precisionXtra } from "../../precision-xtra/index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** What one character takes on the line. */
const CHARACTER_MS = 10_000 / 19_200;

const BOTH: { id: string; driver: SerialDriver; dumpWord: string }[] = [
  { id: "freestyle-lite", driver: freestyleLite, dumpWord: "$mem\r\n" },
  { id: "precision-xtra", driver: precisionXtra, dumpWord: "$xmem\r\n" },
];

interface Bench {
  readonly clock: VirtualClock;
  readonly meter: MeterSimulator;
}

function bench(driver: SerialDriver, count: number, more: Partial<SimulatorOptions> = {}): Bench {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count, seed: 7, clock, zone: "Europe/London", ...more }) };
}

/** Answers as the meter would, each memory changed on the way; `change` is told which one it is, from 1. */
function through({ meter }: Bench, dumpWord: string, change: (text: string, dump: number) => string): Answerer {
  let dumps = 0;
  return {
    receive(bytes, send) {
      if (latin1(bytes) !== dumpWord) {
        meter.receive(bytes, send);
        return;
      }
      dumps += 1;
      const dump = dumps;
      let text = "";
      meter.receive(bytes, (chunk) => {
        text += latin1(chunk);
        const changed = /END\r\n$/.test(text) ? change(text, dump) : "";
        if (changed !== "") send(latin1Bytes(changed));
      });
    },
  };
}

const turned = (text: string, place: number): string =>
  `${text.slice(0, place)}${String.fromCharCode(text.charCodeAt(place) ^ 2)}${text.slice(place + 1)}`;

function unreadable(heard: Heard): { code: string; raw: string }[] {
  return heard.events.flatMap((event) =>
    event.type === "unreadable" ? [{ code: event.unreadable.code, raw: latin1(event.unreadable.raw) }] : [],
  );
}

/** A memory's text made anew, with its sum. */
function resummed(text: string): string {
  const body = text.replace(/0x[0-9A-F]{4} {2}END\r\n$/, "");
  let sum = 0;
  for (const character of body.slice(body.indexOf("\r\n"))) sum += character.charCodeAt(0);
  return `${body}0x${(sum % 65_536).toString(16).toUpperCase().padStart(4, "0")}  END\r\n`;
}

describe.each(BOTH)("$id", ({ driver, dumpWord }) => {
  test.each([0, 1, 50, 999])("tells all of its %i readings as they stand in memory", async (count) => {
    const { clock, meter } = bench(driver, count);
    const heard = await hear(driver, meter, clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
    expect(heard.readings).toHaveLength(count);
    const [identity, time, expected] = heard.events;
    expect(identity).toMatchObject({ type: "identity", identity: { manufacturer: "Abbott", serial: meter.serial } });
    expect(time).toMatchObject({ type: "clock", deviceTime: expect.stringMatching(/^2024-05-06T08:08:/) });
    expect(expected).toEqual({ type: "expect", count });
  });

  test("takes no more than a tenth longer over a full memory than the line does", async () => {
    const one = bench(driver, 999);
    let bytes = 0;
    const counting: Answerer = {
      receive(sent, send) {
        bytes += sent.length;
        one.meter.receive(sent, (chunk) => {
          bytes += chunk.length;
          send(chunk);
        });
      },
    };
    const heard = await hear(driver, counting, one.clock);
    expect(heard.reason).toBeNull();
    expect(bytes).toBeGreaterThan(30_000);
    expect(heard.tookMs).toBeLessThanOrEqual(bytes * CHARACTER_MS * 1.1);
  });

  test("asks again for a memory that came damaged, wherever it was, and loses nothing", async () => {
    let ran = 0;
    for (let place = 0; place < 330; place += 3) {
      const one = bench(driver, 8);
      const heard = await hear(
        driver,
        through(one, dumpWord, (text, dump) => (dump === 1 ? turned(text, place % (text.length - 2)) : text)),
        one.clock,
      );
      expect(heard.reason, `byte ${place}`).toBeNull();
      expect(heard.readings.map(inMemoryWords), `byte ${place}`).toEqual(one.meter.memory);
      expect(unreadable(heard)).toEqual([]);
      expect(heard.written.filter((bytes) => latin1(bytes) === dumpWord)).toHaveLength(2);
      ran += 1;
    }
    expect(ran).toBe(110);
  });

  test("tells no reading of a memory that comes damaged three times, and keeps it in one piece", async () => {
    const one = bench(driver, 8);
    const sent: string[] = [];
    const heard = await hear(
      driver,
      through(one, dumpWord, (text) => {
        sent.push(turned(text, 120));
        return turned(text, 120);
      }),
      one.clock,
    );
    expect(heard.code).toBe("FRAME_CHECKSUM");
    expect(heard.events).toHaveLength(1);
    expect(unreadable(heard)).toEqual([{ code: "FRAME_CHECKSUM", raw: sent[0] }]);
    expect(sent).toHaveLength(3);
  });

  test("tells no reading of a memory that stops in the middle, and keeps what came in one piece", async () => {
    const one = bench(driver, 50);
    let left = 900;
    const heard = await hear(
      driver,
      {
        receive: (bytes, send) =>
          one.meter.receive(bytes, (chunk) => {
            const some = chunk.subarray(0, left);
            left -= some.length;
            if (some.length > 0) send(some);
          }),
      },
      one.clock,
    );
    expect(heard.code).toBe("FRAME_TRUNCATED");
    expect(heard.readings).toEqual([]);
    expect(unreadable(heard).map(({ code }) => code)).toEqual(["FRAME_TRUNCATED"]);
    expect(unreadable(heard)[0]?.raw).toContain(one.meter.serial ?? "none");
    expect(heard.tookMs).toBeLessThan(60_000);
  });

  test("goes on to the whole memory behind a part of it that was left over", async () => {
    const one = bench(driver, 5);
    const heard = await hear(
      driver,
      through(one, dumpWord, (text) => text.slice(0, 150) + text),
      one.clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(one.meter.memory);
  });

  test("takes a memory that comes twice for one", async () => {
    const one = bench(driver, 5);
    const heard = await hear(
      driver,
      through(one, dumpWord, (text) => text + text),
      one.clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings).toHaveLength(5);
  });

  test("takes a memory between STX and ETX, behind noise, for what it is", async () => {
    for (const noise of ["\x02", "\x03\x03\x02", "\xff\x00\x80\r", "$x\r\n"]) {
      const one = bench(driver, 5);
      const heard = await hear(
        driver,
        through(one, dumpWord, (text) => `${noise}${text}\x03`),
        one.clock,
      );
      expect(heard.reason).toBeNull();
      expect(heard.readings.map(inMemoryWords)).toEqual(one.meter.memory);
      expect(heard.written.filter((bytes) => latin1(bytes) === dumpWord)).toHaveLength(1);
    }
  });

  test("believes a memory without its last line end when it comes so again", async () => {
    const one = bench(driver, 5);
    const heard = await hear(
      driver,
      through(one, dumpWord, (text) => text.slice(0, -2)),
      one.clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(one.meter.memory);
    expect(heard.written.filter((bytes) => latin1(bytes) === dumpWord)).toHaveLength(2);
  });

  test("tells each of two equal records, and records out of order in the order in which they come", async () => {
    const one = bench(driver, 5);
    const heard = await hear(
      driver,
      through(one, dumpWord, (text) => {
        const lines = text.match(/[^\n]*\n/g) ?? [];
        const records = lines.filter((line) => / 0x0[01]\r\n$/.test(line));
        const mixed = [records[3], records[0], records[0], records[4], records[1]].join("");
        return resummed(text.replace(records.join(""), mixed));
      }),
      one.clock,
    );
    expect(heard.reason).toBeNull();
    const { memory } = one.meter;
    expect(heard.readings.map(inMemoryWords)).toEqual([memory[3], memory[0], memory[0], memory[4], memory[1]]);
  });

  test("tells no reading where the number announced is not the number sent", async () => {
    for (const count of ["004", "006", "999", "000"]) {
      const one = bench(driver, 5);
      const heard = await hear(
        driver,
        through(one, dumpWord, (text) => resummed(text.replace("\r\n005\r\n", `\r\n${count}\r\n`))),
        one.clock,
      );
      expect(heard.code).toBe("FRAME_MALFORMED");
      expect(heard.readings).toEqual([]);
      expect(unreadable(heard)).toHaveLength(1);
    }
  });

  test("tells a record that can't be as unreadable in its place, and all others", async () => {
    const one = bench(driver, 5);
    const heard = await hear(
      driver,
      through(one, dumpWord, (text) => {
        const third = (text.match(/[^\n]*\n/g) ?? []).filter((line) => / 0x0[01]\r\n$/.test(line))[2] ?? "";
        return resummed(text.replace(third, third.replace(/ \d\d 2024/, " 32 2024")));
      }),
      one.clock,
    );
    expect(heard.reason).toBeNull();
    const { memory } = one.meter;
    expect(heard.readings.map(inMemoryWords)).toEqual([memory[0], memory[1], memory[3], memory[4]]);
    expect(unreadable(heard)).toEqual([{ code: "FRAME_MALFORMED", raw: expect.stringContaining(" 32 2024") }]);
    expect(heard.events.map(({ type }) => type).slice(3)).toEqual([
      "readings",
      "readings",
      "unreadable",
      "readings",
      "readings",
    ]);
  });

  test("reads a meter that declines twice, and gives up on one that always does", async () => {
    const twice = bench(driver, 5, { declines: 2 });
    const heard = await hear(driver, twice.meter, twice.clock);
    expect(heard.reason).toBeNull();
    expect(heard.readings.map(inMemoryWords)).toEqual(twice.meter.memory);
    const always = bench(driver, 5, { declines: 100 });
    const refused = await hear(driver, always.meter, always.clock);
    expect([refused.code, refused.events.length]).toEqual(["METER_REFUSED", 0]);
  });

  test("says only words that read, whatever happens", async () => {
    const written = new Set<string>();
    for (const change of [(text: string) => text, () => "", () => "?", (text: string) => turned(text, 80)]) {
      const one = bench(driver, 5, { declines: 1 });
      const heard = await hear(driver, through(one, dumpWord, change), one.clock);
      for (const word of heard.written) written.add(latin1(word));
    }
    const words = driver === precisionXtra ? ["$colq\r\n", dumpWord] : [dumpWord];
    expect([...written].sort()).toEqual(words);
  });

  test("stops when it is told to, in the middle of the memory", async () => {
    const one = bench(driver, 50);
    const heard = await hear(driver, one.meter, one.clock, { stop: (event) => event.type === "readings" });
    expect(heard.code).toBe("TRANSPORT_CANCELED");
    expect(heard.readings.length).toBeGreaterThanOrEqual(1);
  });
});
