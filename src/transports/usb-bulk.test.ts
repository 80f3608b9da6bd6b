import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StreamTransport } from "../kit/transport.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { type BulkOptions, openBulk } from "./usb-bulk.js";
import { type BulkAddress, type UsbLibrary, usbLibrary } from "./usb-open.js";

type Done = (error: Error | undefined, buffer: Buffer, count: number) => void;

const PACKET = 64;
const open: StreamTransport[] = [];
let devDir: string;
let node: string;

beforeEach(() => {
  devDir = mkdtempSync(join(tmpdir(), "glucohub-usb-"));
  mkdirSync(join(devDir, "bus/usb/001"), { recursive: true });
  node = join(devDir, "bus/usb/001/009");
  writeFileSync(node, "");
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  rmSync(devDir, { recursive: true, force: true });
});

function failure(message: string, errno: number): Error {
  return Object.assign(new Error(message), { errno });
}

/** The library's device: transfers stay under way until the test ends them; what happens is written down in `did`. */
class FakeUsb {
  readonly busNumber = 1;
  readonly deviceAddress = 9;
  readonly portNumbers = [1, 2];
  readonly did: string[] = [];
  interfaces: object[] | undefined = undefined;
  kernelDriver = false;
  endpoints = [this.#endpoint("in", 2), this.#endpoint("in", 3), this.#endpoint("out", 2)];
  fails: Partial<Record<"open" | "claim" | "status", Error>> = {};
  takesWrites = true;
  /** Called when the status is asked for, before it is answered. */
  asked: () => void = () => undefined;
  /** How many transfers are under way. */
  pending = 0;
  #input: { readonly buffer: Buffer; readonly done: Done } | null = null;

  open(): void {
    if (this.fails.open !== undefined) throw this.fails.open;
    this.did.push("open");
    this.interfaces = [
      {
        interfaceNumber: 0,
        endpoints: this.endpoints,
        isKernelDriverActive: () => this.kernelDriver,
        detachKernelDriver: () => this.did.push("detach"),
        attachKernelDriver: () => this.did.push("attach"),
        claim: () => {
          if (this.fails.claim !== undefined) throw this.fails.claim;
          this.did.push("claim");
        },
        releaseAsync: async () => {
          this.did.push("release");
        },
      },
      { interfaceNumber: 5, endpoints: [] },
    ];
  }

  close(): void {
    // As the real one does.
    if (this.pending > 0) throw new Error("Can't close device with a pending request");
    this.did.push("close");
    this.interfaces = undefined;
  }

  controlTransfer(...args: [number, number, number, number, number, (error?: Error) => void]): void {
    this.did.push(`control ${args.slice(0, 5).join(" ")}`);
    this.asked();
    setImmediate(() => args[5](this.fails.status));
  }

  /** The meter sends one packet. */
  async say(bytes: number[]): Promise<void> {
    await vi.waitUntil(() => this.#input !== null);
    const { buffer, done } = this.#input ?? { buffer: Buffer.alloc(0), done: () => undefined };
    this.#input = null;
    Buffer.from(bytes).copy(buffer);
    done(undefined, buffer, bytes.length);
    // The library uses the memory as it likes afterwards.
    await new Promise(setImmediate);
  }

  async fail(error: Error): Promise<void> {
    await vi.waitUntil(() => this.#input !== null);
    this.#input?.done(error, Buffer.alloc(0), 0);
  }

  #endpoint(direction: "in" | "out", transferType: number): object {
    const descriptor = { wMaxPacketSize: PACKET };
    const makeTransfer = (_timeout: number, callback: Done): object => {
      const done: Done = (...args) => {
        this.pending -= 1;
        callback(...args);
      };
      return {
        submit: (buffer: Buffer) => {
          this.pending += 1;
          if (direction === "in") this.#input = { buffer, done };
          else {
            this.did.push(`out ${buffer.toString("hex")}`);
            if (this.takesWrites) setImmediate(() => done(undefined, buffer, buffer.length));
            else this.#stuck = done;
          }
        },
        cancel: () => {
          const canceled = failure("LIBUSB_TRANSFER_CANCELLED", 3);
          setImmediate(() => (direction === "in" ? this.#input?.done : this.#stuck)?.(canceled, Buffer.alloc(0), 0));
        },
      };
    };
    return { direction, transferType, descriptor, makeTransfer };
  }

  #stuck: Done | null = null;
}

function library(...devices: FakeUsb[]): UsbLibrary {
  return async () => ({ getDeviceList: () => devices }) as unknown as Awaited<ReturnType<UsbLibrary>>;
}

async function start(
  device: FakeUsb,
  options: BulkOptions = {},
  address: BulkAddress = "usb:1-1.2",
): Promise<StreamTransport> {
  const transport = await openBulk(address, 0, undefined, { loadLibrary: library(device), devDir, ...options });
  open.push(transport);
  return transport;
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

describe("openBulk", () => {
  test("claims the interface, asks for the status first, and carries bytes both ways", async () => {
    const device = new FakeUsb();
    const transport = await start(device);
    expect(device.did).toEqual(["open", "claim", "control 128 0 0 0 2"]);
    await device.say([0xe2, 0, 0, 1]);
    await device.say([]);
    await device.say([7]);
    expect(await transport.read()).toEqual(Uint8Array.of(0xe2, 0, 0, 1, 7));
    await transport.write(Uint8Array.of(0xe3, 0));
    await transport.write(new Uint8Array());
    expect(device.did.slice(3)).toEqual(["out e300"]);
    await transport.close();
    await transport.close();
    expect(device.did.slice(4)).toEqual(["release", "close"]);
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await expect(transport.write(Uint8Array.of(1))).rejects.toEqual(code("TRANSPORT_CANCELED"));
    expect(transport).toMatchObject({ kind: "stream", name: "usb:1-1.2" });
  });

  test("ends a write whose last packet is full with an empty one, so that the meter does not wait for more", async () => {
    const device = new FakeUsb();
    const transport = await start(device);
    await transport.write(new Uint8Array(PACKET).fill(1));
    await transport.write(new Uint8Array(PACKET + 1).fill(2));
    expect(device.did.slice(3)).toEqual([`out ${"01".repeat(64)}`, "out ", `out ${"02".repeat(65)}`]);
  });

  test("sends the kernel's driver away and brings it back", async () => {
    const device = new FakeUsb();
    device.kernelDriver = true;
    const transport = await start(device, {}, { bus: 1, device: 9 });
    await transport.close();
    expect(device.did).toEqual(["open", "detach", "claim", "control 128 0 0 0 2", "release", "attach", "close"]);
    expect(transport.name).toBe("usb:1/9");
  });

  test("ends a pending read when the transfer fails, after the bytes that had come, and gives all back", async () => {
    const device = new FakeUsb();
    const transport = await start(device);
    await device.say([1, 2]);
    await device.fail(failure("LIBUSB_TRANSFER_NO_DEVICE", 5));
    await vi.waitUntil(() => device.did.includes("close"));
    expect(await transport.read()).toEqual(Uint8Array.of(1, 2));
    await expect(transport.read()).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_GONE", message: "usb:1-1.2 went away: LIBUSB_TRANSFER_NO_DEVICE" }),
    );
    expect(device.did.slice(3)).toEqual(["release", "close"]);
  });

  test("ends a read and a write that are pending when the node goes, though the library says nothing", async () => {
    const device = new FakeUsb();
    device.takesWrites = false;
    const transport = await start(device);
    const reading = transport.read().catch((error: unknown) => error);
    const writing = transport.write(Uint8Array.of(1)).catch((error: unknown) => error);
    rmSync(node);
    expect(await Promise.all([reading, writing])).toEqual([code("TRANSPORT_GONE"), code("TRANSPORT_GONE")]);
    await vi.waitUntil(() => device.did.includes("close"));
    expect(device.pending).toBe(0);
  });

  test("gives a write up that the device does not take within its bound", async () => {
    const clock = new VirtualClock(0);
    const device = new FakeUsb();
    device.takesWrites = false;
    const transport = await start(device, { clock });
    const writing = transport.write(Uint8Array.of(1)).catch((error: unknown) => error);
    clock.advance(5000);
    expect(await writing).toEqual(code("TRANSPORT_GONE"));
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_GONE"));
    expect(device.did.slice(3)).toEqual(["out 01", "release", "close"]);
  });

  test("ends with FRAME_MALFORMED, after what it kept, when nobody reads a flood", async () => {
    const device = new FakeUsb();
    const transport = await start(device, { inboxBytes: 5 });
    await device.say([1, 2, 3]);
    await device.say([4, 5, 6]);
    await vi.waitUntil(() => device.did.includes("close"));
    expect(await transport.read()).toEqual(Uint8Array.of(1, 2, 3));
    await expect(transport.read()).rejects.toEqual(code("FRAME_MALFORMED"));
  });

  test("obeys its signals, and an aborted read loses nothing", async () => {
    const device = new FakeUsb();
    const transport = await start(device);
    const reason = new Error("enough");
    const abort = new AbortController();
    const reading = transport.read(abort.signal);
    device.takesWrites = false;
    const writing = transport.write(Uint8Array.of(1), abort.signal);
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(writing).rejects.toBe(reason);
    await device.say([7]);
    expect(await transport.read()).toEqual(Uint8Array.of(7));
  });

  test("gives everything back when it is aborted or fails in the middle of opening", async () => {
    const reason = new Error("enough");
    const aborted = new FakeUsb();
    const abort = new AbortController();
    aborted.asked = () => abort.abort(reason);
    const loadLibrary = library(aborted);
    await expect(openBulk("usb:1-1.2", 0, abort.signal, { loadLibrary, devDir })).rejects.toBe(reason);
    await vi.waitFor(() => expect(aborted.did.slice(3)).toEqual(["release", "close"]));

    const mute = new FakeUsb();
    mute.fails.status = failure("LIBUSB_TRANSFER_STALL", 4);
    await expect(start(mute)).rejects.toEqual(code("TRANSPORT_OPEN"));
    await vi.waitFor(() => expect(mute.did.slice(3)).toEqual(["release", "close"]));

    const other = new FakeUsb();
    other.endpoints = other.endpoints.slice(0, 2);
    await expect(start(other)).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_OPEN", context: { path: "usb:1-1.2", reason: "no-device" } }),
    );
    await vi.waitFor(() => expect(other.did.slice(3)).toEqual(["release", "close"]));

    const held = new FakeUsb();
    held.kernelDriver = true;
    held.fails.claim = failure("LIBUSB_ERROR_BUSY", -6);
    await expect(start(held)).rejects.toEqual(code("TRANSPORT_OPEN"));
    expect(held.did).toEqual(["open", "detach", "attach", "close"]);
  });

  test("says why a device does not open", async () => {
    const reason = async (device: FakeUsb, address: BulkAddress = "usb:1-1.2", number = 0): Promise<unknown> =>
      await openBulk(address, number, undefined, { loadLibrary: library(device), devDir }).catch(
        (error: { code: string; context: { reason: string } }) => `${error.code} ${error.context.reason}`,
      );
    const failing = (errno: number): FakeUsb => {
      const device = new FakeUsb();
      device.fails.open = failure("LIBUSB_ERROR", errno);
      return device;
    };
    const already = new FakeUsb();
    already.open();
    expect(
      await Promise.all([
        reason(new FakeUsb(), "usb:1-1"),
        reason(new FakeUsb(), { bus: 2, device: 9 }),
        reason(failing(-3)),
        reason(failing(-4)),
        reason(failing(-6)),
        reason(failing(-99)),
        reason(already),
        reason(new FakeUsb(), "usb:1-1.2", 5),
      ]),
    ).toEqual(
      ["missing", "missing", "permission", "missing", "busy", "other", "busy", "no-device"].map(
        (one) => `TRANSPORT_OPEN ${one}`,
      ),
    );
    await expect(start(failing(-3))).rejects.toEqual(
      expect.objectContaining({ message: expect.stringContaining("70-glucohub.rules") }),
    );
  });

  test("names what is missing, and the real library loads here and finds no such device", async () => {
    const broken = (): Promise<never> => Promise.reject(new Error("libudev.so.1: cannot open shared object file"));
    await expect(openBulk("usb:1-1", 0, undefined, { loadLibrary: broken })).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_LIBRARY", message: expect.stringContaining("libudev1") }),
    );
    await expect(openBulk("usb:99-1", 0, undefined, { loadLibrary: usbLibrary })).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_OPEN", context: expect.objectContaining({ reason: "missing" }) }),
    );
  });
});
