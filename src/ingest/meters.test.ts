import { describe, expect, onTestFinished, test } from "vitest";
import { onetouchUltra2 } from "../../drivers/onetouch-ultra2/index.js";
import {
  cable,
  clock as clockEvent,
  events,
  identity,
  look,
  NOW_MS,
  readings,
  runningClock,
  tempStore,
  told,
  until,
} from "../../test/helpers/ingest.js";
import { silentLog } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { SessionEvent } from "../domain/reading.js";
import type { MeterStatus } from "../domain/status.js";
import type { SerialDriver, SessionContext } from "../kit/driver.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import type { Store } from "../store/store.js";
import type { SerialAttachment } from "../transports/attachments.js";
import { type Meters, type MetersOptions, startMeters } from "./meters.js";
import { ownerBySerial } from "./owner.js";

const USB = { vendorId: "0403", productId: "6001", serial: null, product: "FT232R" };

/** The same identifiers as a driver claims them. */
const OWN = { vendorId: USB.vendorId, productId: USB.productId, source: "this test" };

function at(port: string, given: Partial<SerialAttachment> = {}): SerialAttachment {
  return { port, usb: USB, virtual: false, ...given };
}

type Script = (context: SessionContext) => AsyncIterable<SessionEvent>;

/** A driver that says at each port what the test wants said there. */
function scripted(scripts: Map<string, Script>, given: Partial<SerialDriver> = {}): SerialDriver {
  return {
    ...onetouchUltra2,
    id: "scripted",
    async *session(context) {
      const script = scripts.get(context.transport.name);
      if (script === undefined) throw new Problem("METER_TIMEOUT");
      yield* script(context);
    },
    ...given,
  };
}

const timeout: Script = () => events([], new Problem("METER_TIMEOUT"));
const meter =
  (serial: string, count: number): Script =>
  () =>
    events([identity(serial), clockEvent(), { type: "expect", count }, ...readings(count).map((one) => told(one))]);

async function bench(given: Partial<MetersOptions> = {}) {
  const store: Store = await tempStore();
  const clock = new VirtualClock(NOW_MS);
  const scripts = new Map<string, Script>();
  const statuses: MeterStatus[] = [];
  const opened: string[] = [];
  let tell: (list: readonly SerialAttachment[]) => void = () => undefined;
  let stored = 0;
  const meters: Meters = startMeters({
    drivers: [scripted(scripts, { usb: [{ ...OWN, ambiguous: false }] })],
    store,
    clock,
    ownerOf: ownerBySerial([], "Europe/London"),
    zone: "Europe/London",
    log: silentLog,
    async openMeter(_driver, path) {
      opened.push(path);
      return { ...cable({ receive: () => undefined }), name: path };
    },
    watchPorts: (onChange) => {
      tell = onChange;
    },
    onStatus: (status) => statuses.push(status),
    onStored: () => {
      stored += 1;
    },
    ...given,
  });
  onTestFinished(() => meters.stop());
  const state = async (port: string): Promise<string | undefined> =>
    (await meters.status()).find((status) => status.port === port)?.state;
  const becomes = (port: string, wanted: string): Promise<void> =>
    until(`${port} is ${wanted}`, async () => (await state(port)) === wanted);
  return {
    store,
    clock,
    scripts,
    statuses,
    opened,
    meters,
    becomes,
    attach: (...l: SerialAttachment[]) => tell(l),
    stored: () => stored,
  };
}

const opens = (list: readonly string[], port: string): number => list.filter((one) => one === port).length;

