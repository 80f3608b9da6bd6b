import { describe, expect, test } from "vitest";
import { parseCommand, ScsiDisk, statusWrapper } from "./scsi.js";
import { flipped, standInBlock } from "./stand-ins.js";

const NOTHING = new Uint8Array();

/** A command's wrapper as a host sends it. */
function wrapper(command: readonly number[], length: number, flags: number): Buffer {
  const bytes = Buffer.alloc(31);
  bytes.write("USBC", 0, "latin1");
  bytes.writeUInt32LE(0x01020304, 4);
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt8(flags, 12);
  bytes.writeUInt8(command.length, 14);
  bytes.set(command, 15);
  return bytes;
}

const read = (lba: number, count: number): Uint8Array => Uint8Array.of(0x28, 0, 0, 0, 0, lba, 0, 0, count, 0);
const write = (lba: number, count: number): Uint8Array => Uint8Array.of(0x2a, 0, 0, 0, 0, lba, 0, 0, count, 0);

describe("the wrapper of a command", () => {
  test("is taken apart", () => {
    expect(parseCommand(wrapper([0x12, 0, 0, 0, 36, 0], 36, 0x80))).toEqual({
      ...{ tag: 0x01020304, length: 36, toHost: true, bytes: Uint8Array.of(0x12, 0, 0, 0, 36, 0) },
    });
    expect(parseCommand(wrapper([0x2a, 1], 512, 0))).toMatchObject({ length: 512, toHost: false });
  });

  test("is refused where it is none: too short, another mark, no command", () => {
    expect(parseCommand(wrapper([0x12], 36, 0x80).subarray(0, 30))).toBeNull();
    expect(parseCommand(Buffer.concat([Buffer.from("USBS"), wrapper([0x12], 36, 0x80).subarray(4)]))).toBeNull();
    expect(parseCommand(wrapper([], 36, 0x80))).toBeNull();
  });

  test("is answered with 13 bytes", () => {
    const status = Buffer.from(statusWrapper(0x01020304, 5, false));
    expect(status.toString("hex")).toBe("5553425304030201" + "05000000" + "01");
    expect(statusWrapper(1, 0, true).at(-1)).toBe(0);
  });
});

describe("the disk", () => {
  test("names its vendor, its product and its size", () => {
    const disk = new ScsiDisk(standInBlock());
    const inquiry = Buffer.from(disk.answer(Uint8Array.of(0x12, 0, 0, 0, 36, 0), NOTHING).data);
    expect(inquiry).toHaveLength(36);
    expect(inquiry.toString("latin1", 8)).toBe("LifeScanstand-in        1.00");
    const capacity = disk.answer(Uint8Array.of(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0), NOTHING).data;
    expect(Buffer.from(capacity).toString("hex")).toBe("0000003f00000200");
  });

  test("takes blocks and gives blocks, each at its place", () => {
    const disk = new ScsiDisk(standInBlock());
    const two = Uint8Array.from({ length: 1_024 }, (_, index) => index % 251);
    expect(disk.answer(write(3, 2), two).ok).toBe(true);
    expect(disk.answer(read(3, 2), NOTHING)).toEqual({ ok: true, data: flipped(two) });
    expect(disk.answer(read(4, 1), NOTHING).data).toEqual(flipped(two.slice(512)));
  });

  test.each<[string, Uint8Array, Uint8Array, number]>([
    ["a block beyond its end", read(64, 1), NOTHING, 0x21],
    ["a run of blocks over its end", read(63, 2), NOTHING, 0x21],
    ["a write without its blocks", write(3, 1), new Uint8Array(511), 0x24],
    ["a page of facts that it has not", Uint8Array.of(0x12, 1, 0x80, 0, 36, 0), NOTHING, 0x24],
    ["a command that it does not know", Uint8Array.of(0xff), NOTHING, 0x20],
  ])("refuses %s, and says why once", (_what, command, sent, code) => {
    const disk = new ScsiDisk(standInBlock());
    expect(disk.answer(command, sent)).toEqual({ ok: false, data: NOTHING });
    const sense = (): Uint8Array => disk.answer(Uint8Array.of(0x03, 0, 0, 0, 18, 0), NOTHING).data;
    const first = sense();
    expect([first.length, first[0], first[2], first[12]]).toEqual([18, 0x70, 5, code]);
    expect([sense()[2], sense()[12]]).toEqual([0, 0]);
  });

  test.each([[0x00], [0x1b], [0x1e], [0x35]])("agrees to what only prepares or ends its use: %i", (command) => {
    expect(new ScsiDisk(standInBlock()).answer(Uint8Array.of(command, 0, 0, 0, 0, 0), NOTHING)).toEqual({
      ...{ ok: true, data: NOTHING },
    });
  });

  test("is not write-protected", () => {
    const { data } = new ScsiDisk(standInBlock()).answer(Uint8Array.of(0x1a, 0, 0x3f, 0, 192, 0), NOTHING);
    expect(data).toEqual(Uint8Array.of(3, 0, 0, 0));
  });
});
