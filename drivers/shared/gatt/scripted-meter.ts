import { hex, unhex } from "../../../src/kit/bytes.js";
import type { GattAnswer, SimulatedCharacteristic } from "../../../src/kit/driver.js";
import type { GattName, GattNotice } from "../../../src/kit/transport.js";

/** What a scripted meter says: pairs of characteristic and bytes in hex. */
export type Saying = readonly [characteristic: string, bytes: string];

/** A meter for tests that says just what it is given; of two characteristics of one name, the first one says it. */
export interface Script {
  readonly name?: string;
  /** What it has, service by service. */
  readonly gatt: Readonly<Record<string, readonly string[]>>;
  /** Values in hex, or the code with which reading them is declined. */
  readonly values?: Readonly<Record<string, string | { readonly att: number }>>;
  /** What it says to a write, the how many-th of these bytes it is (from 1), or the code with which it declines. */
  answer(write: string, times: number, characteristic: string): GattAnswer<readonly Saying[]>;
}

/** A scripted meter as the bench takes it; what it says to a write it says at once. */
export function scriptedMeter(script: Script) {
  const { gatt, values = {} } = script;
  const characteristics: SimulatedCharacteristic[] = Object.entries(gatt).flatMap(([service, ids]) =>
    ids.map(
      (characteristic): SimulatedCharacteristic => ({
        service,
        characteristic,
        uses: ["read", "write", "notify"],
        bonded: false,
      }),
    ),
  );
  const nameOf = (characteristic: string): GattName => {
    const found = characteristics.find((one) => one.characteristic === characteristic);
    return { service: found?.service ?? "", characteristic };
  };
  const times = new Map<string, number>();
  let send: (notice: GattNotice) => void = () => undefined;
  return {
    name: script.name ?? "Scripted",
    characteristics,
    connected(to: (notice: GattNotice) => void): void {
      send = to;
    },
    disconnected(): void {
      send = () => undefined;
    },
    readValue({ characteristic }: GattName): GattAnswer<Uint8Array> {
      const value = values[characteristic];
      if (value === undefined) return { att: 0x0a };
      return typeof value === "string" ? unhex(value) : value;
    },
    write({ characteristic }: GattName, bytes: Uint8Array): GattAnswer<"done"> {
      const words = hex(bytes);
      const count = (times.get(words) ?? 0) + 1;
      times.set(words, count);
      const said = script.answer(words, count, characteristic);
      if ("att" in said) return said;
      for (const [from, text] of said) send({ from: nameOf(from), bytes: unhex(text) });
      return "done";
    },
  };
}
