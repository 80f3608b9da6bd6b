import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import Database from "better-sqlite3";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { findDriver } from "../../drivers/index.js";
import type { BleSimulator } from "../../src/kit/driver.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { FakeBluez } from "../helpers/fake-bluez/fake-bluez.js";
import { hasDbusDaemon, privateBus } from "../helpers/fake-bluez/private-bus.js";
import { call, dataFolder, isBuilt, startHub } from "./hub-process.js";
import { ROOT } from "./hub-program.js";

const ZONE = "Europe/London";
const ADDRESS = "C0:FF:EE:00:00:01";
const PORT = `ble:${ADDRESS}`;
/** How often the meter says that it is there, milliseconds. */
const ADVERT_MS = 250;

let data: string;
beforeEach(() => {
  const folder = dataFolder();
  data = folder;
  // What is registered first runs last: when the hub has ended.
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
});

/** A hub that is gone when the test's folder is removed. */
async function hubFor(env: Readonly<Record<string, string>>): Promise<string> {
  const hub = await startHub(data, env);
  onTestFinished(() => hub.kill("SIGTERM"));
  return hub.url;
}

/** A bus of its own, BlueZ's stand-in on it, and a meter in reach that nobody has paired. */
async function meterInReach(count: number, newReadingEveryMs?: number) {
  const driver = findDriver("bluetooth-glucose");
  if (driver.transport !== "ble") throw new Error("the Glucose Profile is no driver for Bluetooth");
  const bus = privateBus();
  await bus.start();
  const bluez = await FakeBluez.start(bus.address);
  const more = newReadingEveryMs === undefined ? {} : { newReadingEveryMs };
  const simulator = driver.simulate({ clock: systemClock, zone: ZONE, count, seed: 11, ...more });
  const meter = bluez.addMeter(simulator, { address: ADDRESS });
  const adverts = setInterval(() => meter.advertise(), ADVERT_MS);
  onTestFinished(async () => {
    clearInterval(adverts);
    await bluez.vanish();
    await bus.dispose();
  });
  return { bus, bluez, simulator, meter, env: { DBUS_SYSTEM_BUS_ADDRESS: bus.address, GLUCOHUB_ZONE: ZONE } };
}

