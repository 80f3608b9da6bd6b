import { Problem } from "../../src/domain/problem.js";
import type { BleDriver, BleSimulator, GattAnswer, SimulatedCharacteristic } from "../../src/kit/driver.js";
import type { BleTransport, GattName, GattNotice, GattUse } from "../../src/kit/transport.js";
import type { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Heard, type HearOptions, hearOn } from "./simulated-line.js";

/** What an operation takes over the air, virtual milliseconds: about one connection interval. */
const OPERATION_MS = 30;

/** What a meter says to an operation that its characteristic does not have (Core Specification, volume 3, part F, table 3.4). */
const NOT_PERMITTED = { read: 0x02, write: 0x03, subscribe: 0x06 } as const;
const NEEDED = { read: ["read"], write: ["write"], subscribe: ["notify", "indicate"] } as const satisfies Record<
  string,
  readonly GattUse[]
>;

/** What answers over the air: a simulated meter, or a part of one. */
export type BleAnswerer = Pick<
  BleSimulator,
  "name" | "characteristics" | "connected" | "disconnected" | "readValue" | "write"
>;

/** One thing that the hub did, or asked in vain: a value read or written, or a subscription, which has no bytes. */
export interface BleOperation {
  readonly op: "subscribe" | "read" | "write";
  readonly name: GattName;
  /** What was written, or what came; empty where it was declined. */
  readonly bytes: Uint8Array;
}

/** How the link to the meter is. */
export interface BleBenchOptions {
  /** False: hub and meter have no bond, and what needs one is declined with METER_UNPAIRED. Default true. */
  readonly bonded?: boolean;
  /** Virtual milliseconds of an operation; default 30, 0 for none. */
  readonly operationMs?: number;
  /** The link is lost at the operation of that number, from 0; default never. */
  readonly loseAt?: number;
}

/** A meter over the air, connected. */
export interface BleBench extends BleTransport {
  /** All that the hub did, in order. */
  readonly operations: readonly BleOperation[];
  /** What was written, one entry a write. */
  readonly written: readonly Uint8Array[];
  /** The link is lost: what had come is still given, then everything rejects with TRANSPORT_GONE. */
  unplug(): void;
}