describe("an attached meter", () => {
  test("is read once, then left alone until it is plugged in again", async () => {
    const { store, clock, scripts, statuses, opened, meters, becomes, attach, stored } = await bench();
    scripts.set("/dev/ttyUSB0", meter("AAA", 3));
    attach(at("/dev/ttyUSB0"));
    await becomes("/dev/ttyUSB0", "done");
    expect(stored()).toBeGreaterThan(0);
    expect(statuses.map(({ state }) => state).filter((one, n, all) => one !== all[n - 1])).toEqual([
      "waiting",
      "reading",
      "done",
    ]);
    expect((await meters.status())[0]).toMatchObject({
      driver: "scripted",
      serial: "AAA",
      model: "Model",
      clockErrorMs: 0,
      lastRead: "2024-03-05T12:00:00.000Z",
      progress: { read: 3, expected: 3, new: 3 },
      detail: "Read to the end: 3 new, 0 known.",
    });

    attach(at("/dev/ttyUSB0"));
    for (let hour = 0; hour < 24; hour += 1) clock.advance(3_600_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(opened).toEqual(["/dev/ttyUSB0"]);

    attach();
    await until("it is away", async () => (await meters.status())[0]?.state === "away");
    expect(await meters.status()).toMatchObject([{ port: null, serial: "AAA", state: "away" }]);
    expect(statuses.at(-1)).toMatchObject({ port: null, serial: "AAA", state: "away" });

    scripts.set("/dev/ttyUSB0", meter("AAA", 5));
    attach(at("/dev/ttyUSB0"));
    await becomes("/dev/ttyUSB0", "done");
    expect(look(store, "SELECT count(*) AS n FROM records")).toEqual([{ n: 5 }]);
    expect(opened).toHaveLength(2);
  });

  test("is read again when a person asks, and only there", async () => {
    const { scripts, opened, meters, becomes, attach } = await bench();
    scripts.set("/dev/ttyUSB0", meter("AAA", 3));
    attach(at("/dev/ttyUSB0"), at("/dev/ttyUSB1", { usb: null }));
    await becomes("/dev/ttyUSB0", "done");
    expect(meters.readAgain("/dev/ttyUSB0")).toBe(true);
    await until("it was opened again", () => opened.length === 2);
    await becomes("/dev/ttyUSB0", "done");
    expect(meters.readAgain("/dev/ttyUSB1")).toBe(false);
    expect(meters.readAgain("/dev/ttyUSB9")).toBe(false);
  });

  test("that does not answer yet is tried after 2, 5, 10, 20 and then every 30 seconds, and leaves no captures", async () => {
    const { store, clock, scripts, opened, becomes, attach } = await bench();
    scripts.set("/dev/ttyUSB0", timeout);
    attach(at("/dev/ttyUSB0"));
    const pauses: number[] = [];
    for (let tries = 1; tries <= 7; tries += 1) {
      await until("it was tried and sleeps", () => opened.length === tries && clock.nextDue() !== null);
      const due = clock.nextDue() ?? 0;
      pauses.push((due - clock.now()) / 1000);
      clock.advance(due - clock.now() - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(opened.length).toBe(tries);
      clock.advance(1);
    }
    expect(pauses).toEqual([2, 5, 10, 20, 30, 30, 30]);
    await becomes("/dev/ttyUSB0", "waiting");
    expect(look(store, "SELECT count(*) AS n FROM captures")).toEqual([{ n: 0 }]);

    scripts.set("/dev/ttyUSB0", meter("AAA", 2));
    await until("it sleeps", () => opened.length === 8 && clock.nextDue() !== null);
    clock.advance(30_000);
    await becomes("/dev/ttyUSB0", "done");
  });

  test("whose port another program holds is shown as failed with what to do, and is tried again", async () => {
    let held = true;
    const opened: string[] = [];
    const { clock, scripts, meters, becomes, attach } = await bench({
      async openMeter(_driver, path) {
        opened.push(path);
        if (held) throw new Problem("TRANSPORT_OPEN", `${path} is in use by another program`);
        return { ...cable({ receive: () => undefined }), name: path };
      },
    });
    scripts.set("/dev/ttyUSB0", meter("AAA", 1));
    attach(at("/dev/ttyUSB0"));
    await becomes("/dev/ttyUSB0", "failed");
    expect((await meters.status())[0]?.detail).toMatch(/in use by another program\. Check that .* no other program/);
    held = false;
    clock.advance(2_000);
    await becomes("/dev/ttyUSB0", "done");
    expect(opened).toHaveLength(2);
  });

  test("that no known driver can talk to is not asked again and again", async () => {
    const { clock, scripts, opened, becomes, attach } = await bench();
    scripts.set("/dev/ttyUSB0", () => events([], new Problem("METER_UNSUPPORTED", "another model")));
    attach(at("/dev/ttyUSB0"));
    await becomes("/dev/ttyUSB0", "failed");
    expect(clock.nextDue()).toBeNull();
    expect(opened).toHaveLength(1);
  });

  test("that breaks off again and again is tried less and less", async () => {
    const { store, clock, scripts, opened, attach } = await bench();
    scripts.set("/dev/ttyUSB0", () => events([identity(), told(...readings(2))], new Problem("METER_STALLED")));
    attach(at("/dev/ttyUSB0"));
    const pauses: number[] = [];
    for (let tries = 1; tries <= 6; tries += 1) {
      await until("it was tried and sleeps", () => opened.length === tries && clock.nextDue() !== null);
      pauses.push(((clock.nextDue() ?? 0) - clock.now()) / 1000);
      clock.advanceToNext();
    }
    expect(pauses).toEqual([2, 5, 10, 20, 600, 600]);
    expect(look(store, "SELECT count(*) AS n FROM records")).toEqual([{ n: 2 }]);
  });
});

describe("two meters", () => {
  test("are read at once, each by itself, and neither is taken for the other", async () => {
    const { store, scripts, becomes, attach } = await bench();
    const met: string[] = [];
    let bothMet = (): void => undefined;
    const both = new Promise<void>((resolve) => {
      bothMet = resolve;
    });
    for (const [port, serial] of [
      ["/dev/ttyUSB0", "AAA"],
      ["/dev/ttyUSB1", "BBB"],
    ] as const) {
      scripts.set(port, async function* () {
        yield identity(serial);
        met.push(serial);
        if (met.length === 2) bothMet();
        // Neither goes on before the other has begun.
        await both;
        yield told(...readings(3));
      });
    }
    attach(at("/dev/ttyUSB0"), at("/dev/ttyUSB1"));
    await becomes("/dev/ttyUSB0", "done");
    await becomes("/dev/ttyUSB1", "done");
    expect(
      look(store, "SELECT json_extract(fields,'$.serial') AS s, count(*) AS n FROM records GROUP BY 1 ORDER BY 1"),
    ).toEqual([
      { s: "AAA", n: 3 },
      { s: "BBB", n: 3 },
    ]);
  });

  test("of which one is unplugged in the middle: it keeps what it told, the other goes on", async () => {
    const { store, clock, scripts, statuses, becomes, attach } = await bench();
    scripts.set("/dev/ttyUSB0", async function* () {
      yield identity("AAA");
      yield told(...readings(4));
      await new Promise(() => undefined);
    });
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    scripts.set("/dev/ttyUSB1", async function* () {
      yield identity("BBB");
      await gate;
      yield told(...readings(6));
    });
    attach(at("/dev/ttyUSB0"), at("/dev/ttyUSB1"));
    await until("the first has told four", () => look(store, "SELECT 1 FROM records").length === 4);
    attach(at("/dev/ttyUSB1"));
    clock.advance(2_500);
    await until("the first is away", () => statuses.some(({ serial, state }) => serial === "AAA" && state === "away"));
    expect(look(store, "SELECT outcome FROM meters WHERE serial = 'AAA'")).toEqual([{ outcome: "TRANSPORT_GONE" }]);
    expect(statuses.findLast(({ serial }) => serial === "AAA")?.detail).toMatch(/^Unplugged\..*4 new, 0 known/);
    goOn();
    await becomes("/dev/ttyUSB1", "done");

    scripts.set("/dev/ttyUSB0", meter("AAA", 7));
    attach(at("/dev/ttyUSB0"), at("/dev/ttyUSB1"));
    await becomes("/dev/ttyUSB0", "done");
    expect(
      look(store, "SELECT json_extract(fields,'$.serial') AS s, count(*) AS n FROM records GROUP BY 1 ORDER BY 1"),
    ).toEqual([
      { s: "AAA", n: 7 },
      { s: "BBB", n: 6 },
    ]);
  });
});

describe("what is attached", () => {
  test("and claimed by nobody is shown with its identifiers and never opened", async () => {
    const { opened, meters, attach } = await bench();
    attach(
      at("/dev/ttyUSB0", { usb: { vendorId: "1234", productId: "abcd", serial: null, product: "Printer" } }),
      at("/dev/ttyUSB1", { usb: null }),
    );
    expect(await meters.status()).toMatchObject([
      {
        port: "/dev/ttyUSB0",
        driver: null,
        state: "unclaimed",
        detail: "No driver claims the device 1234:abcd (Printer).",
      },
      { port: "/dev/ttyUSB1", driver: null, state: "unclaimed" },
    ]);
    expect(opened).toEqual([]);
  });

  test("and might be of several drivers is asked by each until one is answered, the sure one first", async () => {
    const asked: string[] = [];
    const answering = new Map([["/dev/ttyUSB0", meter("AAA", 2)]]);
    const driver = (id: string, ambiguous: boolean, answers: boolean): SerialDriver => {
      const inner = scripted(answers ? answering : new Map());
      return {
        ...inner,
        id,
        usb: [{ vendorId: "0403", productId: "6001", ambiguous, source: "test" }],
        session(context) {
          asked.push(id);
          return inner.session(context);
        },
      };
    };
    const drivers = [driver("maybe", true, true), driver("never", true, true), driver("sure", false, false)];
    const { meters, becomes, attach } = await bench({ drivers });
    attach(at("/dev/ttyUSB0"));
    await becomes("/dev/ttyUSB0", "done");
    expect(asked).toEqual(["sure", "maybe"]);
    expect((await meters.status())[0]?.driver).toBe("maybe");
  });

  test("with other identifiers than before is another device", async () => {
    const { scripts, opened, becomes, attach } = await bench();
    scripts.set("/dev/ttyUSB0", meter("AAA", 1));
    attach(at("/dev/ttyUSB0"));
    await becomes("/dev/ttyUSB0", "done");
    attach(at("/dev/ttyUSB0", { usb: { ...USB, serial: "other cable" } }));
    await until("it was opened again", () => opened.length === 2);
    await becomes("/dev/ttyUSB0", "done");
    expect(opens(opened, "/dev/ttyUSB0")).toBe(2);
  });
});

describe("the demo", () => {
  test("reads a virtual OneTouch Ultra 2 again and again, each new test once, without a capture for nothing new", async () => {
    const clock = runningClock(NOW_MS);
    const simulated = onetouchUltra2.simulate({
      count: 6,
      seed: 3,
      clock,
      zone: "Europe/London",
      newReadingEveryMs: 120_000,
    });
    const { store, becomes, attach, meters } = await bench({
      clock,
      drivers: [onetouchUltra2],
      rereadEveryMs: 4_000,
      openMeter: async () => cable(simulated),
    });
    const usb = { vendorId: simulated.usb.vendorId, productId: simulated.usb.productId, serial: null, product: null };
    attach(at("/dev/pts/9", { virtual: true, usb }));
    await becomes("/dev/pts/9", "done");
    expect((await meters.status())[0]).toMatchObject({ virtual: true, serial: simulated.serial });
    await until("three new tests came", () => look(store, "SELECT 1 FROM records").length >= 9);
    await meters.stop();
    const rows = look<{ d: string }>(
      store,
      "SELECT json_extract(fields,'$.deviceTime') AS d FROM records ORDER BY json_extract(fields,'$.deviceTime') DESC",
    );
    const all = simulated.memory.map(({ deviceTime }) => deviceTime);
    expect(all.slice(all.length - rows.length)).toEqual(rows.map(({ d }) => d));
    const captures = look<{ n: number }>(store, "SELECT json_extract(counts,'$.new') AS n FROM captures");
    expect(captures.every(({ n }) => n > 0)).toBe(true);
  });
});

describe("stopping", () => {
  test("ends a session that hangs, keeps what it told, and nothing goes on after", async () => {
    const { store, clock, scripts, opened, meters, attach } = await bench();
    scripts.set("/dev/ttyUSB0", async function* () {
      yield identity("AAA");
      yield told(...readings(4));
      await new Promise(() => undefined);
    });
    scripts.set("/dev/ttyUSB1", timeout);
    attach(at("/dev/ttyUSB0"), at("/dev/ttyUSB1"));
    await until("four are stored", () => look(store, "SELECT 1 FROM records").length === 4);
    await meters.stop();
    expect(look(store, "SELECT outcome FROM captures")).toEqual([{ outcome: "TRANSPORT_CANCELED" }]);
    const before = opened.length;
    attach(at("/dev/ttyUSB2"));
    clock.advance(3_600_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(opened.length).toBe(before);
    expect(clock.nextDue()).toBeNull();
  });
});
