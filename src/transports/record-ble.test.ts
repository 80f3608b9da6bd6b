import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { hex, unhex } from "../kit/bytes.js";
import { parseTranscript } from "../kit/transcript.js";
import type { BleTransport, GattName, GattNotice } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { type RecordingBle, recordBle } from "./record-ble.js";
import { recordMeter } from "./record-meter.js";
import { replayBle } from "./replay-ble.js";
import { replayMeter } from "./replay-meter.js";
import type { RecordHeaders } from "./transcript-log.js";

const START_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
const headers: RecordHeaders = { driver: "d", transport: "ble", origin: "capture", zone: "Europe/London" };
const RACP: GattName = { service: "1808", characteristic: "2a52" };
const OTHER_RACP: GattName = { service: "181f", characteristic: "2a52" };
const MEASUREMENT: GattName = { service: "1808", characteristic: "2a18" };
const MAKER: GattName = { service: "180a", characteristic: "2a29" };
const GATT = "gatt: 180a(2a29) 1808(2a18 2a52) 181f(2a52)";

/** What the meter does next: gives bytes, takes a write or a subscription, notifies, or rejects. */
type Turn = Uint8Array | GattNotice | Problem | null;

/** A link whose every operation takes the next turn, after that many milliseconds. */
function link(clock: VirtualClock, turns: Turn[], ms = 0): BleTransport {
  const take = async (): Promise<Uint8Array | GattNotice | null> => {
    clock.advance(ms);
    // The other operations get a chance to come in between.
    await Promise.resolve();
    const turn = turns.shift() ?? null;
    if (turn instanceof Problem) throw turn;
    return turn;
  };
  return {
    kind: "ble",
    name: "meter+1 (C0:FF:EE:00:00:01)",
    advertised: "meter+1",
    characteristics: [MAKER, MEASUREMENT, RACP, OTHER_RACP].map((name) => ({ ...name, uses: ["read"] })),
    async subscribe() {
      await take();
    },
    async next() {
      const notice = await take();
      if (notice === null || notice instanceof Uint8Array) throw new Error("no notice is due");
      return notice;
    },
    async readValue() {
      const bytes = await take();
      if (!(bytes instanceof Uint8Array)) throw new Error("no value is due");
      return bytes;
    },
    async write() {
      await take();
    },
    async close() {},
  };
}

function recorded(turns: Turn[], ms = 0): RecordingBle {
  const clock = new VirtualClock(START_MS);
  return recordBle(link(clock, turns, ms), clock, headers);
}

