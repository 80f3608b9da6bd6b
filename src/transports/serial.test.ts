import { afterEach, describe, expect, test, vi } from "vitest";
import { Problem } from "../domain/problem.js";
import { concat } from "../kit/bytes.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { openPty, type Pty } from "./pty.js";
import { openSerial } from "./serial.js";
import { openProblem } from "./serial-open.js";

const settings = { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;
const open: { close(): Promise<void> }[] = [];

function owned<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one);
  return one;
}

async function pty(): Promise<Pty> {
  return owned(await openPty());
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

/** Share of one core that this process uses over a while. */
async function load(overMs: number): Promise<number> {
  const before = process.cpuUsage();
  const start = performance.now();
  await vi.waitUntil(() => performance.now() - start > overMs, { timeout: overMs * 4, interval: overMs });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - start);
}

describe("openSerial", () => {
  test("carries 200 kB each way, complete and in order, at the same time", async () => {
    const meter = await pty();
    const transport = owned(await openSerial(meter.path, settings));
    const sent = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
    const up: Uint8Array[] = [];
    let received = 0;
    meter.onData((bytes) => {
      up.push(bytes);
      received += bytes.length;
    });
    const down: Uint8Array[] = [];
    const reading = (async () => {
      for (let got = 0; got < sent.length; ) {
        const bytes = await transport.read();
        expect(bytes.length).toBeGreaterThan(0);
        down.push(bytes);
        got += bytes.length;
      }
    })();
    meter.send(sent);
    for (let at = 0; at < sent.length; at += 1000) await transport.write(sent.subarray(at, at + 1000));
    await reading;
    await vi.waitUntil(() => received >= sent.length, { timeout: 5000 });
    expect(concat(down)).toEqual(sent);
    expect(concat(up)).toEqual(sent);
  });

  test("keeps what comes between reads and after an aborted one", async () => {
    const meter = await pty();
    const transport = owned(await openSerial(meter.path, settings));
    const reason = new Error("enough");
    const abort = new AbortController();
    const reading = transport.read(abort.signal);
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(transport.write(Uint8Array.of(1), abort.signal)).rejects.toBe(reason);
    meter.send(Uint8Array.of(1, 2, 3));
    expect(await transport.read()).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("ends what is pending at close, which may be called twice", async () => {
    const meter = await pty();
    const transport = await openSerial(meter.path, settings);
    const reading = expect(transport.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await transport.close();
    await transport.close();
    await reading;
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_CANCELED"));
    await expect(transport.write(Uint8Array.of(1))).rejects.toEqual(code("TRANSPORT_CANCELED"));
    // The lock is given back.
    const again = await openSerial(meter.path, settings);
    await again.close();
  });

  test("says why a port does not open", async () => {
    const meter = await pty();
    owned(await openSerial(meter.path, settings));
    const reasons = [
      ["/dev/ttyUSB-none", "missing"],
      [meter.path, "busy"],
      ["/dev/null", "no-port"],
    ] as const;
    for (const [path, reason] of reasons) {
      await expect(openSerial(path, settings)).rejects.toEqual(
        expect.objectContaining({ code: "TRANSPORT_OPEN", context: expect.objectContaining({ path, reason }) }),
      );
    }
    const denied = openProblem("/dev/ttyUSB0", new Error("Error: Permission denied, cannot open /dev/ttyUSB0"));
    expect(denied.context["reason"]).toBe("permission");
    expect(denied.message).toContain("dialout");
    const other = openProblem("/dev/ttyUSB0", new Error("Error: Input/output error setting custom baud rate of 1"));
    expect([other.context["reason"], other.message]).toEqual([
      "other",
      "/dev/ttyUSB0 could not be opened: Input/output error setting custom baud rate of 1",
    ]);
  });

  test("names the package that is missing, and obeys its signal", async () => {
    const library = (): Promise<never> => Promise.reject(new Error("Cannot find package"));
    await expect(openSerial("/dev/null", settings, undefined, { loadLibrary: library })).rejects.toEqual(
      expect.objectContaining({ code: "TRANSPORT_LIBRARY", message: expect.stringContaining("serialport") }),
    );
    const reason = new Error("enough");
    await expect(openSerial("/dev/null", settings, AbortSignal.abort(reason))).rejects.toBe(reason);
    const meter = await pty();
    const abort = new AbortController();
    const opening = openSerial(meter.path, settings, abort.signal);
    abort.abort(reason);
    await expect(opening).rejects.toBe(reason);
    // What opened all the same was closed: the lock comes free.
    await vi.waitFor(async () => owned(await openSerial(meter.path, settings)), { timeout: 2000 });
  });

  test("ends with FRAME_MALFORMED, after what it kept, when nobody reads a flood", async () => {
    const meter = await pty();
    const transport = owned(await openSerial(meter.path, settings, undefined, { inboxBytes: 10_000 }));
    meter.send(new Uint8Array(50_000).fill(7));
    await vi.waitFor(() => expect(transport.write(Uint8Array.of(1))).rejects.toEqual(code("FRAME_MALFORMED")));
    const kept: Uint8Array[] = [];
    const failure = await (async () => {
      for (;;) kept.push(await transport.read());
    })().catch((error: unknown) => error);
    expect(failure).toEqual(code("FRAME_MALFORMED"));
    expect(concat(kept).length).toBeGreaterThan(0);
    expect(concat(kept).length).toBeLessThanOrEqual(10_000);
  });

  test("gives a write up that the system does not take within its bound", async () => {
    const meter = await pty();
    const clock = new VirtualClock(0);
    const opening = openSerial(meter.path, settings, undefined, { clock });
    const transport = owned(await opening);
    // Stopped, the far side takes nothing, and the system's own buffer fills.
    process.kill(meter.pid, "SIGSTOP");
    const writing = transport.write(new Uint8Array(1_000_000)).catch((error: unknown) => error);
    await vi.waitUntil(() => clock.nextDue() !== null);
    clock.advance(4999);
    expect(await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 50, "waiting"))])).toBe("waiting");
    clock.advance(1);
    const problem = await writing;
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toEqual(code("TRANSPORT_GONE"));
    await expect(transport.read()).rejects.toEqual(code("TRANSPORT_GONE"));
  });

  test("meets 20 unpluggings under traffic, each within 2 s, and rests afterwards", { timeout: 60_000 }, async () => {
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const meter = await pty();
      const transport = owned(await openSerial(meter.path, settings));
      let writing: Promise<void> | null = null;
      if (round % 4 === 0) {
        // Both ways until the end.
        meter.onData((bytes) => meter.send(bytes));
        writing = (async () => {
          for (;;) await transport.write(new Uint8Array(64).fill(round));
        })();
        for (let got = 0; got < 2000; ) got += (await transport.read()).length;
      } else {
        // The cable is pulled in the middle of what the meter says: nearly always the library then reads nothing over
        // and over and reports nothing, and only the look at the device node ends it.
        meter.send(new Uint8Array(20_000).fill(round));
        await transport.read();
        if (round % 4 === 3) await transport.write(Uint8Array.of(round));
      }
      const failed = writing?.catch((error: unknown) => error) ?? null;
      const start = performance.now();
      meter.kill();
      const failure = await (async () => {
        for (;;) await transport.read();
      })().catch((error: unknown) => error);
      took.push(performance.now() - start);
      expect(failure).toEqual(code("TRANSPORT_GONE"));
      expect(await failed).toEqual(round % 4 === 0 ? code("TRANSPORT_GONE") : null);
    }
    expect(took).toHaveLength(20);
    expect(Math.max(...took)).toBeLessThan(10_000);
    expect(await load(500)).toBeLessThan(0.5);
  });

  test("learns of an unplugging while nobody reads, idle or just written to, and gives what had come first", async () => {
    for (const traffic of [false, true]) {
      const meter = await pty();
      const transport = owned(await openSerial(meter.path, settings));
      meter.send(Uint8Array.of(1, 2, 3));
      expect((await transport.read()).length).toBeGreaterThan(0);
      if (traffic) void transport.write(Uint8Array.of(9)).catch(() => undefined);
      meter.kill();
      await vi.waitFor(() => expect(transport.write(Uint8Array.of(1))).rejects.toEqual(code("TRANSPORT_GONE")), {
        timeout: 10_000,
      });
      await expect(transport.read()).rejects.toEqual(code("TRANSPORT_GONE"));
    }
    expect(await load(300)).toBeLessThan(0.5);
  });
});