/** `glucohub pair` with somebody who types. */
async function pairTyping(env: Readonly<Record<string, string>>, digits: string) {
  const child = spawn(process.execPath, [join(ROOT, "config/glucohub.mjs"), "pair", PORT, "--json"], {
    env: { ...process.env, GLUCOHUB_DATA: data, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const [out, err] = [[] as Buffer[], [] as Buffer[]];
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => {
    err.push(bytes);
    if (bytes.toString().includes("six digits that the meter shows")) child.stdin.write(`${digits}\n`);
  });
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

interface ShownMeter {
  readonly port: string | null;
  readonly state: string;
  readonly serial: string | null;
  readonly driver: string | null;
  readonly detail: string;
}

async function shown(url: string): Promise<readonly ShownMeter[]> {
  return (await call(url, "GET", "/meters")).body["meters"] as ShownMeter[];
}

async function until(url: string, state: string): Promise<ShownMeter> {
  let found: ShownMeter | undefined;
  await expect
    .poll(
      async () => {
        found = (await shown(url)).find((meter) => meter.port === PORT || (state === "away" && meter.port === null));
        return found === undefined
          ? "nothing is shown"
          : found.state === state
            ? state
            : `${found.state} ${found.detail}`;
      },
      { timeout: 60_000, interval: 100 },
    )
    .toBe(state);
  if (found === undefined) throw new Error("it was not shown");
  return found;
}

/** The store by another connection: device time, value, flags. */
function stored(): string[] {
  const store = new Database(join(data, "glucohub.db"), { readonly: true });
  try {
    const field = (name: string): string => `ifnull(json_extract(fields,'$.${name}'),'')`;
    const columns = ["deviceTime", "value", "unit", "outOfRange", "control"].map(field).join("||'|'||");
    return store
      .prepare(`SELECT ${columns} FROM records WHERE json_extract(fields,'$.source') = 'meter' ORDER BY 1`)
      .pluck()
      .all() as string[];
  } finally {
    store.close();
  }
}

const remembered = ({ memory }: BleSimulator): string[] =>
  memory
    .map(({ deviceTime, value, unit, outOfRange, control }) =>
      [deviceTime, value, unit, outOfRange ?? "", control ? 1 : 0].join("|"),
    )
    .sort();

/** What was said in each session, oldest first. */
function talks(): string[] {
  const store = new Database(join(data, "glucohub.db"), { readonly: true });
  try {
    const rows = store.prepare("SELECT bytes FROM captures WHERE bytes IS NOT NULL ORDER BY started_at").pluck().all();
    return (rows as Buffer[]).map((bytes) => gunzipSync(bytes).toString());
  } finally {
    store.close();
  }
}

const digitsOf = ({ passkey }: BleSimulator): string => String(passkey ?? 0).padStart(6, "0");

describe.skipIf(!isBuilt || !hasDbusDaemon())("a Bluetooth meter and a hub, over a real message bus", () => {
  test("is shown and not read before it is paired, is paired with its digits, read, lost, read again and shown", async () => {
    const { env, simulator, meter } = await meterInReach(30);
    const url = await hubFor(env);
    const stranger = await until(url, "unpaired");
    expect(stranger).toMatchObject({ driver: "bluetooth-glucose", serial: null });
    expect(stranger.detail).toContain(`glucohub pair ${PORT}`);

    const wrong = await pairTyping(env, digitsOf(simulator) === "000000" ? "000001" : "000000");
    expect([wrong.status, wrong.out]).toEqual([1, ""]);
    expect(wrong.err).toContain("digits");
    expect(stored()).toEqual([]);

    // The link breaks off in the middle of the first transfer.
    meter.faults.dropAfterNotices = 12;
    const right = await pairTyping(env, digitsOf(simulator));
    expect([right.status, right.err.includes("PAIRING_FAILED")]).toEqual([0, false]);
    expect(JSON.parse(right.out)).toMatchObject({ port: PORT, state: "done" });
    await expect.poll(() => stored().length, { timeout: 60_000 }).toBeGreaterThan(0);
    await until(url, "failed");
    const kept = stored();
    expect(kept.length).toBeLessThan(30);
    expect(remembered(simulator)).toEqual(expect.arrayContaining(kept));

    meter.faults.dropAfterNotices = null;
    const read = await until(url, "done");
    expect(stored()).toEqual(remembered(simulator));
    expect(read.serial).toBe(simulator.serial);
  }, 180_000);

  test("that comes home again is asked only for what is new, and away it is shown as that", async () => {
    const { env, simulator, meter } = await meterInReach(20, 15_000);
    const url = await hubFor(env);
    await until(url, "unpaired");
    expect((await pairTyping(env, digitsOf(simulator))).status).toBe(0);
    await until(url, "done");
    const before = stored().length;
    meter.advertising = false;
    await until(url, "away");
    await expect.poll(() => simulator.memory.length, { timeout: 60_000 }).toBeGreaterThan(before);
    meter.advertising = true;
    await until(url, "done");
    await expect.poll(() => stored().length).toBeGreaterThan(before);
    expect(remembered(simulator)).toEqual(expect.arrayContaining(stored()));
    const [first, second] = talks();
    expect(first).toMatch(/^>\[2a52\] 01 01$/m);
    expect(first).not.toMatch(/^resume:/m);
    expect(second).toMatch(/^resume: /m);
    expect(second).toMatch(/^>\[2a52\] 01 03 01 /m);
    expect(second).not.toMatch(/^>\[2a52\] 01 01$/m);
  }, 180_000);
});