/** A link to an answerer, bonded unless told otherwise. Its notices pass only where the hub subscribed. */
export function bleTo(answerer: BleAnswerer, clock: VirtualClock, options: BleBenchOptions = {}): BleBench {
  const { bonded = true, operationMs = OPERATION_MS } = options;
  const operations: BleOperation[] = [];
  const written: Uint8Array[] = [];
  const subscribed = new Set<SimulatedCharacteristic>();
  const came: GattNotice[] = [];
  let wake = (): void => undefined;
  let ended: "gone" | "closed" | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const demandThere = (signal: AbortSignal | undefined): void => {
    signal?.throwIfAborted();
    if (ended !== null) throw new Problem(ended === "gone" ? "TRANSPORT_GONE" : "TRANSPORT_CANCELED");
  };
  const end = (how: "gone" | "closed"): void => {
    if (ended === null) answerer.disconnected();
    // Closed counts more: whoever closed the link hears of nothing else any more.
    if (how === "closed") ended = how;
    else ended ??= how;
    wake();
  };
  /** One operation at a time, each in its turn. */
  const operate = (
    op: BleOperation["op"],
    name: GattName,
    sent: Uint8Array,
    signal: AbortSignal | undefined,
    act: (characteristic: SimulatedCharacteristic) => Uint8Array,
  ): Promise<Uint8Array> => {
    const work = async (): Promise<Uint8Array> => {
      demandThere(signal);
      const characteristic = answerer.characteristics.find((one) => isSame(one, name));
      if (characteristic === undefined) throw new Problem("METER_UNSUPPORTED", `the meter has no ${words(name)}`);
      if (operationMs > 0) await clock.sleep(operationMs, signal);
      if (operations.length === options.loseAt) end("gone");
      demandThere(signal);
      const at = operations.push({ op, name, bytes: Uint8Array.from(sent) }) - 1;
      if (characteristic.bonded && !bonded) throw new Problem("METER_UNPAIRED");
      if (!NEEDED[op].some((use) => characteristic.uses.includes(use))) throw refused(name, NOT_PERMITTED[op]);
      const answer = act(characteristic);
      if (op === "read") operations[at] = { op, name, bytes: answer };
      return answer;
    };
    const run = last.then(work);
    last = run.catch(() => undefined);
    return run;
  };
  answerer.connected((notice) => {
    if (ended !== null || ![...subscribed].some((one) => isSame(one, notice.from))) return;
    came.push({ from: notice.from, bytes: Uint8Array.from(notice.bytes) });
    wake();
  });
  return {
    kind: "ble",
    name: `${answerer.name} (bench)`,
    advertised: answerer.name,
    characteristics: answerer.characteristics.map(({ service, characteristic, uses }) => ({
      service,
      characteristic,
      uses,
    })),
    operations,
    written,
    async subscribe(name, signal) {
      await operate("subscribe", name, new Uint8Array(), signal, (characteristic) => {
        subscribed.add(characteristic);
        return new Uint8Array();
      });
    },
    async next(signal) {
      for (;;) {
        signal?.throwIfAborted();
        if (ended === "closed") throw new Problem("TRANSPORT_CANCELED");
        const notice = came.shift();
        if (notice !== undefined) return notice;
        demandThere(signal);
        await new Promise<void>((resolve) => {
          const over = (): void => {
            signal?.removeEventListener("abort", over);
            resolve();
          };
          wake = over;
          signal?.addEventListener("abort", over, { once: true });
        });
      }
    },
    readValue: (name, signal) =>
      operate("read", name, new Uint8Array(), signal, () => Uint8Array.from(accepted(name, answerer.readValue(name)))),
    async write(name, bytes, signal) {
      const sent = Uint8Array.from(bytes);
      await operate("write", name, sent, signal, () => {
        written.push(sent);
        accepted(name, answerer.write(name, Uint8Array.from(sent)));
        return sent;
      });
    },
    async close() {
      end("closed");
    },
    unplug() {
      end("gone");
    },
  };
}

/** All that a session told, with all that it did to the meter. */
export interface HeardBle extends Heard {
  readonly operations: readonly BleOperation[];
}

/** Runs a driver's session against an answerer on the virtual clock, with `stop` and `resume` as in `hear`, and hangs up. */
export async function hearBle(
  driver: Pick<BleDriver, "session">,
  answerer: BleAnswerer,
  clock: VirtualClock,
  options: HearOptions &
    BleBenchOptions & {
      /** The link to run on, which is left open; default: a new one to the answerer. */
      readonly transport?: BleBench;
    } = {},
): Promise<HeardBle> {
  const transport = options.transport ?? bleTo(answerer, clock, options);
  const heard = await hearOn<BleTransport>(driver, transport, clock, options);
  if (options.transport === undefined) await transport.close();
  return { ...heard, written: transport.written, operations: transport.operations };
}

function accepted<T>(name: GattName, answer: GattAnswer<T>): T {
  if (isRefusal(answer)) throw refused(name, answer.att);
  return answer;
}

function isRefusal<T>(answer: GattAnswer<T>): answer is { readonly att: number } {
  return typeof answer === "object" && answer !== null && "att" in answer;
}

function refused(name: GattName, att: number): Problem {
  return new Problem("GATT_REFUSED", `the meter declined ${words(name)} with 0x${att.toString(16)}`, { att });
}

function isSame(a: GattName, b: GattName): boolean {
  return a.service === b.service && a.characteristic === b.characteristic;
}

function words({ service, characteristic }: GattName): string {
  return `${service}/${characteristic}`;
}