/** The lines of a recording behind its head. */
function lines(recording: RecordingBle): string[] {
  return recording.text().split("\n\n")[1]?.trimEnd().split("\n") ?? [];
}

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe("recordBle", () => {
  test("writes down writes, values and notices with their characteristics, and no subscriptions", async () => {
    const recording = recorded([unhex("52 6f"), null, null, { from: MEASUREMENT, bytes: unhex("0b 01") }], 25);
    await recording.readValue(MAKER);
    await recording.subscribe(MEASUREMENT);
    await recording.write(RACP, unhex("01 01"));
    expect(await recording.next()).toEqual({ from: MEASUREMENT, bytes: unhex("0b 01") });
    expect(lines(recording)).toEqual(["~ 25", "?[2a29] 52 6f", "~ 25", ">[2a52] 01 01", "~ 50", "<[2a18] 0b 01"]);
    expect(recording).toMatchObject({ kind: "ble", name: "meter+1 (C0:FF:EE:00:00:01)", advertised: "meter+1" });
  });

  test("says in the head what the meter has and what it calls itself, unless it is given a name", () => {
    expect(recorded([]).text().split("\n")).toEqual(expect.arrayContaining([GATT, "name: meter+1"]));
    const clock = new VirtualClock(START_MS);
    const others = new Map([["patience", "probe"]]);
    const given = recordBle(link(clock, []), clock, { ...headers, name: "two\nlines", others }).transcript();
    expect(given.headers.name).toBe("two lines");
    expect([...(given.headers.others ?? [])]).toEqual([
      ["patience", "probe"],
      ["gatt", GATT.slice("gatt: ".length)],
    ]);
  });

  test("writes down what was declined, and goes on", async () => {
    const recording = recorded([
      new Problem("GATT_REFUSED", "no", { att: 6 }),
      new Problem("METER_UNPAIRED"),
      new Problem("GATT_REFUSED", "busy", { att: 0x80 }),
      null,
      new Problem("TRANSPORT_GONE"),
    ]);
    await expect(recording.subscribe(MEASUREMENT)).rejects.toEqual(code("GATT_REFUSED"));
    await expect(recording.readValue(MAKER)).rejects.toEqual(code("METER_UNPAIRED"));
    await expect(recording.write(RACP, unhex("01 01"))).rejects.toEqual(code("GATT_REFUSED"));
    await recording.write(RACP, unhex("01 01"));
    await expect(recording.next()).rejects.toEqual(code("TRANSPORT_GONE"));
    expect(lines(recording)).toEqual([
      "! error GATT_REFUSED subscribe [2a18] 0x06",
      "! error METER_UNPAIRED read [2a29]",
      ">[2a52] 01 01",
      "! error GATT_REFUSED write [2a52] 0x80",
      ">[2a52] 01 01",
      "! unplugged",
    ]);
  });

  test("writes nothing of a name that the meter does not have, nor of a wait that was aborted", async () => {
    const absent = { service: "1808", characteristic: "2a34" };
    const cancel = new AbortController();
    const reason = new Problem("METER_TIMEOUT");
    const recording = recorded([
      new Problem("METER_UNSUPPORTED"),
      new Problem("METER_UNSUPPORTED"),
      new Problem("METER_UNSUPPORTED"),
      reason,
    ]);
    await expect(recording.subscribe(absent)).rejects.toEqual(code("METER_UNSUPPORTED"));
    await expect(recording.readValue(absent)).rejects.toEqual(code("METER_UNSUPPORTED"));
    await expect(recording.write(absent, unhex("01"))).rejects.toEqual(code("METER_UNSUPPORTED"));
    const waiting = recording.next(cancel.signal);
    cancel.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(recording.transcript().events).toEqual([]);
  });

  test("has its lines in the order in which things were done when they were asked for at the same time", async () => {
    const recording = recorded([unhex("41"), null, unhex("42")]);
    await Promise.all([
      recording.readValue(MAKER),
      recording.write(RACP, unhex("01 01")),
      recording.readValue(MEASUREMENT),
    ]);
    expect(lines(recording)).toEqual(["?[2a29] 41", ">[2a52] 01 01", "?[2a18] 42"]);
  });

  test("names the service only of the second of two characteristics with one id", async () => {
    const recording = recorded([null, null, null, { from: OTHER_RACP, bytes: unhex("06") }]);
    await recording.subscribe(OTHER_RACP);
    await recording.write(RACP, unhex("01 01"));
    await recording.write(OTHER_RACP, unhex("04 01"));
    await recording.next();
    expect(lines(recording)).toEqual([">[1808/2a52] 01 01", ">[2a52] 04 01", "<[2a52] 06"]);
  });

  test("is what is used for a transport of its kind, and its transcript for a replay", async () => {
    const clock = new VirtualClock(START_MS);
    const recording = recordMeter(link(clock, [unhex("41")]), clock, headers);
    if (recording.kind !== "ble") throw new Error(`it is ${recording.kind}`);
    await recording.readValue(MAKER);
    expect(replayMeter(recording.transcript(), new VirtualClock(START_MS))).toMatchObject({ kind: "ble" });
  });

  test("gives a transcript that plays back as it was, whatever was said", async () => {
    const name = fc.constantFrom(MAKER, MEASUREMENT, RACP, OTHER_RACP);
    const bytes = fc.uint8Array({ maxLength: 24 }).map((some) => Uint8Array.from(some));
    const att = fc.integer({ min: 1, max: 255 });
    const step = fc.record({
      op: fc.constantFrom("read" as const, "write" as const, "subscribe" as const, "next" as const),
      name,
      bytes,
      refused: fc.option(att),
    });
    const all = [MAKER, MEASUREMENT, RACP, OTHER_RACP];
    const order = fc.tuple(fc.shuffledSubarray(all, { minLength: 4 }), fc.array(fc.option(att), { minLength: 4 }));
    const more = fc.array(step, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(order, more, fc.integer({ min: 0, max: 60 }), async ([subscribed, refusals], rest, ms) => {
        // A hub only hears of what it subscribed to; what it subscribed to once is never declined.
        const steps = [
          ...subscribed.map((one, at) => {
            return { op: "subscribe" as const, name: one, bytes: unhex(""), refused: refusals[at] ?? null };
          }),
          ...rest.map((one) => (one.op === "subscribe" ? { ...one, refused: null } : one)),
        ];
        const turns = steps.map(({ op, name: from, bytes: sent, refused }): Turn => {
          if (op === "next") return { from, bytes: sent };
          if (refused !== null) return new Problem("GATT_REFUSED", undefined, { att: refused });
          return op === "read" ? sent : null;
        });
        const recording = recorded(turns, ms);
        const play = async (ble: BleTransport): Promise<string[]> => {
          const heard: string[] = [];
          for (const one of steps) heard.push(await did(ble, one));
          return heard;
        };
        const first = await play(recording);
        const back = replayBle(parseTranscript(recording.text()), new VirtualClock(START_MS));
        expect(await play(back)).toEqual(first);
        back.finish();
      }),
    );
  });
});

/** One step as a hub does it, and what came of it. */
async function did(
  ble: BleTransport,
  step: { op: "read" | "write" | "subscribe" | "next"; name: GattName; bytes: Uint8Array },
): Promise<string> {
  try {
    if (step.op === "read") return hex(await ble.readValue(step.name));
    if (step.op === "next") {
      const { from, bytes } = await ble.next();
      return `${from.service}/${from.characteristic} ${hex(bytes)}`;
    }
    if (step.op === "write") await ble.write(step.name, step.bytes);
    else await ble.subscribe(step.name);
    return "done";
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return `${error.code} ${String(error.context["att"])}`;
  }
}
