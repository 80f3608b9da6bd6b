import { join } from "node:path";
import type { SerialDriver, SimulatedReading } from "../../src/kit/driver.js";
import { systemClock } from "../../src/kit/system-clock.js";
import { announceVirtualPort } from "../../src/transports/attachments-virtual.js";
import { openPty } from "../../src/transports/pty.js";
import { call } from "../e2e/hub-program.js";
import { ask } from "./facts.js";
import { type HubUnderTest, PATIENCE_MS } from "./hub-under-test.js";
import { passTime, until } from "./until.js";

/** How many tests it holds at the beginning, and how often about one comes to them, milliseconds. */
const TESTS = 20;
const NEW_EVERY_MS = 4_000;
/** How long a meter that was read lies on the table, milliseconds. */
const RESTS_MS = 700;
/** Pause between two looks at whether the hub has read it, milliseconds. */
const LOOK_MS = 200;

/** A meter that somebody uses, and plugs in again and again. */
export interface RepluggedMeter {
  readonly serial: string;
  /** How long each read took, from plugging in to the hub's note that the meter was read to its end; milliseconds. */
  readonly tookMs: readonly number[];
  /** Plugs it in, waits until the hub has read it to its end, and pulls it out again; false if `signal` came before. */
  readOnce(signal: AbortSignal): Promise<boolean>;
  /** Does so until the signal. */
  goOn(signal: AbortSignal): Promise<void>;
  /** Nobody uses it any more: what it holds stays as it is. */
  rest(): readonly SimulatedReading[];
}

/**
 * A meter on pseudo-terminals.
 *
 * @param hub in whose ports it appears, and in whose store its reads are noted
 * @param patienceMs how long a read may take at most; then the run has failed
 */
export function repluggedMeter(options: {
  readonly driver: SerialDriver;
  readonly hub: HubUnderTest;
  readonly seed: number;
  readonly patienceMs: number;
}): RepluggedMeter {
  const { driver, hub, seed, patienceMs } = options;
  const portsDir = join(hub.data, "ports");
  let restsAt: number | null = null;
  const clock = { ...systemClock, now: () => restsAt ?? systemClock.now() };
  const zone = "Europe/London";
  const meter = driver.simulate({ count: TESTS, seed, clock, zone, newReadingEveryMs: NEW_EVERY_MS });
  const { serial } = meter;
  if (serial === null) throw new Error(`${driver.id} has no serial number`);
  const tookMs: number[] = [];

  async function readOnce(signal: AbortSignal): Promise<boolean> {
    const begunAt = new Date().toISOString();
    const begun = performance.now();
    const pty = await openPty();
    pty.onData((bytes) => meter.receive(bytes, (answer) => pty.send(answer)));
    const { vendorId, productId } = meter.usb;
    const usb = { vendorId, productId, serial: null, product: "a meter of the soak" };
    const withdraw = announceVirtualPort(portsDir, `soak-${serial}`, { port: pty.path, pid: pty.pid, usb });
    try {
      const sql = `SELECT 1 FROM meters WHERE serial = '${serial}' AND outcome = 'done' AND last_read_at >= '${begunAt}'`;
      const read = async (): Promise<boolean> => {
        // Each look is a process of its own, and the machine is busy.
        await passTime(LOOK_MS, signal);
        return signal.aborted || (await ask(hub.path, sql)).length > 0;
      };
      await until(`${serial} to be read`, patienceMs, read);
      if (signal.aborted) return false;
      tookMs.push(performance.now() - begun);
      return true;
    } finally {
      withdraw();
      // Its name is given to the next one: closed before the hub has seen it go, one would be taken for the other.
      await until(`${serial} to be gone`, patienceMs, () => isGone(hub, pty.path)).finally(() => pty.close());
    }
  }

  return {
    serial,
    tookMs,
    readOnce,
    async goOn(signal) {
      while (!signal.aborted) {
        await readOnce(signal);
        await passTime(RESTS_MS, signal);
      }
    },
    rest() {
      restsAt ??= systemClock.now();
      return meter.memory;
    },
  };
}

/** True once the hub has nothing at that port any more; a hub that does not answer has not said so. */
async function isGone(hub: HubUnderTest, port: string): Promise<boolean> {
  const url = await hub.address(AbortSignal.timeout(5_000));
  if (url === null) return false;
  const answer = await call(url, "GET", "/meters", undefined, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
    () => null,
  );
  const meters = answer?.status === 200 ? (answer.body["meters"] as readonly { readonly port: string | null }[]) : null;
  return meters?.every((meter) => meter.port !== port) ?? false;
}

/** Where a hub's records of a meter are other than its memory, a sentence; null if each test is there once. */
export async function unlikeMemory(
  path: string,
  serial: string,
  memory: readonly SimulatedReading[],
): Promise<string | null> {
  const at = (name: string): string => `json_extract(fields, '$.${name}')`;
  const rows = await ask(
    path,
    `SELECT ${at("deviceTime")} || ' ' || ${at("value")} || ' ' || ${at("unit")} AS test FROM records
     WHERE instr(fields, '"source":"meter"') > 0 AND ${at("serial")} = '${serial}'`,
  );
  const there = rows.map((row) => String(row["test"])).sort();
  const taken = memory.map(({ deviceTime, value, unit }) => `${deviceTime} ${value} ${unit}`).sort();
  if (there.join("\n") === taken.join("\n")) return null;
  const missing = taken.filter((test) => !there.includes(test));
  const more = there.filter((test, index) => !taken.includes(test) || there.indexOf(test) !== index);
  return `${serial} holds ${taken.length} tests, the hub has ${there.length} of it; missing: ${missing.join(", ")}; too many: ${more.join(", ")}`;
}
