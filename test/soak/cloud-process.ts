import { startCloud } from "../../src/cloud/start-cloud.js";
import { silentLog } from "../../src/domain/clock.js";
import { EMPTY_FIELDS } from "../../src/domain/record.js";
import { systemClock } from "../../src/kit/system-clock.js";
import type { Blow, CloudStart, FromCloud, ToCloud } from "./cloud-messages.js";
import { makeFaultPlan } from "./fault-plan.js";
import { startFaultProxy } from "./fault-proxy.js";
import { seeded } from "./random.js";

/**
 * The reference cloud as a process of its own behind a proxy that lets requests go wrong: `node cloud-process.js START`,
 * with the start as JSON. Speaks over the channel of the process that started it, and ends with that.
 */
async function main(start: CloudStart, say: (message: FromCloud) => void): Promise<void> {
  const { path, token } = start;
  const cloud = await startCloud({ path, host: "127.0.0.1", port: 0, token, clock: systemClock, log: silentLog });
  const plan = makeFaultPlan(seeded(start.seed));
  plan.set(start.rate, start.kinds);
  let blow: Blow | null = null;
  let skipped = 0;
  let held: { readonly over: Promise<void>; readonly release: () => void } | null = null;

  const proxy = await startFaultProxy({
    target: cloud.port,
    port: start.port,
    plan,
    random: seeded(start.seed + 1),
    onFault: (kind) => say({ type: "fault", kind }),
    async atMoment(moment) {
      if (blow === null || blow.moment !== moment) return false;
      skipped += 1;
      if (skipped <= blow.skip) return false;
      const { pid, signal, hold } = blow;
      blow = null;
      try {
        process.kill(pid, signal);
      } catch {
        return false;
      }
      say({ type: "struck", moment, signal });
      if (hold) {
        held = holdOn();
        await held.over;
      }
      return true;
    },
  });

  const obey = async (message: ToCloud): Promise<number> => {
    if (message.type === "faults") plan.set(message.rate, message.kinds);
    else if (message.type === "arm") {
      blow = message.blow;
      skipped = 0;
    } else if (message.type === "release") held?.release();
    else if (message.type === "calm") {
      plan.set(0, null);
      blow = null;
      held?.release();
      await proxy.calm();
    } else if (message.type === "bulk") {
      const records = cloud.store.changes(null, message.count).changes;
      for (const [index, { id }] of records.entries())
        cloud.store.edit(id, { fields: { patient: `${message.text}${index}` }, by: "bulk" });
      return records.length;
    } else {
      for (let index = 0; index < message.count; index += 1)
        cloud.store.create(crypto.randomUUID(), "glucose", filler(index), "filler");
      return message.count;
    }
    return 0;
  };
  process.on("message", (message: ToCloud) => {
    void obey(message).then((count) => say({ type: "done", id: message.id, count }));
  });
  process.once("disconnect", () => process.exit());
  process.once("SIGTERM", () => {
    void proxy
      .close()
      .then(() => cloud.close())
      .then(() => process.exit());
  });
  say({ type: "ready", url: `http://127.0.0.1:${proxy.port}`, desk: cloud.url, port: proxy.port });
}

function filler(index: number): Record<string, unknown> {
  const time = new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString();
  return { ...EMPTY_FIELDS, time, timeQuality: "exact", source: "manual", value: 70 + (index % 200), unit: "mg/dL" };
}

function holdOn(): { readonly over: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { over, release };
}

const [start] = process.argv.slice(2);
if (start === undefined || process.send === undefined) throw new Error("It is started by the soak only.");
await main(JSON.parse(start) as CloudStart, (message) => process.send?.(message));
