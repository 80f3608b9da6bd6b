import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { DRIVERS } from "../../drivers/index.js";
import { plugIn, type VirtualMeter } from "../../src/hub/virtual-meter.js";
import type { SerialDriver, SimulatedReading } from "../../src/kit/driver.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { call, dataFolder, isBuilt, sqlite3, startHub } from "./hub-process.js";

const ZONE = "Europe/London";
const SERIAL_DRIVERS = DRIVERS.filter((driver) => driver.transport === "serial");

let data: string;
beforeEach(() => {
  data = dataFolder();
});
afterEach(() => rmSync(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

interface Plugged {
  readonly driver: SerialDriver;
  readonly meter: VirtualMeter;
  /** As the meter has it, taken when it was made. */
  readonly memory: readonly SimulatedReading[];
}

/** Plugs a meter of each driver in, all at once, each on a pseudo-terminal of its own. */
async function plugAll(drivers: readonly SerialDriver[], clock: typeof systemClock, seed: number): Promise<Plugged[]> {
  const plugged = await Promise.all(
    drivers.map(async (driver) => {
      const options = { clock, zone: ZONE, count: 15, seed };
      const { memory } = driver.simulate(options);
      const meter = await plugIn({ driver, portsDir: join(data, "ports"), ...options });
      return { driver, meter, memory };
    }),
  );
  onTestFinished(async () => {
    await Promise.all(plugged.map(({ meter }) => meter.unplug()));
  });
  return plugged;
}

interface ShownMeter {
  readonly port: string | null;
  readonly state: string;
  readonly detail: string;
}

async function shown(url: string): Promise<readonly ShownMeter[]> {
  const { body } = await call(url, "GET", "/meters");
  return body["meters"] as ShownMeter[];
}

async function allDone(url: string, ports: readonly string[]): Promise<void> {
  await expect
    .poll(
      async () => {
        const meters = (await shown(url)).filter(({ port }) => port !== null && ports.includes(port));
        return meters.length === ports.length
          ? meters.filter(({ state }) => state !== "done").map(({ state, detail }) => `${state}: ${detail}`)
          : ["not all are there"];
      },
      { timeout: 100_000, interval: 200 },
    )
    .toEqual([]);
}

/** What the store holds of what a driver told, by the program sqlite3: device time, value, unit, flags, control. */
function stored(): string[] {
  const fields = ["deviceTime", "value", "unit", "outOfRange", "control", "serial"];
  const columns = fields.map((name) => `ifnull(json_extract(fields,'$.${name}'),'')`).join("||'|'||");
  const rows = sqlite3(data, `SELECT ${columns} FROM records WHERE json_extract(fields,'$.source') IN ('meter','cgm')`);
  return rows
    .split("\n")
    .filter((row) => row !== "")
    .sort();
}

function remembered(plugged: readonly Plugged[]): string[] {
  return plugged
    .flatMap(({ memory, meter: { serial } }) =>
      memory.map(({ deviceTime, value, unit, outOfRange, control }) =>
        [deviceTime, value, unit, outOfRange ?? "", control ? 1 : 0, serial ?? ""].join("|"),
      ),
    )
    .sort();
}

describe.skipIf(!isBuilt)("a drawer of meters", () => {
  test("all plugged in at once is stored, every reading once; and once still when all are plugged in again", {
    timeout: 240_000,
  }, async () => {
    expect(SERIAL_DRIVERS.length).toBeGreaterThanOrEqual(8);
    // Meters that are plugged in again hold the same tests: their clock stands where it stood at first.
    const made = Date.now();
    const clock = { ...systemClock, now: () => made };
    const hub = await startHub(data, { GLUCOHUB_ZONE: ZONE });
    const first = await plugAll(SERIAL_DRIVERS, clock, 8);
    await allDone(
      hub.url,
      first.map(({ meter }) => meter.port),
    );
    const wanted = remembered(first);
    expect(wanted).toHaveLength(15 * SERIAL_DRIVERS.length);
    expect(stored()).toEqual(wanted);

    await Promise.all(first.map(({ meter }) => meter.unplug()));
    await expect
      .poll(async () => (await shown(hub.url)).filter(({ port }) => port !== null), { timeout: 20_000 })
      .toEqual([]);
    const captures = Number(sqlite3(data, "SELECT count(*) FROM captures"));
    const again = await plugAll(SERIAL_DRIVERS, clock, 8);
    await allDone(
      hub.url,
      again.map(({ meter }) => meter.port),
    );
    expect(stored()).toEqual(wanted);
    expect(Number(sqlite3(data, "SELECT count(*) FROM captures"))).toBe(captures + SERIAL_DRIVERS.length);
    expect(sqlite3(data, "SELECT count(*) FROM quarantine")).toBe("0");
    await hub.kill("SIGTERM");
  });

  test("two of one kind pulled out in mid-read are two meters, and what came is theirs when they are back", {
    timeout: 120_000,
  }, async () => {
    const [driver] = SERIAL_DRIVERS;
    if (driver === undefined) throw new Error("no driver");
    const made = Date.now();
    const clock = { ...systemClock, now: () => made };
    const hub = await startHub(data, { GLUCOHUB_ZONE: ZONE });
    const plug = async (seed: number, count: number) => {
      const options = { clock, zone: ZONE, count, seed };
      const { memory } = driver.simulate(options);
      const meter = await plugIn({ driver, portsDir: join(data, "ports"), ...options });
      onTestFinished(() => meter.unplug());
      return { driver, meter, memory };
    };
    const pulled = [await plug(1, 220), await plug(2, 220)];
    await expect.poll(() => stored().length, { timeout: 60_000 }).toBeGreaterThan(40);
    await Promise.all(pulled.map(({ meter }) => meter.unplug()));
    await expect
      .poll(async () => (await shown(hub.url)).map(({ state }) => state), {
        timeout: 20_000,
      })
      .toEqual(["away", "away"]);
    const wanted = new Set(remembered(pulled));
    expect(stored().filter((row) => !wanted.has(row))).toEqual([]);
    const back = [await plug(1, 220), await plug(2, 220)];
    await allDone(
      hub.url,
      back.map(({ meter }) => meter.port),
    );
    expect(stored()).toEqual(remembered(back));
    expect(new Set(stored().map((row) => row.split("|").at(-1))).size).toBe(2);
    await hub.kill("SIGTERM");
  });
});
