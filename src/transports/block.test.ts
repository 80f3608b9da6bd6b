import { execFileSync } from "node:child_process";
import { constants, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { BlockTransport } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { type BlockOptions, openBlock } from "./block.js";
import { blockFlags, blockOpenProblem, type OpenBlockFile } from "./block-open.js";
import { deviceNumber, whyNotWritable } from "./block-vendor.js";

const lifescan = { vendor: "LifeScan" };
const BLOCKS = 16;
const open: { close(): Promise<void> }[] = [];
let root: string;
let sysDir: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glucohub-block-"));
  sysDir = join(root, "sys");
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  rmSync(root, { recursive: true, force: true });
});

/** The kernel's folder of a disk, as far as it is given. */
function listDisk(name: string, files: { dev?: string; vendor?: string; partition?: string }): void {
  const folder = join(sysDir, "block", name);
  mkdirSync(join(folder, "device"), { recursive: true });
  if (files.dev !== undefined) writeFileSync(join(folder, "dev"), `${files.dev}\n`);
  if (files.vendor !== undefined) writeFileSync(join(folder, "device/vendor"), `${files.vendor}\n`);
  if (files.partition !== undefined) writeFileSync(join(folder, "partition"), `${files.partition}\n`);
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

/** 512 bytes that tell their block. */
function block(lba: number, first = 0): Uint8Array {
  return Uint8Array.from({ length: 512 }, (_, at) => (at === 0 ? first : (lba * 31 + at) & 0xff));
}

describe("whyNotWritable", () => {
  const sdb = { name: "sdb", rdev: 0x810n };

  test("proves a disk only by its own vendor, to the letter, under its own number", async () => {
    const cases: [files: Parameters<typeof listDisk>[1], why: RegExp | null][] = [
      [{ dev: "8:16", vendor: "LifeScan" }, null],
      [{ dev: "8:16", vendor: "LIFESCAN" }, /vendor of sdb is "LIFESCAN"/],
      [{ dev: "8:16", vendor: " LifeScan" }, /is " LifeScan"/],
      [{ dev: "8:16", vendor: "LifeSca" }, /is "LifeSca"/],
      [{ dev: "8:16", vendor: "SanDisk " }, /is "SanDisk "/],
      [{ dev: "8:16", vendor: "" }, /is ""/],
      [{ dev: "8:16" }, /does not know the vendor/],
      [{ dev: "8:32", vendor: "LifeScan" }, /has the number 8:32, what is open has 8:16/],
      [{ dev: "", vendor: "LifeScan" }, /has the number /],
      [{ vendor: "LifeScan" }, /does not list sdb/],
      [{ dev: "8:16", vendor: "LifeScan", partition: "1" }, /part of a disk/],
      [{}, /does not list sdb/],
    ];
    expect(cases).toHaveLength(12);
    for (const [files, why] of cases) {
      rmSync(sysDir, { recursive: true, force: true });
      listDisk("sdb", files);
      const found = await whyNotWritable(sysDir, sdb, "LifeScan");
      if (why === null) expect(found).toBeNull();
      else expect(found).toMatch(why);
    }
  });

  test("takes the spaces with which the kernel fills a short vendor up for none, and no vendor for nobody's", async () => {
    listDisk("sdb", { dev: "8:16", vendor: "Roche   " });
    expect(await whyNotWritable(sysDir, sdb, "Roche")).toBeNull();
    listDisk("sdb", { vendor: "        " });
    for (const vendor of ["", " ", "LifeScan Inc"]) {
      expect(await whyNotWritable(sysDir, sdb, vendor)).toMatch(/no vendor/);
    }
    expect(await whyNotWritable(sysDir, { ...sdb, name: "../block/sdb" }, "Roche")).toMatch(/no disk's name/);
  });

  test("reads device numbers as Linux packs them", () => {
    // Eight bits of the minor number stand below the major one, the rest above it.
    const packed = [0x810n, 0x700n, 0x10300n, 0x10350n, 0x100810n];
    expect(packed.map(deviceNumber)).toEqual(["8:16", "7:0", "259:0", "259:80", "8:272"]);
  });
});

describe("openBlock on a file that stands in for the disk", () => {
  type File = Awaited<ReturnType<OpenBlockFile>>;

  /** A device node of this machine that is a block device, and a file in its place. */
  function stand(file: Partial<File>): BlockOptions & { readonly flags: number[]; readonly closed: () => number } {
    const flags: number[] = [];
    let closed = 0;
    const rdev = statSync(node(), { bigint: true }).rdev;
    const whole = {
      stat: async () => ({ rdev }),
      close: async () => {
        closed += 1;
      },
      ...file,
    } as unknown as File;
    const opening: OpenBlockFile = async (_path, how) => {
      flags.push(how);
      return whole;
    };
    return { sysDir, openFile: opening, flags, closed: () => closed };
  }

  function node(): string {
    return "/dev/loop0";
  }

  // Nothing opens it: it is there to be looked at.
  const hasNode = statSync("/dev/loop0", { throwIfNoEntry: false })?.isBlockDevice() === true;

  const hang = (): Promise<never> => new Promise(() => undefined);

  test.skipIf(!hasNode)(
    "opens for writing only what is proven, never beside others, never through the cache",
    async () => {
      const given = stand({});
      listDisk("loop0", { dev: deviceNumber(statSync(node(), { bigint: true }).rdev), vendor: "LifeScan" });
      open.push(await openBlock(node(), lifescan, undefined, given));
      open.push(await openBlock(node(), { vendor: "Other" }, undefined, given));
      const always = constants.O_EXCL | constants.O_DIRECT;
      expect(given.flags).toEqual([constants.O_RDWR | always, constants.O_RDONLY | always]);
      expect(given.flags).toEqual([blockFlags(true), blockFlags(false)]);
    },
  );

  test.skipIf(!hasNode)("refuses to write when what was opened is not what was looked at", async () => {
    let writes = 0;
    const write = async (): Promise<never> => {
      writes += 1;
      throw new Error("must not be called");
    };
    const given = stand({ stat: (async () => ({ rdev: 0x820n })) as unknown as File["stat"], write });
    listDisk("loop0", { dev: deviceNumber(statSync(node(), { bigint: true }).rdev), vendor: "LifeScan" });
    const transport = await openBlock(node(), lifescan, undefined, given);
    open.push(transport);
    await expect(transport.writeBlock(3, block(3))).rejects.toEqual(code("METER_UNSUPPORTED"));
    expect(writes).toBe(0);
  });

  test.skipIf(!hasNode)("takes a short read, a failing one and one that hangs for an unplugging", async () => {
    const reads: (() => Promise<unknown>)[] = [
      async () => ({ bytesRead: 0 }),
      async () => ({ bytesRead: 511 }),
      () => Promise.reject(Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" })),
      hang,
    ];
    for (const read of reads) {
      const clock = new VirtualClock(0);
      const transport = await openBlock(node(), lifescan, undefined, {
        ...stand({ read: read as File["read"] }),
        clock,
      });
      const reading = transport.readBlock(3).catch((error: unknown) => error);
      const next = transport.readBlock(4).catch((error: unknown) => error);
      await new Promise(setImmediate);
      clock.advance(5000);
      expect([await reading, await next]).toEqual([code("TRANSPORT_GONE"), code("TRANSPORT_GONE")]);
      await expect(transport.writeBlock(3, block(3))).rejects.toEqual(code("TRANSPORT_GONE"));
      const closing = transport.close();
      clock.advance(1000);
      await closing;
    }
    expect(reads).toHaveLength(4);
  });

  test.skipIf(!hasNode)(
    "ends what is pending at close, which waits for a call that hangs only within its bound",
    async () => {
      const clock = new VirtualClock(0);
      const given = stand({ read: hang as File["read"] });
      const transport = await openBlock(node(), lifescan, undefined, { ...given, clock });
      const reading = expect(transport.readBlock(3)).rejects.toEqual(code("TRANSPORT_CANCELED"));
      await new Promise(setImmediate);
      const closing = transport.close();
      await reading;
      clock.advance(1000);
      await closing;
      // Closed under the call, its number would be another file's.
      expect(given.closed()).toBe(0);
      await expect(transport.readBlock(3)).rejects.toEqual(code("TRANSPORT_CANCELED"));
    },
  );

  test.skipIf(!hasNode)("obeys its signals: a write that waits its turn is not done any more", async () => {
    const reason = new Error("enough");
    let release: (value: unknown) => void = () => undefined;
    const writes: number[] = [];
    const given = stand({
      read: (() => new Promise((resolve) => (release = resolve))) as unknown as File["read"],
      write: (async (_bytes: Uint8Array, _from: number, _length: number, at: number) => {
        writes.push(at);
        return { bytesWritten: 512 };
      }) as unknown as File["write"],
    });
    listDisk("loop0", { dev: deviceNumber(statSync(node(), { bigint: true }).rdev), vendor: "LifeScan" });
    const transport = await openBlock(node(), lifescan, undefined, given);
    open.push(transport);
    const abort = new AbortController();
    const reading = transport.readBlock(1, abort.signal);
    const writing = transport.writeBlock(3, block(3), abort.signal);
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(writing).rejects.toBe(reason);
    release({ bytesRead: 512 });
    await transport.writeBlock(4, block(4));
    expect(writes).toEqual([4 * 512]);
    await expect(openBlock(node(), lifescan, AbortSignal.abort(reason), given)).rejects.toBe(reason);
  });

  test.skipIf(!hasNode)("says why a disk does not open, and closes one that opens too late", async () => {
    const failing = (error: string): BlockOptions => ({
      sysDir,
      openFile: () => Promise.reject(Object.assign(new Error(`${error}: said`), { code: error })),
    });
    const reasons = [
      ["ENOENT", "missing"],
      ["ENOMEDIUM", "missing"],
      ["EACCES", "permission"],
      ["EBUSY", "busy"],
      ["EMFILE", "other"],
    ] as const;
    for (const [error, reason] of reasons) {
      await expect(openBlock(node(), lifescan, undefined, failing(error))).rejects.toEqual(
        expect.objectContaining({ code: "TRANSPORT_OPEN", context: expect.objectContaining({ reason }) }),
      );
    }
    const clock = new VirtualClock(0);
    const given = stand({});
    let done: () => void = () => undefined;
    const openLate: OpenBlockFile = async (path, flags) => {
      await new Promise<void>((resolve) => (done = resolve));
      return await (given.openFile ?? openFile)(path, flags);
    };
    const opening = openBlock(node(), lifescan, undefined, { sysDir, clock, openFile: openLate }).catch(
      (error: unknown) => error,
    );
    await vi.waitUntil(() => clock.nextDue() !== null);
    clock.advance(5000);
    expect(await opening).toEqual(
      expect.objectContaining({ code: "TRANSPORT_OPEN", context: { path: node(), reason: "slow" } }),
    );
    await vi.waitFor(() => {
      done();
      expect(given.closed()).toBe(1);
    });
  });

  test("tells where a disk is mounted and what to do; what is no disk is none", async () => {
    const mountsFile = join(root, "mounts");
    writeFileSync(mountsFile, "/dev/sdbc1 /third vfat rw 0 0\n/dev/sdb10 /other vfat rw 0 0\n");
    const busy = Object.assign(new Error("EBUSY"), { code: "EBUSY" });
    const { message, context } = await blockOpenProblem("/dev/sdb", busy, mountsFile);
    expect(context["reason"]).toBe("busy");
    expect(message).toContain("/dev/sdb10 is mounted on /other: unmount it with `udisksctl unmount -b /dev/sdb10`");
    expect((await blockOpenProblem("/dev/sdbc", busy, mountsFile)).message).toContain("/third");
    expect((await blockOpenProblem("/dev/sda", busy, mountsFile)).message).toContain("another program uses /dev/sda");
    for (const [path, reason] of [
      [join(root, "nothing"), "missing"],
      [root, "no-disk"],
      ["/dev/null", "no-disk"],
    ] as const) {
      await expect(openBlock(path, lifescan)).rejects.toEqual(
        expect.objectContaining({ code: "TRANSPORT_OPEN", context: expect.objectContaining({ path, reason }) }),
      );
    }
  });
});

describe("openBlock on a loop device", () => {
  let folder: string;
  let image: string;
  let device: string | null = null;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "glucohub-loop-"));
    image = join(folder, "disk.img");
    writeFileSync(image, new Uint8Array(BLOCKS * 512));
    try {
      device = execFileSync("losetup", ["-f", "--show", image], { encoding: "utf8", stdio: "pipe" }).trim();
    } catch {
      // No such program, or not this user: the tests are skipped.
    }
  });

  afterAll(() => {
    if (device !== null) execFileSync("losetup", ["-d", device]);
    rmSync(folder, { recursive: true, force: true });
  });

  function loop(skip: (unless: boolean, note: string) => void): { path: string; name: string; number: string } {
    skip(device === null, "this user can't make a loop device");
    const path = device ?? "";
    writeFileSync(image, Buffer.concat(Array.from({ length: BLOCKS }, (_, lba) => block(lba))));
    return { path, name: basename(path), number: deviceNumber(statSync(path, { bigint: true }).rdev) };
  }

  async function start(path: string, options?: BlockOptions): Promise<BlockTransport> {
    const transport = await openBlock(path, lifescan, undefined, options);
    open.push(transport);
    return transport;
  }

  test("reads past every cache: what changes on the disk is seen by the next read", async ({ skip }) => {
    const { path } = loop(skip);
    const transport = await start(path);
    expect(transport).toMatchObject({ kind: "block", name: path });
    for (const lba of [0, 3, BLOCKS - 1]) expect(await transport.readBlock(lba)).toEqual(block(lba));
    const first = await transport.readBlock(3);
    const file = await openFile(image, "r+");
    await file.write(block(3, 0xee), 0, 512, 3 * 512);
    await file.sync();
    await file.close();
    expect(await transport.readBlock(3)).toEqual(block(3, 0xee));
    expect(first).toEqual(block(3));
    const both = await Promise.all([transport.readBlock(4), transport.readBlock(5)]);
    expect(both).toEqual([block(4), block(5)]);
    for (const lba of [-1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER]) {
      await expect(transport.readBlock(lba)).rejects.toEqual(code("INTERNAL"));
    }
    // Past the end a disk gives nothing, as one does that was unplugged.
    await expect(transport.readBlock(BLOCKS)).rejects.toEqual(code("TRANSPORT_GONE"));
  });

  test("writes not a byte to a disk without a vendor, though it is asked again and again", async ({ skip }) => {
    const { path } = loop(skip);
    const before = readFileSync(image);
    const transport = await start(path);
    for (const lba of [0, 3, 4, 3]) {
      await expect(transport.writeBlock(lba, new Uint8Array(512))).rejects.toEqual(
        expect.objectContaining({ code: "METER_UNSUPPORTED", message: expect.stringContaining("nothing was written") }),
      );
    }
    expect(await transport.readBlock(3)).toEqual(block(3));
    await transport.close();
    execFileSync("sync", [image]);
    expect(readFileSync(image).equals(before)).toBe(true);
  });

  test("writes the block, and no other, to the disk whose vendor is proven", async ({ skip }) => {
    const { path, name, number } = loop(skip);
    listDisk(name, { dev: number, vendor: "LifeScan" });
    const before = readFileSync(image);
    const transport = await start(path, { sysDir });
    const given = block(3, 0xaa);
    const writing = transport.writeBlock(3, given);
    given.fill(0);
    await writing;
    expect(await transport.readBlock(3)).toEqual(block(3, 0xaa));
    await expect(transport.writeBlock(3, new Uint8Array(511))).rejects.toEqual(code("INTERNAL"));
    await transport.close();
    const after = readFileSync(image);
    expect(after.subarray(3 * 512, 4 * 512).equals(block(3, 0xaa))).toBe(true);
    before.set(block(3, 0xaa), 3 * 512);
    expect(after.equals(before)).toBe(true);
  });

  test("writes not a byte to a disk of another vendor, without one, or of another number", async ({ skip }) => {
    const { path, name, number } = loop(skip);
    const before = readFileSync(image);
    const cases = [
      { dev: number, vendor: "SanDisk" },
      { dev: number, vendor: "lifescan" },
      { dev: number },
      { dev: "8:16", vendor: "LifeScan" },
      { dev: number, vendor: "LifeScan", partition: "1" },
      {},
    ];
    expect(cases).toHaveLength(6);
    for (const files of cases) {
      rmSync(sysDir, { recursive: true, force: true });
      listDisk(name, files);
      const transport = await start(path, { sysDir });
      await expect(transport.writeBlock(3, new Uint8Array(512))).rejects.toEqual(code("METER_UNSUPPORTED"));
      // Coming true afterwards does not help: it was opened for reading.
      listDisk(name, { dev: number, vendor: "LifeScan" });
      await expect(transport.writeBlock(3, new Uint8Array(512))).rejects.toEqual(code("METER_UNSUPPORTED"));
      await transport.close();
    }
    execFileSync("sync", [image]);
    expect(readFileSync(image).equals(before)).toBe(true);
  });

  test("stops writing when the proof is gone in the middle, for good", async ({ skip }) => {
    const { path, name, number } = loop(skip);
    listDisk(name, { dev: number, vendor: "LifeScan" });
    const transport = await start(path, { sysDir });
    await transport.writeBlock(3, block(3, 1));
    listDisk(name, { vendor: "SanDisk" });
    await expect(transport.writeBlock(3, block(3, 2))).rejects.toEqual(code("METER_UNSUPPORTED"));
    listDisk(name, { vendor: "LifeScan" });
    await expect(transport.writeBlock(3, block(3, 2))).rejects.toEqual(code("METER_UNSUPPORTED"));
    expect(await transport.readBlock(3)).toEqual(block(3, 1));
  });

  test("does not open a disk that somebody else holds, as a mounted one is", async ({ skip }) => {
    const { path } = loop(skip);
    const holder = await openFile(path, constants.O_RDONLY | constants.O_EXCL);
    await expect(openBlock(path, lifescan)).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_OPEN", context: expect.objectContaining({ reason: "busy" }) }),
    );
    await holder.close();
    await start(path);
  });

  test("ends when the disk's node goes", async ({ skip }) => {
    const { path } = loop(skip);
    const link = join(root, "disk");
    execFileSync("mknod", [link, "b", ...deviceNumber(statSync(path, { bigint: true }).rdev).split(":")]);
    const transport = await start(link);
    rmSync(link);
    await vi.waitFor(() => expect(transport.readBlock(0)).rejects.toEqual(code("TRANSPORT_GONE")), { timeout: 5000 });
  });
});
