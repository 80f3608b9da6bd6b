import { EventEmitter } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HidTransport } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { type HidOptions, openHid } from "./hid.js";
import { type HidLibrary, hidLibrary, hidOpenProblem } from "./hid-open.js";

let root: string;
let path: string;
const open: HidTransport[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "glucohub-hid-"));
  path = join(root, "hidraw0");
  writeFileSync(path, "");
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  rmSync(root, { recursive: true, force: true });
});

/** The library's device: emits `data` with buffers and `error` with a text, and answers calls as it is told. */
class FakeDevice extends EventEmitter {
  readonly written: string[] = [];
  closed = 0;
  answer: () => Promise<number> | undefined = () => undefined;

  async write(report: Buffer): Promise<number> {
    this.written.push(`out ${report.toString("hex")}`);
    return (await this.answer()) ?? report.length;
  }

  async sendFeatureReport(report: Buffer): Promise<number> {
    this.written.push(`feature ${report.toString("hex")}`);
    return (await this.answer()) ?? report.length;
  }

  async getFeatureReport(id: number, length: number): Promise<Buffer> {
    await this.answer();
    return Buffer.from(Uint8Array.from({ length }, (_, at) => (at === 0 ? id : at)));
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

function library(opened: () => Promise<FakeDevice>): HidLibrary {
  return async () => ({ HIDAsync: { open: opened } }) as unknown as Awaited<ReturnType<HidLibrary>>;
}

async function start(options: HidOptions = {}): Promise<{ device: FakeDevice; transport: HidTransport }> {
  const device = new FakeDevice();
  const transport = await openHid(path, undefined, { loadLibrary: library(async () => device), ...options });
  open.push(transport);
  return { device, transport };
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

describe("openHid", () => {
  test("carries whole reports both ways, feature reports among them, and keeps what comes between reads", async () => {
    const { device, transport } = await start();
    device.emit("data", Buffer.from([1, 2, 3]));
    device.emit("data", Buffer.from([4, 5, 6]));
    await transport.write(Uint8Array.of(0, 0xa0));
    await transport.setFeature(Uint8Array.of(0x41, 1));
    expect(device.written).toEqual(["out 00a0", "feature 4101"]);
    expect(await transport.getFeature(0x50, 3)).toEqual(Uint8Array.of(0x50, 1, 2));
    expect([await transport.read(), await transport.read()]).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)]);
    await expect(transport.write(new Uint8Array())).rejects.toEqual(code("INTERNAL"));
    await transport.write(Uint8Array.of(0));
    expect(transport).toMatchObject({ kind: "hid", name: path });
  });

  test("gives a copy: what the library does with its buffer afterwards changes no report", async () => {
    const { device, transport } = await start();
    const buffer = Buffer.from([1, 2]);
    device.emit("data", buffer);
    buffer.fill(9);
    expect(await transport.read()).toEqual(Uint8Array.of(1, 2));
  });

  test("ends in TRANSPORT_GONE when the library emits its text, after the reports that had come", async () => {
    const { device, transport } = await start();
    device.emit("data", Buffer.from([1]));
    device.emit("error", "could not read from HID device: device disconnected");
    await vi.waitFor(() => expect(device.closed).toBe(1));
    expect(await transport.read()).toEqual(Uint8Array.of(1));
    await expect(transport.read()).rejects.toEqual(
      expect.objectContaining({
        code: "TRANSPORT_GONE",
        message: `${path} went away: could not read from HID device: device disconnected`,
      }),
    );
    await expect(transport.write(Uint8Array.of(0))).rejects.toEqual(code("TRANSPORT_GONE"));
    expect(device.written).toEqual([]);
    await transport.close();
    expect(device.closed).toBe(1);
  });

  test("ends a read and a write that are pending when the node goes, though the library says nothing", async () => {
    const { device, transport } = await start();
    device.answer = () => new Promise(() => undefined);
    const reading = transport.read().catch((error: unknown) => error);
    const writing = transport.write(Uint8Array.of(0, 1)).catch((error: unknown) => error);
    const began = performance.now();
    rmSync(path);
    expect(await Promise.all([reading, writing])).toEqual([code("TRANSPORT_GONE"), code("TRANSPORT_GONE")]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(device.written).toEqual(["out 0001"]);
  });

  test("takes another device under the same path for what it is: the first one is gone", async () => {
    const { transport } = await start();
    // Made while the first one is there, it can't have the same inode number.
    writeFileSync(join(root, "other"), "");
    renameSync(join(root, "other"), path);
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_GONE"));
  });

  test("ends at a write that fails or is taken in part only: nobody knows what the meter has got", async () => {
    const answers = [() => Promise.reject(new Error("Cannot write to hid device: No such device")), async () => 1];
    for (const answer of answers) {
      const { device, transport } = await start();
      device.answer = answer;
      await expect(transport.write(Uint8Array.of(0, 1, 2))).rejects.toEqual(code("TRANSPORT_GONE"));
      await expect(transport.read()).rejects.toEqual(code("TRANSPORT_GONE"));
      expect(device.closed).toBe(1);
    }
  });

  test("gives a write up that the system does not take within its bound", async () => {
    const clock = new VirtualClock(0);
    const { device, transport } = await start({ clock });
    device.answer = () => new Promise(() => undefined);
    let state: unknown = "waiting";
    const writing = transport.write(Uint8Array.of(0, 1)).catch((error: unknown) => {
      state = error;
    });
    clock.advance(4999);
    await new Promise(setImmediate);
    expect(state).toBe("waiting");
    clock.advance(1);
    await writing;
    expect(state).toEqual(code("TRANSPORT_GONE"));
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_GONE"));
  });

  test("ends with FRAME_MALFORMED, after what it kept, when nobody reads a flood", async () => {
    const { device, transport } = await start({ inboxReports: 3 });
    for (let i = 0; i < 10; i += 1) device.emit("data", Buffer.from([i]));
    await vi.waitFor(() => expect(transport.write(Uint8Array.of(0))).rejects.toEqual(code("FRAME_MALFORMED")));
    const kept = [await transport.read(), await transport.read(), await transport.read()];
    expect(kept).toEqual([0, 1, 2].map((one) => Uint8Array.of(one)));
    await expect(transport.read()).rejects.toEqual(code("FRAME_MALFORMED"));
  });

  test("obeys its signals, and an aborted read loses nothing", async () => {
    const { device, transport } = await start();
    const reason = new Error("enough");
    const abort = new AbortController();
    const reading = transport.read(abort.signal);
    device.answer = () => new Promise(() => undefined);
    const writing = transport.write(Uint8Array.of(0), abort.signal);
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(writing).rejects.toBe(reason);
    await expect(transport.getFeature(1, 2, abort.signal)).rejects.toBe(reason);
    device.emit("data", Buffer.from([7]));
    expect(await transport.read()).toEqual(Uint8Array.of(7));
    await expect(openHid(path, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test("ends what is pending at close, which may be called twice and throws never", async () => {
    const { device, transport } = await start();
    device.emit("data", Buffer.from([7]));
    device.close = async () => {
      device.closed += 1;
      throw new Error("device is already closed");
    };
    device.answer = () => new Promise(() => undefined);
    const writing = expect(transport.write(Uint8Array.of(0))).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await transport.close();
    await transport.close();
    await writing;
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await expect(transport.setFeature(Uint8Array.of(0))).rejects.toEqual(code("TRANSPORT_CANCELED"));
    expect(device.closed).toBe(1);
  });

  test("waits for a close that hangs behind a call only within its bound", async () => {
    const clock = new VirtualClock(0);
    const { device, transport } = await start({ clock });
    device.close = () => new Promise(() => undefined);
    const closing = transport.close();
    await vi.waitUntil(() => clock.nextDue() !== null);
    clock.advance(1000);
    await closing;
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
  });

  test("closes a device that opens after nobody wanted it any more, or too late", async () => {
    for (const slow of [false, true]) {
      const clock = new VirtualClock(0);
      const device = new FakeDevice();
      let done: (device: FakeDevice) => void = () => undefined;
      const loadLibrary = library(() => new Promise((resolve) => (done = resolve)));
      const abort = new AbortController();
      const reason = new Error("enough");
      const opening = openHid(path, abort.signal, { clock, loadLibrary }).catch((error: unknown) => error);
      await new Promise(setImmediate);
      if (slow) clock.advance(5000);
      else abort.abort(reason);
      const slowly = expect.objectContaining({ code: "TRANSPORT_OPEN", context: { path, reason: "slow" } });
      expect(await opening).toEqual(slow ? slowly : reason);
      done(device);
      await vi.waitFor(() => expect(device.closed).toBe(1));
    }
  });

  test("says why a device does not open", async () => {
    const reasons = [
      ["Failed to open a device with path '/dev/hidraw0': No such file or directory", "missing"],
      ["Failed to open a device with path '/dev/hidraw0': Permission denied", "permission"],
      ["Failed to open a device with path '/dev/hidraw0': Device or resource busy", "busy"],
      ["ioctl(GRDESCSIZE) error for '/dev/null', not a HIDRAW device?: Inappropriate ioctl for device", "no-device"],
      ["Failed to open a device with path '/dev/hidraw0': Too many open files", "other"],
    ] as const;
    for (const [said, reason] of reasons) {
      // The library rejects with an error, or with its words alone.
      for (const thrown of [new Error(said), said]) {
        const loadLibrary = library(() => Promise.reject(thrown));
        await expect(openHid("/dev/hidraw0", undefined, { loadLibrary })).rejects.toEqual(
          expect.objectContaining({ code: "TRANSPORT_OPEN", context: { path: "/dev/hidraw0", reason, said } }),
        );
      }
    }
    expect(hidOpenProblem(path, "Permission denied").message).toContain("70-glucohub.rules");
  });

  test("names what is missing: the system's library or the package", async () => {
    const linked = "libusb-1.0.so.0: cannot open shared object file: No such file or directory";
    const cases = [
      [library(() => Promise.reject(new Error(linked))), "libusb-1.0-0"],
      [() => Promise.reject(new Error(linked)), "libusb-1.0-0"],
      [() => Promise.reject(new Error("Cannot find package 'node-hid'")), "node-hid"],
    ] as const;
    expect(cases).toHaveLength(3);
    for (const [loadLibrary, name] of cases) {
      await expect(openHid(path, undefined, { loadLibrary })).rejects.toEqual(
        expect.objectContaining({
          code: "TRANSPORT_LIBRARY",
          message: expect.stringContaining(name),
          context: expect.objectContaining({ package: name }),
        }),
      );
    }
  });

  test("is understood by the real library where that loads: what is no HID device is told from what is missing", async ({
    skip,
  }) => {
    const loads = await hidLibrary()
      .then(({ HIDAsync }) => HIDAsync.open("/dev/none"))
      .then(
        () => false,
        (error: unknown) => !/shared object/.test(String(error)),
      );
    skip(!loads, "libusb is not installed");
    const reason = (of: string): Promise<unknown> =>
      openHid(of).catch((error: { context?: { reason?: string } }) => error.context?.reason);
    expect(await Promise.all([reason("/dev/hidraw-none"), reason("/dev/null"), reason(root)])).toEqual([
      "missing",
      "no-device",
      "no-device",
    ]);
  });
});
