import { systemClock } from "../../../src/kit/system-clock.js";
import { until } from "./until.js";

/** A stand-in that is open. */
export interface OpenStandIn {
  /** Sends something and demands the answer; how many things came. Throws where it does not. */
  exchange(number: number): Promise<number>;
  close(): Promise<void>;
}

/** How a transport's stand-in is found and read, with the library that a driver's transport would use. */
export interface StandInReader {
  /** Its device node by its serial number on USB; null while it is not there. */
  find(serial: string): Promise<string | null>;
  open(node: string): Promise<OpenStandIn>;
}

/** A stand-in that can be plugged in and pulled out. */
export interface HandledStandIn {
  readonly serial: string;
  plug(): void;
  unplug(): void;
}

const EXCHANGES = 5;
const LIMIT_MS = 60_000;

/**
 * Reads a stand-in, pulls it out while it is open and in use, sees that this is noticed, and reads it again. Throws an Error
 * that says what was wrong; returns how many things were exchanged.
 */
export async function readStandIn(
  reader: StandInReader,
  device: HandledStandIn,
  right: (step: string, node?: string) => void,
): Promise<number> {
  const appear = (): Promise<string> => until("a device node", LIMIT_MS, systemClock, () => reader.find(device.serial));
  device.plug();
  const node = await appear();
  const first = await reader.open(node);
  let exchanged = 0;
  for (let number = 0; number < EXCHANGES; number += 1) exchanged += await first.exchange(number);
  right(`exchanged ${exchanged}`, node);
  const broken = breaksOff(first);
  device.unplug();
  const turns = await broken;
  await first.close();
  await until("the node to go", LIMIT_MS, systemClock, async () =>
    (await reader.find(device.serial)) === null ? true : null,
  );
  right(`cut after ${turns} more`);
  device.plug();
  const second = await reader.open(await appear());
  let again = 0;
  for (let number = 0; number < EXCHANGES; number += 1) again += await second.exchange(number + EXCHANGES);
  await second.close();
  right(`again ${again}`);
  device.unplug();
  return exchanged + again;
}

/** Goes on exchanging until that fails; after how many. */
async function breaksOff(open: OpenStandIn): Promise<number> {
  const end = performance.now() + LIMIT_MS;
  for (let turn = 0; performance.now() < end; turn += 1) {
    try {
      await open.exchange(turn);
    } catch {
      return turn;
    }
  }
  throw new Error("it was pulled out, and reading it went on");
}
