import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { hex, unhex } from "../kit/bytes.js";
import { parseTranscript } from "../kit/transcript.js";
import type { StreamTransport } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { type RecordHeaders, recordTransport } from "./record.js";
import { replayTransport } from "./replay.js";

const headers: RecordHeaders = { driver: "d", transport: "serial", origin: "capture", zone: "Europe/London" };
const START_MS = Date.UTC(2024, 4, 6, 7, 8, 9, 123);

/** A device whose answers are steps: bytes to give after a while, or what to fail with. */
function device(clock: VirtualClock, steps: { after: number; give?: string; fail?: unknown }[]): StreamTransport {
  const next = (): (typeof steps)[number] => {
    const step = steps.shift() ?? { after: 0, fail: new Problem("INTERNAL", "no more steps") };
    clock.advance(step.after);
    if (step.fail !== undefined) throw step.fail;
    return step;
  };
  return {
    kind: "stream",
    name: "device",
    read: async () => unhex(next().give ?? ""),
    write: async () => {
      next();
    },
    close: async () => undefined,
  };
}

describe("recordTransport", () => {
  test("writes down a conversation that replays to the same, with its times and its end", async () => {
    const clock = new VirtualClock(START_MS);
    const inner = device(clock, [
      { after: 0 },
      { after: 250, give: "46 20" },
      { after: 5, give: "22" },
      { after: 7, give: "23" },
      { after: 9, give: "24" },
      { after: 1000 },
      { after: 0, fail: new Problem("TRANSPORT_GONE") },
      { after: 0, fail: new Problem("TRANSPORT_GONE") },
    ]);
    const recorded = recordTransport(inner, clock, { ...headers, name: "Two\nlines " });
    const talk = async (transport: StreamTransport): Promise<string[]> => {
      const said: string[] = [];
      await transport.write(unhex("11 0d"));
      for (let i = 0; i < 4; i += 1) said.push(hex(await transport.read()));
      await transport.write(unhex("44"));
      for (const act of [() => transport.write(unhex("45")), () => transport.read()]) {
        await act().catch((error: Problem) => said.push(error.code));
      }
      return said;
    };
    const live = await talk(recorded);
    expect(live).toEqual(["46 20", "22", "23", "24", "TRANSPORT_GONE", "TRANSPORT_GONE"]);
    await recorded.close();
    expect(recorded.text()).toBe(`glucohub transcript 1
driver: d
transport: serial
origin: capture
zone: Europe/London
name: Two lines
now: 2024-05-06T07:08:09.123Z

> 11 0d
~ 250
< 46 20
< 22
< 23
~ 21
< 24
> 44
~ 1000
! unplugged
`);
    const again = new VirtualClock(START_MS);
    const replay = replayTransport(parseTranscript(recorded.text()), again);
    expect(await talk(replay)).toEqual(live);
    replay.finish();
    expect(again.now()).toBe(clock.now());
  });

  test("passes the hub's own endings on and writes none of them down", async () => {
    const clock = new VirtualClock(START_MS);
    const reason = new Error("enough");
    const inner = device(clock, [
      { after: 0, fail: reason },
      { after: 0, fail: new Problem("TRANSPORT_CANCELED") },
    ]);
    const recorded = recordTransport(inner, clock, headers);
    await expect(recorded.read(AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(recorded.write(unhex("01"))).rejects.toEqual(expect.objectContaining({ code: "TRANSPORT_CANCELED" }));
    expect(recorded.transcript().events).toEqual([]);
  });

  test("writes another failure down with its words, once", async () => {
    const clock = new VirtualClock(START_MS);
    const flood = new Problem("FRAME_MALFORMED", "too much\nof it");
    const recorded = recordTransport(
      device(clock, [
        { after: 0, fail: flood },
        { after: 0, fail: flood },
      ]),
      clock,
      headers,
    );
    await expect(recorded.read()).rejects.toBe(flood);
    await expect(recorded.read()).rejects.toBe(flood);
    expect(recorded.text().split("\n\n")[1]).toBe("! error too much of it\n");
  });

  test("refuses headers at once that could not be read back", () => {
    expect(() =>
      recordTransport(device(new VirtualClock(0), []), new VirtualClock(0), { ...headers, zone: "Nowhere" }),
    ).toThrow(expect.objectContaining({ code: "TRANSCRIPT_MALFORMED" }));
  });
});
