import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { hex, unhex } from "../kit/bytes.js";
import { within } from "../kit/exchange.js";
import { parseTranscript } from "../kit/transcript.js";
import type { HidTransport } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import type { RecordHeaders } from "./record.js";
import { recordHid } from "./record-hid.js";
import { type ReplayHid, replayHid } from "./replay-hid.js";

const START_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
const headers: RecordHeaders = { driver: "d", transport: "hid", origin: "capture", zone: "Europe/London" };
const never = new AbortController().signal;

function play(body: string, transport = "hid"): { clock: VirtualClock; hid: ReplayHid } {
  const clock = new VirtualClock(START_MS);
  const head = `driver: d\ntransport: ${transport}\norigin: simulated\nnow: 2024-05-06T07:08:09Z\nzone: UTC`;
  return { clock, hid: replayHid(parseTranscript(`glucohub transcript 1\n${head}\n\n${body}`), clock) };
}

function timed<T>(clock: VirtualClock, ms: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return within(clock, ms, never, () => new Problem("METER_TIMEOUT"), act);
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

/** The first difference of a replay, as `finish` throws it. */
function difference(hid: ReplayHid): Problem {
  try {
    hid.finish();
  } catch (error) {
    if (error instanceof Problem) return error;
  }
  throw new Error("no difference");
}

describe("replayHid", () => {
  test("plays reports and feature reports line by line", async () => {
    const { hid } = play(">[feature] 41 01\n?[feature] 50 00 25\n> 00 04\n# remark\n< 34 01\n< 34 02\n> 00 05\n");
    await hid.setFeature(unhex("41 01"));
    expect(hex(await hid.getFeature(0x50, 9))).toBe("50 00 25");
    await hid.write(unhex("00 04"));
    expect([hex(await hid.read()), hex(await hid.read())]).toEqual(["34 01", "34 02"]);
    await hid.write(unhex("00 05"));
    hid.finish();
    expect(hid).toMatchObject({ kind: "hid", name: "replay:d" });
  });

  test("lets silence pass on the virtual clock, before reports and before answers to questions", async () => {
    const { clock, hid } = play("> 00\n~ 3000\n< 0a\n~ 400\n?[feature] 01 02\n~ 9000\n> 01\n");
    await hid.write(unhex("00"));
    await expect(timed(clock, 1000, (signal) => hid.read(signal))).rejects.toEqual(code("METER_TIMEOUT"));
    expect(hex(await timed(clock, 3000, (signal) => hid.read(signal)))).toBe("0a");
    expect(clock.now()).toBe(START_MS + 3000);
    await expect(timed(clock, 100, (signal) => hid.getFeature(1, 2, signal))).rejects.toEqual(code("METER_TIMEOUT"));
    expect(hex(await hid.getFeature(1, 2))).toBe("01 02");
    expect(clock.now()).toBe(START_MS + 3400);
    // The pause before the hub's own report was the hub's: no alarm of the write goes off.
    await timed(clock, 100, (signal) => hid.write(unhex("01"), signal));
    expect(clock.now()).toBe(START_MS + 12_400);
    hid.finish();
  });

  test("keeps reports that came before a write that was not waited for, and gives them while a question waits", async () => {
    const { hid } = play("< 0a\n< 0b\n> 00\n< 0c\n?[feature] 01\n");
    await hid.write(unhex("00"));
    const answer = hid.getFeature(1, 1);
    expect([hex(await hid.read()), hex(await hid.read()), hex(await hid.read())]).toEqual(["0a", "0b", "0c"]);
    expect(hex(await answer)).toBe("01");
    hid.finish();
  });

  const differences: [what: string, body: string, act: (hid: ReplayHid) => Promise<unknown>, shown: string][] = [
    ["another byte", "> 00 01\n", (hid) => hid.write(unhex("00 02")), "expected > 00 01, got > 00 02"],
    [
      "a report that is too short",
      "> 00 01 00\n",
      (hid) => hid.write(unhex("00 01")),
      "expected > 00 01 00, got > 00 01",
    ],
    [
      "a report that is too long",
      "> 00 01\n",
      (hid) => hid.write(unhex("00 01 00")),
      "expected > 00 01, got > 00 01 00",
    ],
    ["two reports as one", "> 00 01\n> 00 02\n", (hid) => hid.write(unhex("00 01 00 02")), "got > 00 01 00 02"],
    ["a feature report for a report", "> 41 01\n", (hid) => hid.setFeature(unhex("41 01")), "got >[feature] 41 01"],
    [
      "a report for a feature report",
      ">[feature] 41\n",
      (hid) => hid.write(unhex("41")),
      "expected >[feature] 41, got > 41",
    ],
    [
      "a write where a question stands",
      "?[feature] 50\n",
      (hid) => hid.write(unhex("50")),
      "expected ?[feature] 50, got > 50",
    ],
    [
      "another feature report",
      "?[feature] 50 01\n",
      (hid) => hid.getFeature(0x51, 2),
      "expected ?[feature] 50 01, got ?[feature] report 51 of at most 2 bytes",
    ],
    [
      "a feature report for which there is no room",
      "?[feature] 50 01\n",
      (hid) => hid.getFeature(0x50, 1),
      "got ?[feature] report 50 of at most 1 bytes",
    ],
    [
      "a write after the end",
      "",
      (hid) => hid.write(unhex("50")),
      "after the transcript's end: expected nothing, got > 50",
    ],
    ["a read without a limit that nothing can end", "> 00\n", (hid) => hid.read(), "expected > 00, got nothing"],
    ["such a question", "> 00\n", (hid) => hid.getFeature(1, 2), "waits without a time limit"],
    ["a read where a question stands", "?[feature] 50\n", (hid) => hid.read(), "expected ?[feature] 50, got nothing"],
  ];
  test.each(differences)("ends with the first difference: %s", async (_what, body, act, shown) => {
    const { hid } = play(body);
    await expect(act(hid)).rejects.toEqual(code("TRANSPORT_REPLAY"));
    expect(difference(hid).message).toContain(shown);
    await expect(hid.read()).rejects.toEqual(code("TRANSPORT_REPLAY"));
  });

  const left: [what: string, body: string, act: (hid: ReplayHid) => Promise<unknown>, shown: string][] = [
    ["a report that it did not send", "< 0a\n> 00 01\n", (hid) => hid.read(), "expected > 00 01, got nothing"],
    ["a report that it did not read", "< 0a\n< 0b\n", (hid) => hid.read(), "without reading < 0b"],
    [
      "a question that it did not ask",
      "< 0a\n?[feature] 50\n",
      (hid) => hid.read(),
      "expected ?[feature] 50, got nothing",
    ],
    [
      "an unplugging that it did not meet",
      "< 0a\n! unplugged\n",
      (hid) => hid.read(),
      "expected ! unplugged, got nothing",
    ],
  ];
  test.each(left)("says that is left over: %s", async (_what, body, act, shown) => {
    const { hid } = play(body);
    await act(hid);
    expect(difference(hid).message).toContain(shown);
  });

  test("unplugs after the reports that had come, for whatever the driver does then", async () => {
    expect([differences.length, left.length]).toEqual([13, 4]);
    const acts: ((hid: ReplayHid) => Promise<unknown>)[] = [
      (hid) => hid.read(),
      (hid) => hid.write(unhex("00")),
      (hid) => hid.setFeature(unhex("00")),
      (hid) => hid.getFeature(1, 2),
    ];
    for (const act of acts) {
      const { hid } = play("< 0a\n~ 10\n! unplugged\n");
      expect(hex(await hid.read())).toBe("0a");
      await expect(act(hid)).rejects.toEqual(code("TRANSPORT_GONE"));
      await expect(hid.read()).rejects.toEqual(code("TRANSPORT_GONE"));
      hid.finish();
    }
    const { hid } = play("! error the bus is on fire\n");
    await expect(hid.read()).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_GONE", message: "the bus is on fire" }),
    );
    hid.finish();
  });

  test("obeys signals and close, and an aborted read loses nothing", async () => {
    const { hid } = play("~ 100\n< 0a\n?[feature] 01\n");
    const reason = new Error("enough");
    for (const act of [
      () => hid.read(AbortSignal.abort(reason)),
      () => hid.write(unhex("00"), AbortSignal.abort(reason)),
      () => hid.getFeature(1, 1, AbortSignal.abort(reason)),
    ]) {
      await expect(act()).rejects.toBe(reason);
    }
    const abort = new AbortController();
    const aborted = expect(hid.read(abort.signal)).rejects.toBe(reason);
    const other = expect(hid.read()).rejects.toEqual(code("INTERNAL"));
    abort.abort(reason);
    await Promise.all([aborted, other]);
    expect(hex(await hid.read())).toBe("0a");
    const canceled = expect(hid.getFeature(1, 1)).rejects.toEqual(code("TRANSPORT_CANCELED"));
    const second = expect(hid.getFeature(1, 1)).rejects.toEqual(code("INTERNAL"));
    await hid.close();
    await hid.close();
    await Promise.all([canceled, second]);
    await expect(hid.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await expect(hid.write(unhex("00"))).rejects.toEqual(code("TRANSPORT_CANCELED"));
  });

  test("refuses transcripts that are not of a HID device, with the line", () => {
    const cases = [">[2a52] 01\n", "<[feature] 01\n", "? 01\n", "<[lba 3] 01\n"];
    expect(cases).toHaveLength(4);
    for (const body of cases) {
      expect(() => play(`# remark\n${body}`)).toThrow(
        expect.objectContaining({ code: "TRANSPORT_REPLAY", message: expect.stringMatching(/^line 9: /) }),
      );
    }
    expect(() => play("> 01\n", "serial")).toThrow(code("TRANSPORT_REPLAY") as Problem);
  });
});

describe("recordHid", () => {
  test("writes down a conversation that replays to the same, with its times and its end", async () => {
    const clock = new VirtualClock(START_MS);
    const gone = new Problem("TRANSPORT_GONE");
    const reports = ["0a 0b", "0c"];
    const inner: HidTransport = {
      kind: "hid",
      name: "device",
      read: async () => {
        clock.advance(250);
        const report = reports.shift();
        if (report === undefined) throw gone;
        return unhex(report);
      },
      write: async (report) => {
        if (report[0] === 9) throw gone;
      },
      setFeature: async () => clock.advance(5),
      getFeature: async (id, length) => {
        clock.advance(30);
        return Uint8Array.from({ length }, () => id);
      },
      close: async () => undefined,
    };
    const recorded = recordHid(inner, clock, { ...headers, name: "Two\nlines " });
    const talk = async (transport: HidTransport): Promise<string[]> => {
      const said: string[] = [];
      await transport.setFeature(unhex("41 01"));
      said.push(hex(await transport.getFeature(0x50, 2)));
      await transport.write(unhex("00 04"));
      for (let i = 0; i < 2; i += 1) said.push(hex(await transport.read()));
      for (const act of [() => transport.read(), () => transport.write(unhex("09"))]) {
        await act().catch((error: Problem) => said.push(error.code));
      }
      return said;
    };
    const live = await talk(recorded);
    expect(live).toEqual(["50 50", "0a 0b", "0c", "TRANSPORT_GONE", "TRANSPORT_GONE"]);
    await recorded.close();
    expect(recorded.text().split("\n\n")).toEqual([
      "glucohub transcript 1\ndriver: d\ntransport: hid\norigin: capture\nzone: Europe/London\nname: Two lines\n" +
        "now: 2024-05-06T07:08:09.000Z",
      ">[feature] 41 01\n~ 35\n?[feature] 50 50\n> 00 04\n~ 250\n< 0a 0b\n~ 250\n< 0c\n~ 250\n! unplugged\n",
    ]);
    const again = new VirtualClock(START_MS);
    const replay = replayHid(parseTranscript(recorded.text()), again);
    expect(await talk(replay)).toEqual(live);
    replay.finish();
    expect(again.now()).toBe(clock.now());
  });

  test("passes the hub's own endings on and writes none of them down; another failure with its words, once", async () => {
    const clock = new VirtualClock(START_MS);
    const reason = new Error("enough");
    const failures: unknown[] = [reason, new Problem("TRANSPORT_CANCELED")];
    const flood = new Problem("FRAME_MALFORMED", "too much\nof it");
    const fail = async (): Promise<never> => {
      throw failures.shift() ?? flood;
    };
    const inner = { kind: "hid", name: "device", read: fail, write: fail, setFeature: fail, getFeature: fail } as const;
    const recorded = recordHid({ ...inner, close: async () => undefined }, clock, headers);
    await expect(recorded.read(AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(recorded.setFeature(unhex("01"))).rejects.toEqual(code("TRANSPORT_CANCELED"));
    expect(recorded.transcript().events).toEqual([]);
    await expect(recorded.read()).rejects.toBe(flood);
    await expect(recorded.getFeature(1, 2)).rejects.toBe(flood);
    expect(recorded.text().split("\n\n")[1]).toBe("! error too much of it\n");
    expect(() => recordHid({ ...inner, close: async () => undefined }, clock, { ...headers, zone: "Nowhere" })).toThrow(
      code("TRANSCRIPT_MALFORMED") as Problem,
    );
  });
});
