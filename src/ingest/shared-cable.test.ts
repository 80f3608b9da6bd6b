import { expect, onTestFinished, test } from "vitest";
import { onetouchUltra2 } from "../../drivers/onetouch-ultra2/index.js";
import {
  cable,
  clock as clockEvent,
  events,
  identity,
  look,
  NOW_MS,
  readings,
  tempStore,
  told,
  until,
} from "../../test/helpers/ingest.js";
import { silentLog } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { SerialDriver } from "../kit/driver.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { startMeters } from "./meters.js";
import { ownerBySerial } from "./owner.js";

const CHIP = { vendorId: "0403", productId: "6001", ambiguous: true, source: "this test" };
const PORT = "/dev/ttyUSB0";

/** A cable of a kind that three drivers know, and what hangs on it: a driver's name and a serial number, or nothing. */
async function bench({ listens = false } = {}) {
  const store = await tempStore();
  const clock = new VirtualClock(NOW_MS);
  const asked: string[] = [];
  const jack: { meter: { driver: string; serial: string | null } | null; switchOn(): void } = {
    meter: null,
    switchOn: () => undefined,
  };
  const driver = (id: string, rank: number): SerialDriver => ({
    ...onetouchUltra2,
    id,
    usb: [CHIP],
    probe: { rank, withinMs: 1_000, ...(listens && id === "listens" ? { listens: true } : {}) },
    async *session({ patience, signal }) {
      asked.push(`${id} ${patience}`);
      if (patience === "full") {
        await new Promise<void>((resolve, reject) => {
          jack.switchOn = resolve;
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      }
      if (jack.meter?.driver !== id) throw new Problem(id === "words" ? "FRAME_MALFORMED" : "METER_TIMEOUT");
      yield* events([identity(jack.meter.serial), clockEvent(), ...readings(2).map((one) => told(one))]);
    },
  });
  const attached = { port: PORT, usb: { ...CHIP, serial: null, product: null }, virtual: false };
  const start = () => {
    const meters = startMeters({
      drivers: [driver("words", 30), driver("bytes", 20), driver("listens", 10)],
      store,
      clock,
      ownerOf: ownerBySerial([], "Europe/London"),
      zone: "Europe/London",
      log: silentLog,
      openMeter: async (_driver, path) => ({ ...cable({ receive: () => undefined }), name: path }),
      watchPorts: (onChange) => onChange([attached]),
      onStatus: () => undefined,
      onStored: () => undefined,
    });
    onTestFinished(() => meters.stop());
    return meters;
  };
  const pause = async (): Promise<number> => {
    await until("the port is left alone", () => clock.nextDue() !== null);
    return (clock.nextDue() ?? 0) - clock.now();
  };
  /** Lets the pause go by and waits for the next one; its length. */
  const next = async (rounds = 1): Promise<number> => {
    const before = asked.length;
    await pause();
    clock.advanceToNext();
    await until("it was asked again", () => asked.length >= before + rounds);
    return await pause();
  };
  return { store, clock, asked, jack, start, pause, next };
}

test("a cable without a meter is asked by every driver in the order of their ranks, sooner at first", async () => {
  const { asked, start, pause, next } = await bench();
  const meters = start();
  const pauses = [await pause(), await next(3), await next(3), await next(3), await next(3), await next(3)];
  expect(asked.slice(0, 3)).toEqual(["listens probe", "bytes probe", "words probe"]);
  expect(asked).toHaveLength(18);
  expect(pauses).toEqual([2_000, 5_000, 10_000, 20_000, 30_000, 30_000]);
  expect((await meters.status())[0]).toMatchObject({ state: "waiting", serial: null });
});

test("a meter switched on later is read, and its driver is asked first from then on, also by the next hub", async () => {
  const { store, asked, jack, start, pause, next } = await bench();
  const meters = start();
  await pause();
  jack.meter = { driver: "words", serial: "AAA" };
  await next(3);
  expect((await meters.status())[0]).toMatchObject({ state: "done", driver: "words", serial: "AAA" });
  expect(look(store, "SELECT 1 FROM records")).toHaveLength(2);
  await meters.stop();
  asked.length = 0;
  start();
  await until("it was asked", () => asked.length > 0);
  expect(asked[0]).toBe("words probe");
});

test("the meter that was read is looked at ever more seldom, and nothing of it is read or kept again", async () => {
  const { store, asked, jack, start, pause, next } = await bench();
  jack.meter = { driver: "listens", serial: "AAA" };
  const meters = start();
  const pauses = [await pause(), await next(), await next(), await next(), await next(), await next()];
  expect(pauses).toEqual([30_000, 60_000, 120_000, 300_000, 600_000, 600_000]);
  expect(asked).toEqual(Array(6).fill("listens probe"));
  expect(look(store, "SELECT 1 FROM captures")).toHaveLength(1);
  expect(look(store, "SELECT 1 FROM records")).toHaveLength(2);
  expect((await meters.status())[0]).toMatchObject({ state: "done", serial: "AAA", progress: { read: 2, new: 2 } });
});

test("another meter on the same cable is read without anybody touching the plug at the hub", async () => {
  const { store, jack, start, pause, next } = await bench();
  jack.meter = { driver: "listens", serial: "AAA" };
  const meters = start();
  await pause();
  jack.meter = { driver: "bytes", serial: "BBB" };
  await next(2);
  expect((await meters.status())[0]).toMatchObject({ state: "done", driver: "bytes", serial: "BBB" });
  expect(look(store, "SELECT DISTINCT json_extract(fields,'$.serial') AS s FROM records ORDER BY 1")).toEqual([
    { s: "AAA" },
    { s: "BBB" },
  ]);
});

test("a meter taken away and brought back is read again, and what was told of it stays on show meanwhile", async () => {
  const { store, jack, start, pause, next } = await bench();
  jack.meter = { driver: "listens", serial: "AAA" };
  const meters = start();
  await pause();
  jack.meter = null;
  expect(await next(3)).toBe(2_000);
  expect((await meters.status())[0]).toMatchObject({ state: "done", serial: "AAA" });
  jack.meter = { driver: "listens", serial: "AAA" };
  await next();
  expect(look(store, "SELECT json_extract(counts,'$.known') AS known FROM captures ORDER BY 1")).toEqual([
    { known: 0 },
    { known: 2 },
  ]);
});

test("a meter that speaks when it is switched on is heard in the pause between two rounds, and nobody else asks meanwhile", async () => {
  const { store, asked, jack, start, clock } = await bench({ listens: true });
  const meters = start();
  await until("the listener was left listening", () => asked.at(-1) === "listens full");
  expect(asked).toEqual(["listens probe", "bytes probe", "words probe", "listens full"]);
  jack.meter = { driver: "listens", serial: "AAA" };
  jack.switchOn();
  await until("it is read", async () => (await meters.status())[0]?.state === "done");
  expect(look(store, "SELECT 1 FROM records")).toHaveLength(2);
  expect(asked).toHaveLength(4);

  await until("it is left alone", () => clock.nextDue() !== null);
  jack.meter = null;
  clock.advanceToNext();
  await until("the listener was left listening again", () => asked.length === 8);
  const from = clock.now();
  clock.advanceToNext();
  await until("the next round began", () => asked.length > 8);
  expect(clock.now() - from).toBe(2_000);
});

test("a meter that tells no serial number is read each time that it answers: it may be another one", async () => {
  const { store, jack, start, pause, next } = await bench();
  jack.meter = { driver: "listens", serial: null };
  start();
  await pause();
  await next();
  expect(look(store, "SELECT 1 FROM captures")).toHaveLength(2);
});
