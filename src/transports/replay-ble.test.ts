import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { hex, unhex } from "../kit/bytes.js";
import { within } from "../kit/exchange.js";
import { parseTranscript } from "../kit/transcript.js";
import type { GattName, GattNotice } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { type ReplayBle, replayBle } from "./replay-ble.js";

const START_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
const never = new AbortController().signal;
const RACP: GattName = { service: "1808", characteristic: "2a52" };
const MEASUREMENT: GattName = { service: "1808", characteristic: "2a18" };
const MAKER: GattName = { service: "180a", characteristic: "2a29" };
const CGM_RACP: GattName = { service: "181f", characteristic: "2a52" };
const GATT = "gatt: 180a(2a29) 1808(2a18 2a52) 181f(2a52)";

function play(body: string, head = "", transport = "ble"): { clock: VirtualClock; ble: ReplayBle } {
  const clock = new VirtualClock(START_MS);
  const lines = ["driver: d", `transport: ${transport}`, "origin: simulated", "now: 2024-05-06T07:08:09Z", "zone: UTC"];
  const text = ["glucohub transcript 1", ...lines, ...(head === "" ? [] : [head]), "", body].join("\n");
  return { clock, ble: replayBle(parseTranscript(text), clock) };
}

function timed<T>(clock: VirtualClock, ms: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return within(clock, ms, never, () => new Problem("METER_TIMEOUT"), act);
}

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const words = ({ from, bytes }: GattNotice): string => `${from.service}/${from.characteristic} ${hex(bytes)}`.trimEnd();

/** The first difference of a replay, as `finish` throws it. */
function difference(ble: ReplayBle): Problem {
  try {
    ble.finish();
  } catch (error) {
    if (error instanceof Problem) return error;
  }
  throw new Error("no difference");
}

