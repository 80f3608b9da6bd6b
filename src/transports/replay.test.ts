import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { concat, hex, unhex } from "../kit/bytes.js";
import { within } from "../kit/exchange.js";
import { parseTranscript } from "../kit/transcript.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { type ReplayChunk, type ReplayTransport, replayTransport } from "./replay.js";

const START_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
const never = new AbortController().signal;

function play(body: string, chunk?: ReplayChunk): { clock: VirtualClock; transport: ReplayTransport } {
  const clock = new VirtualClock(START_MS);
  const head = "driver: d\ntransport: serial\norigin: simulated\nnow: 2024-05-06T07:08:09Z\nzone: UTC";
  const transcript = parseTranscript(`glucohub transcript 1\n${head}\n\n${body}`);
  return { clock, transport: replayTransport(transcript, clock, chunk === undefined ? {} : { chunk }) };
}

function timed(clock: VirtualClock, transport: ReplayTransport, ms: number): Promise<Uint8Array> {
  const late = (): Problem => new Problem("METER_TIMEOUT");
  return within(clock, ms, never, late, (signal) => transport.read(signal));
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

describe("replayTransport", () => {
  test("gives what the meter sent when the hub has sent its part, however the lines fall", async () => {
    const { transport } = play("> 01\n> 02 03\n# remark\n< 0a 0b\n< 0c\n> 04\n");
    await transport.write(unhex("01 02"));
    await transport.write(unhex("03"));
    expect(hex(await transport.read())).toBe("0a 0b");
    expect(hex(await transport.read())).toBe("0c");
    await transport.write(unhex("04"));
    transport.finish();
  });

  test("cuts the meter's bytes as told, and loses none", async () => {
    const cuts: string[] = [];
    for (const chunk of ["lines", 1, 2, 3, 5, "all"] as const) {
      const { transport } = play("< 01 02 03\n< 04\n< 05 06 07\n! unplugged\n", chunk);
      const reads: Uint8Array[] = [];
      for (;;) {
        const bytes = await transport.read().catch(() => null);
        if (bytes === null) break;
        reads.push(bytes);
      }
      expect(hex(concat(reads))).toBe("01 02 03 04 05 06 07");
      cuts.push(reads.map((bytes) => bytes.length).join(" "));
      transport.finish();
    }
    expect(cuts).toEqual(["3 1 3", "1 1 1 1 1 1 1", "2 2 2 1", "3 3 1", "5 2", "7"]);
    expect(() => play("", 0)).toThrow(RangeError);
  });

  test("lets silence pass on the virtual clock only, and bytes come when they are due", async () => {
    const { clock, transport } = play("> 01\n~ 60000\n~ 50\n< 0a\n~ 100\n< 0b\n");
    const started = performance.now();
    await transport.write(unhex("01"));
    expect(hex(await timed(clock, transport, 60_050))).toBe("0a");
    expect(clock.now()).toBe(START_MS + 60_050);
    expect(hex(await transport.read())).toBe("0b");
    expect(clock.now()).toBe(START_MS + 60_150);
    transport.finish();
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test("counts time that the driver sleeps, without reading, into the silence", async () => {
    const { clock, transport } = play("> 01\n~ 250\n< 0a\n~ 10\n< 0b\n");
    await transport.write(unhex("01"));
    await clock.sleep(200);
    expect(hex(await transport.read())).toBe("0a");
    expect(clock.now()).toBe(START_MS + 250);
    await clock.sleep(500);
    expect(hex(await transport.read())).toBe("0b");
    expect(clock.now()).toBe(START_MS + 750);
    transport.finish();
  });

  test("fires a driver's time limit in the middle of a silence, and gives the bytes to the next read", async () => {
    const { clock, transport } = play("> 01\n~ 6000\n< 0a\n");
    await transport.write(unhex("01"));
    await expect(timed(clock, transport, 5000)).rejects.toEqual(code("METER_TIMEOUT"));
    expect(clock.now()).toBe(START_MS + 5000);
    expect(hex(await timed(clock, transport, 5000))).toBe("0a");
    expect(clock.now()).toBe(START_MS + 6000);
    transport.finish();
  });

  test("fires the time limit where the transcript expects the hub, so that a retry can follow", async () => {
    const { clock, transport } = play("> 01\n~ 2000\n> 01\n< 0a\n");
    await transport.write(unhex("01"));
    await expect(timed(clock, transport, 2000)).rejects.toEqual(code("METER_TIMEOUT"));
    await transport.write(unhex("01"));
    expect(hex(await timed(clock, transport, 2000))).toBe("0a");
    expect(clock.now()).toBe(START_MS + 2000);
    transport.finish();
  });

  test("takes a recorded pause before the hub's bytes for the hub's own: no alarm of the write goes off", async () => {
    const { clock, transport } = play("< 0a\n~ 9000\n> 01\n< 0b\n");
    await transport.read();
    const late = (): Problem => new Problem("METER_TIMEOUT");
    await within(clock, 100, never, late, (signal) => transport.write(unhex("01"), signal));
    expect(clock.now()).toBe(START_MS + 9000);
    expect(hex(await transport.read())).toBe("0b");
    transport.finish();
  });

  test("keeps what came before a write that was not waited for", async () => {
    const { transport } = play("< 0a 0b\n> 01\n< 0c\n", 1);
    expect(hex(await transport.read())).toBe("0a");
    await transport.write(unhex("01"));
    expect(hex(await transport.read())).toBe("0b");
    expect(hex(await transport.read())).toBe("0c");
    transport.finish();
  });

  test("says the first difference in what is sent, and ends there", async () => {
    const { transport } = play("> 01\n< 0a\n~ 5\n> 02 03 04\n");
    await transport.write(unhex("01"));
    await transport.read();
    const waiting = expect(transport.read()).rejects.toEqual(code("TRANSPORT_REPLAY"));
    await expect(transport.write(unhex("02 ff"))).rejects.toEqual(code("TRANSPORT_REPLAY"));
    await waiting;
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_REPLAY"));
    await expect(transport.write(unhex("02"))).rejects.toEqual(code("TRANSPORT_REPLAY"));
    expect(() => transport.finish()).toThrow(
      expect.objectContaining({
        code: "TRANSPORT_REPLAY",
        context: { event: 4, line: 11, expected: "> 02 03 04", got: "> 02 ff" },
        message: "the driver and the transcript differ at event 4 (line 11): expected > 02 03 04, got > 02 ff",
      }),
    );
  });

  const left: [what: string, body: string, drive: (t: ReplayTransport) => Promise<unknown>, expected: object][] = [
    [
      "bytes that the driver did not send",
      "> 01 02\n",
      (t) => t.write(unhex("01")),
      { expected: "> 02", got: "nothing" },
    ],
    ["bytes that it did not read", "< 01\n< 02\n", (t) => t.read(), { unread: "02" }],
    [
      "part of a line that it did not read",
      "> 01\n< 0a 0b\n> 02\n",
      async (t) => {
        await t.write(unhex("01 02"));
      },
      { unread: "0a 0b" },
    ],
    ["an unplugging that it did not meet", "< 01\n! unplugged\n", (t) => t.read(), { expected: "! unplugged" }],
  ];
  test.each(left)("says that %s are left", async (_what, body, drive, expected) => {
    const { transport } = play(body);
    await drive(transport);
    expect(() => transport.finish()).toThrow(
      expect.objectContaining({ code: "TRANSPORT_REPLAY", context: expect.objectContaining(expected) }),
    );
  });
  test("has four kinds of left-overs", () => {
    expect(left).toHaveLength(4);
  });

  test("refuses bytes after the end, but does not mind a silence there", async () => {
    const { transport } = play("> 01\n~ 100\n");
    await transport.write(unhex("01"));
    transport.finish();
    await expect(transport.write(unhex("02"))).rejects.toEqual(code("TRANSPORT_REPLAY"));
    expect(() => transport.finish()).toThrow(
      expect.objectContaining({ context: expect.objectContaining({ got: "> 02" }) }),
    );
  });

  test("never hangs: a read without a time limit that nothing can end is a difference", async () => {
    for (const body of ["> 01\n", "~ 100\n> 01\n", ""]) {
      const { transport } = play(body);
      await expect(transport.read()).rejects.toEqual(code("TRANSPORT_REPLAY"));
      expect(() => transport.finish()).toThrow(Problem);
    }
  });

  test("unplugs after the bytes that had come, for reads and writes", async () => {
    for (const act of ["read", "write"] as const) {
      const { transport } = play("< 0a\n~ 10\n! unplugged\n");
      if (act === "write") await expect(transport.write(unhex("01"))).rejects.toEqual(code("TRANSPORT_GONE"));
      expect(hex(await transport.read())).toBe("0a");
      await expect(transport.read()).rejects.toEqual(code("TRANSPORT_GONE"));
      await expect(transport.write(unhex("01"))).rejects.toEqual(code("TRANSPORT_GONE"));
      transport.finish();
    }
  });

  test("gives a recorded error its text", async () => {
    const { transport } = play("! error the bus is on fire\n");
    await expect(transport.read()).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_GONE", message: "the bus is on fire" }),
    );
    transport.finish();
  });

  test("obeys signals and close, and an aborted read loses nothing", async () => {
    const { transport } = play("~ 100\n< 0a\n");
    const reason = new Error("enough");
    await expect(transport.read(AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(transport.write(unhex("01"), AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const aborted = expect(transport.read(abort.signal)).rejects.toBe(reason);
    abort.abort(reason);
    await aborted;
    expect(hex(await transport.read())).toBe("0a");
    const canceled = expect(transport.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await transport.close();
    await transport.close();
    await canceled;
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await expect(transport.write(unhex("01"))).rejects.toEqual(code("TRANSPORT_CANCELED"));
    transport.finish();
  });

  test("leaves an alarm alone that was set before, while the driver's consumer is busy", async () => {
    const { clock, transport } = play("< 0a\n< 0b\n");
    let rang = false;
    const alarm = new AbortController();
    const deadline = clock.sleep(1000, alarm.signal).then(
      () => {
        rang = true;
      },
      () => undefined,
    );
    await transport.read();
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect([rang, clock.now()]).toEqual([false, START_MS]);
    await transport.read();
    alarm.abort();
    await deadline;
    transport.finish();
  });

  test("refuses a transcript with channels", () => {
    for (const body of [">[2a52] 01\n", "? 01\n"])
      expect(() => play(body)).toThrow(code("TRANSPORT_REPLAY") as Problem);
  });
});
