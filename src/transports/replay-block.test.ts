import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { hex, unhex } from "../kit/bytes.js";
import { within } from "../kit/exchange.js";
import { parseTranscript } from "../kit/transcript.js";
import type { BlockTransport } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { recordBlock } from "./record-block.js";
import { type ReplayBlock, replayBlock } from "./replay-block.js";

const START_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
const headers = { driver: "d", transport: "block", origin: "capture", zone: "UTC" } as const;

function play(body: string, transport = "block"): { clock: VirtualClock; disk: ReplayBlock } {
  const clock = new VirtualClock(START_MS);
  const head = `driver: d\ntransport: ${transport}\norigin: simulated\nnow: 2024-05-06T07:08:09Z\nzone: UTC`;
  return { clock, disk: replayBlock(parseTranscript(`glucohub transcript 1\n${head}\n\n${body}`), clock) };
}

/** A block that begins with these bytes and goes on with zeros. */
function block(text: string): Uint8Array {
  const whole = new Uint8Array(512);
  whole.set(unhex(text));
  return whole;
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

function difference(disk: ReplayBlock): Problem {
  try {
    disk.finish();
  } catch (error) {
    if (error instanceof Problem) return error;
  }
  throw new Error("no difference");
}

describe("replayBlock", () => {
  test("plays writes and reads in their order; a line that is no whole block ends in zeros", async () => {
    const { disk } = play(`>[lba 3] 02 12\n<[lba 3] ${hex(block("02 06"))}\n<[lba 0] eb\n<[lba 4]\n`);
    await disk.writeBlock(3, block("02 12"));
    expect(await disk.readBlock(3)).toEqual(block("02 06"));
    expect(await disk.readBlock(0)).toEqual(block("eb"));
    expect(await disk.readBlock(4)).toEqual(block(""));
    disk.finish();
    expect(disk).toMatchObject({ kind: "block", name: "replay:d" });
  });

  test("makes a read as slow as it was, so that a time limit can go off in it", async () => {
    const { clock, disk } = play("~ 3000\n<[lba 3] 01\n~ 500\n>[lba 3] 02\n");
    const late = (): Problem => new Problem("METER_TIMEOUT");
    const limited = (ms: number): Promise<Uint8Array> =>
      within(clock, ms, new AbortController().signal, late, (signal) => disk.readBlock(3, signal));
    await expect(limited(1000)).rejects.toEqual(code("METER_TIMEOUT"));
    expect(clock.now()).toBe(START_MS + 1000);
    expect(await limited(2000)).toEqual(block("01"));
    expect(clock.now()).toBe(START_MS + 3000);
    await disk.writeBlock(3, block("02"));
    expect(clock.now()).toBe(START_MS + 3500);
    disk.finish();
  });

  test("counts time that the driver sleeps between two looks into the silence", async () => {
    const { clock, disk } = play("<[lba 3] 00\n~ 100\n<[lba 3] 01\n");
    await disk.readBlock(3);
    await clock.sleep(100);
    expect(await disk.readBlock(3)).toEqual(block("01"));
    expect(clock.now()).toBe(START_MS + 100);
    disk.finish();
  });

  const differences: [what: string, body: string, act: (disk: ReplayBlock) => Promise<unknown>, shown: string][] = [
    [
      "another byte far behind",
      ">[lba 3] 02\n",
      (disk) => disk.writeBlock(3, block(`02 ${"00 ".repeat(99)}07`)),
      "got >[lba 3] 07 00",
    ],
    ["another block", ">[lba 3] 02\n", (disk) => disk.writeBlock(4, block("02")), "expected >[lba 3] 02 00"],
    ["a read of another block", "<[lba 3] 02\n", (disk) => disk.readBlock(4), "got a read of [lba 4]"],
    ["a write where a read stands", "<[lba 3] 02\n", (disk) => disk.writeBlock(3, block("02")), "expected <[lba 3] 02"],
    ["a read where a write stands", ">[lba 3] 02\n", (disk) => disk.readBlock(3), "waits without a time limit"],
    ["a read after the end", "", (disk) => disk.readBlock(3), "after the transcript's end"],
  ];
  test.each(differences)("ends with the first difference: %s", async (_what, body, act, shown) => {
    expect(differences).toHaveLength(6);
    const { disk } = play(body);
    await expect(act(disk)).rejects.toEqual(code("TRANSPORT_REPLAY"));
    expect(difference(disk).message).toContain(shown);
    await expect(disk.readBlock(3)).rejects.toEqual(code("TRANSPORT_REPLAY"));
  });

  test("says what is left over, and shows long blocks cut short", async () => {
    const { disk } = play("<[lba 3] 01\n<[lba 3] 02\n");
    await disk.readBlock(3);
    expect(difference(disk).context).toMatchObject({ event: 2, line: 9, got: "nothing" });
    expect(difference(disk).message.length).toBeLessThan(400);
    expect(difference(play("! unplugged\n").disk).message).toContain("expected ! unplugged");
  });

  test("unplugs, for reads and writes, and obeys signals and close", async () => {
    for (const write of [false, true]) {
      const { disk } = play("<[lba 3] 01\n~ 5\n! unplugged\n");
      await disk.readBlock(3);
      const act = (): Promise<unknown> => (write ? disk.writeBlock(3, block("")) : disk.readBlock(3));
      await expect(act()).rejects.toEqual(code("TRANSPORT_GONE"));
      await expect(act()).rejects.toEqual(code("TRANSPORT_GONE"));
      disk.finish();
    }
    const { disk } = play("~ 10\n<[lba 3] 01\n");
    const reason = new Error("enough");
    const abort = new AbortController();
    const aborted = expect(disk.readBlock(3, abort.signal)).rejects.toBe(reason);
    abort.abort(reason);
    await aborted;
    await expect(disk.writeBlock(3, block(""), abort.signal)).rejects.toBe(reason);
    await expect(disk.writeBlock(3, unhex("01"))).rejects.toEqual(code("INTERNAL"));
    expect(await disk.readBlock(3)).toEqual(block("01"));
    await disk.close();
    await expect(disk.readBlock(3)).rejects.toEqual(code("TRANSPORT_CANCELED"));
  });

  test("refuses transcripts that are not of a block device, with the line", () => {
    const cases = ["> 01\n", "<[lba x] 01\n", "<[lba 03] 01\n", "?[lba 3] 01\n", `<[lba 3] ${"00".repeat(513)}\n`];
    expect(cases).toHaveLength(5);
    for (const body of cases) {
      expect(() => play(body)).toThrow(
        expect.objectContaining({ code: "TRANSPORT_REPLAY", message: expect.stringMatching(/^line 8: /) }),
      );
    }
    expect(() => play("", "hid")).toThrow(code("TRANSPORT_REPLAY") as Problem);
  });
});

describe("recordBlock", () => {
  test("writes down a conversation that replays to the same; a write that was refused is none", async () => {
    const clock = new VirtualClock(START_MS);
    const mailbox = new Map<number, Uint8Array>();
    const inner: BlockTransport = {
      kind: "block",
      name: "device",
      readBlock: async (lba) => {
        clock.advance(40);
        return mailbox.get(lba) ?? block("");
      },
      writeBlock: async (lba, bytes) => {
        if (lba === 0) throw new Problem("METER_UNSUPPORTED", "nothing was written");
        mailbox.set(lba, Uint8Array.from(bytes));
      },
      close: async () => undefined,
    };
    const recorded = recordBlock(inner, clock, headers);
    const talk = async (disk: BlockTransport): Promise<Uint8Array[]> => {
      await disk.writeBlock(3, block("02 12"));
      return [await disk.readBlock(3), await disk.readBlock(4)];
    };
    const live = await talk(recorded);
    const replay = replayBlock(parseTranscript(recorded.text()), new VirtualClock(START_MS));
    expect(await talk(replay)).toEqual(live);
    replay.finish();
    await expect(recorded.writeBlock(0, block("01"))).rejects.toEqual(code("METER_UNSUPPORTED"));
    await recorded.close();
    const lines = recorded.text().split("\n\n")[1]?.split("\n") ?? [];
    expect(lines.map((line) => line.slice(0, 14))).toEqual([
      ">[lba 3] 02 12",
      "~ 40",
      "<[lba 3] 02 12",
      "~ 40",
      "<[lba 4] 00 00",
      "! error nothin",
      "",
    ]);
    expect(lines[0]).toBe(`>[lba 3] ${hex(block("02 12"))}`);
  });
});