describe("replayBle", () => {
  test("plays reads, writes and notices line by line, whatever is subscribed to besides", async () => {
    const { ble } = play("?[2a29] 52 6f\n>[2a52] 01 01\n<[2a18] 0b 01\n<[2a18]\n<[2a52] 06 00 01 01\n");
    expect(hex(await ble.readValue(MAKER))).toBe("52 6f");
    await ble.subscribe(MEASUREMENT);
    await ble.subscribe(MEASUREMENT);
    await ble.subscribe(RACP);
    await ble.write(RACP, unhex("01 01"));
    expect([words(await ble.next()), words(await ble.next()), words(await ble.next())]).toEqual([
      "1808/2a18 0b 01",
      "1808/2a18",
      "1808/2a52 06 00 01 01",
    ]);
    ble.finish();
    expect(ble).toMatchObject({ kind: "ble", name: "replay:d", advertised: null });
  });

  test("has what the head lists, and the name that the meter gives itself", async () => {
    const { ble } = play("", `${GATT}\nname: meter+00123456`);
    expect(ble.characteristics.map(({ service, characteristic }) => `${service}/${characteristic}`)).toEqual([
      "180a/2a29",
      "1808/2a18",
      "1808/2a52",
      "181f/2a52",
    ]);
    expect(ble.characteristics.every(({ uses }) => uses.includes("read") && uses.includes("indicate"))).toBe(true);
    expect(ble.advertised).toBe("meter+00123456");
    const absent = { service: "1808", characteristic: "2a34" };
    await expect(ble.subscribe(absent)).rejects.toEqual(code("METER_UNSUPPORTED"));
    await expect(ble.readValue({ ...MAKER, service: "1808" })).rejects.toEqual(code("METER_UNSUPPORTED"));
    await expect(ble.write(absent, unhex("00"))).rejects.toEqual(code("METER_UNSUPPORTED"));
    ble.finish();
  });

  test("has without a list what its lines mention, in any service that it is asked for", async () => {
    const { ble } = play("<[2a18] 01\n>[2a52] 01 01\n! error GATT_REFUSED read [2a51] 0x02\n");
    expect(ble.characteristics.map(({ service, characteristic }) => `${service}/${characteristic}`)).toEqual([
      "/2a18",
      "/2a52",
      "/2a51",
    ]);
    await ble.subscribe({ service: "ffff", characteristic: "2a18" });
    expect(words(await ble.next())).toBe("ffff/2a18 01");
    await expect(ble.readValue(MAKER)).rejects.toEqual(code("METER_UNSUPPORTED"));
  });

  test("tells two characteristics of one id apart: the one that is used later has its service in front", async () => {
    const { ble } = play(">[2a52] 04 01\n>[1808/2a52] 01 01\n<[1808/2a52] 06 00 01 01\n<[2a52] 05 00 00 00\n", GATT);
    await ble.subscribe(CGM_RACP);
    await ble.subscribe(RACP);
    await ble.write(CGM_RACP, unhex("04 01"));
    await ble.write(RACP, unhex("01 01"));
    expect([words(await ble.next()), words(await ble.next())]).toEqual([
      "1808/2a52 06 00 01 01",
      "181f/2a52 05 00 00 00",
    ]);
    ble.finish();
  });

  test("lets silence pass on the virtual clock, before notices, values and refusals", async () => {
    const { clock, ble } = play(
      ">[2a52] 01 01\n~ 3000\n<[2a18] 0a\n~ 400\n?[2a29] 41\n~ 9000\n>[2a52] 01 01\n~ 500\n! error GATT_REFUSED write [2a52] 0x80\n",
    );
    await ble.write(RACP, unhex("01 01"));
    await expect(timed(clock, 1000, (signal) => ble.next(signal))).rejects.toEqual(code("METER_TIMEOUT"));
    expect(hex((await timed(clock, 3000, (signal) => ble.next(signal))).bytes)).toBe("0a");
    expect(clock.now()).toBe(START_MS + 3000);
    await expect(timed(clock, 100, (signal) => ble.readValue(MAKER, signal))).rejects.toEqual(code("METER_TIMEOUT"));
    expect(hex(await ble.readValue(MAKER))).toBe("41");
    expect(clock.now()).toBe(START_MS + 3400);
    await expect(ble.write(RACP, unhex("01 01"))).rejects.toEqual(code("GATT_REFUSED"));
    expect(clock.now()).toBe(START_MS + 12_900);
    ble.finish();
  });

  test("declines what the meter declined, with its code, and goes on", async () => {
    const { ble } = play(
      [
        "! error GATT_REFUSED subscribe [2a18] 0x06",
        "! error GATT_REFUSED read [2a29]",
        ">[2a52] 01 01",
        "<[2a18] 0b",
        "! error GATT_REFUSED write [2a52] 0x80",
        "! error METER_UNPAIRED read [2a29] 0x05",
        "?[2a29] 41",
        "",
      ].join("\n"),
      GATT,
    );
    await ble.subscribe(RACP);
    await expect(ble.subscribe(MEASUREMENT)).rejects.toMatchObject({ code: "GATT_REFUSED", context: { att: 6 } });
    await expect(ble.readValue(MAKER)).rejects.toMatchObject({ code: "GATT_REFUSED", context: {} });
    await ble.subscribe(MEASUREMENT);
    // A notice came between the write and its refusal.
    await expect(ble.write(RACP, unhex("01 01"))).rejects.toMatchObject({
      code: "GATT_REFUSED",
      context: { att: 0x80 },
    });
    expect(words(await ble.next())).toBe("1808/2a18 0b");
    await expect(ble.readValue(MAKER)).rejects.toMatchObject({ code: "METER_UNPAIRED", context: { att: 5 } });
    expect(hex(await ble.readValue(MAKER))).toBe("41");
    ble.finish();
  });

  test("does what is asked for at the same time in the order in which it was asked for", async () => {
    const { ble } = play("?[2a29] 41\n>[2a52] 01 01\n?[2a29] 42\n");
    const [first, , second] = await Promise.all([
      ble.readValue(MAKER),
      ble.write(RACP, unhex("01 01")),
      ble.readValue(MAKER),
    ]);
    expect([hex(first), hex(second)]).toEqual(["41", "42"]);
    ble.finish();
  });

  test("rejects with TRANSPORT_GONE when the link is lost, after what had come", async () => {
    const { ble } = play(">[2a52] 01 01\n<[2a18] 0b\n! unplugged\n");
    await ble.write(RACP, unhex("01 01"));
    expect(words(await ble.next())).toBe("/2a18 0b");
    await expect(ble.next()).rejects.toEqual(code("TRANSPORT_GONE"));
    await expect(ble.readValue({ service: "1808", characteristic: "2a18" })).rejects.toEqual(code("TRANSPORT_GONE"));
    await expect(ble.subscribe(RACP)).rejects.toEqual(code("TRANSPORT_GONE"));
    ble.finish();
    const lost = play("! error le-connection-abort-by-local\n").ble;
    await expect(lost.next()).rejects.toMatchObject({
      code: "TRANSPORT_GONE",
      context: { error: "le-connection-abort-by-local" },
    });
  });

  test("loses nothing when a wait is aborted, and cancels what is pending when it is closed", async () => {
    const { clock, ble } = play(">[2a52] 01 01\n~ 2000\n<[2a18] 0b\n~ 60000\n<[2a18] 0c\n");
    await ble.write(RACP, unhex("01 01"));
    await expect(timed(clock, 500, (signal) => ble.next(signal))).rejects.toEqual(code("METER_TIMEOUT"));
    expect(hex((await ble.next()).bytes)).toBe("0b");
    const pending = ble.next();
    await ble.close();
    await ble.close();
    await expect(pending).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await expect(ble.write(RACP, unhex("01 01"))).rejects.toEqual(code("TRANSPORT_CANCELED"));
  });

  test.each<{ name: string; body: string; act: (ble: ReplayBle) => Promise<unknown>; says: RegExp }>([
    {
      name: "other bytes are written",
      body: ">[2a52] 01 01\n",
      act: (ble) => ble.write(RACP, unhex("01 06")),
      says: /expected >\[2a52\] 01 01, got >\[2a52\] 01 06/,
    },
    {
      name: "something else is written to",
      body: ">[2a52] 01 01\n<[2a18] 0b\n",
      act: (ble) => ble.write(MEASUREMENT, unhex("01 01")),
      says: /expected >\[2a52\] 01 01, got >\[2a18\] 01 01/,
    },
    {
      name: "another value is read",
      body: "?[2a29] 41\n?[2a24] 42\n",
      act: (ble) => ble.readValue({ service: "180a", characteristic: "2a24" }),
      says: /expected \?\[2a29\] 41, got \?\[2a24\]/,
    },
    {
      name: "it is written where the transcript reads",
      body: "?[2a29] 41\n>[2a52] 01 01\n",
      act: (ble) => ble.write(RACP, unhex("01 01")),
      says: /expected \?\[2a29\] 41, got >\[2a52\] 01 01/,
    },
    {
      name: "a value is read of which another was declined",
      body: "! error GATT_REFUSED read [2a24]\n?[2a29] 41\n",
      act: (ble) => ble.readValue(MAKER),
      says: /expected ! error GATT_REFUSED read \[2a24\], got \?\[2a29\]/,
    },
    {
      name: "more is awaited than came",
      body: ">[2a52] 01 01\n",
      act: (ble) => ble.next(),
      says: /waits without a time limit/,
    },
  ])("fails with the first difference if $name", async ({ body, act, says }) => {
    const { ble } = play(body);
    await expect(act(ble)).rejects.toEqual(code("TRANSPORT_REPLAY"));
    expect(difference(ble).message).toMatch(says);
  });

  test("fails at the end if a notice was not taken or a line is left over", async () => {
    const unread = play("<[2a18] 0b 01\n<[2a18] 0b 02\n").ble;
    await unread.next();
    expect(difference(unread).message).toMatch(/expected <\[2a18\] 0b 02, got nothing|without reading <\[2a18\] 0b 02/);
    const left = play("?[2a29] 41\n! error GATT_REFUSED read [2a29]\n").ble;
    await left.readValue(MAKER);
    expect(difference(left).message).toContain("expected ! error GATT_REFUSED read [2a29], got nothing");
  });

  test.each([
    { name: "is of a stream", body: "> 01\n", head: "", transport: "serial", says: "the transcript is of serial" },
    {
      name: "has a line without a characteristic",
      body: "> 01 01\n",
      head: "",
      transport: "ble",
      says: "line 8: a line over",
    },
    {
      name: "has a name that is none",
      body: ">[racp] 01\n",
      head: "",
      transport: "ble",
      says: "line 8: no characteristic",
    },
    {
      name: "does not list what it uses",
      body: ">[2a34] 01\n",
      head: GATT,
      transport: "ble",
      says: "does not list [2a34]",
    },
    {
      name: "does not list it there",
      body: ">[180f/2a52] 01\n",
      head: GATT,
      transport: "ble",
      says: "does not list [180f",
    },
    { name: "has a list out of form", body: "", head: "gatt: 2a29", transport: "ble", says: "the header gatt is not" },
  ])("is refused if it $name", ({ body, head, transport, says }) => {
    expect(() => play(body, head, transport)).toThrow(says);
  });
});
