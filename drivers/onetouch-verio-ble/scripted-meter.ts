import type { BleSimulator, GattAnswer } from "../../src/kit/driver.js";
import type { GattName, GattNotice } from "../../src/kit/transport.js";
import { spoken } from "../shared/lifescan/simulated.js";

/** What becomes of one notice on its way: notices in its place, none for a lost one. */
export type Change = (bytes: Uint8Array, number: number) => readonly Uint8Array[];

/** The parts of a virtual meter that a bench needs, with each notice changed on its way; notices count from 0. */
export function through(meter: BleSimulator, change: Change): BleSimulator {
  let number = -1;
  return {
    ...plain(meter),
    connected(send) {
      meter.connected(({ from, bytes }) => {
        number += 1;
        for (const changed of change(bytes, number)) send({ from, bytes: changed });
      });
    },
  };
}

/** A meter with a script in place of its memory: what it says to each request's words, beside its own acknowledgements. */
export function scripted(
  meter: BleSimulator,
  answer: (words: readonly number[]) => readonly Uint8Array[] | null,
): BleSimulator & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  let line: ((notice: GattNotice) => void) | null = null;
  return {
    ...plain(meter),
    asked,
    connected(send) {
      line = send;
      meter.connected(send);
    },
    write(name: GattName, bytes: Uint8Array): GattAnswer<"done"> {
      const words = [...bytes.subarray(5, -3)];
      if (bytes.length === 1) return meter.write(name, bytes);
      asked.push(words.map((word) => word.toString(16)).join(" "));
      const said = answer(words);
      if (said === null) return meter.write(name, bytes);
      for (const one of said) line?.({ from: { ...name, characteristic: TOLD }, bytes: one });
      return "done";
    },
  };
}

const TOLD = "af9df7a3-e595-11e3-96b4-0002a5d5c51b";
/** The meter's acknowledgement. */
export const ACK = Uint8Array.of(0x81);

/** A packet of the meter's with those bytes behind its prefix. */
export function said(...words: readonly number[]): Uint8Array {
  return Uint8Array.from([0x01, ...spoken([0x03, ...words])]);
}

function plain(meter: BleSimulator): BleSimulator {
  return {
    serial: meter.serial,
    name: meter.name,
    advertises: meter.advertises,
    characteristics: meter.characteristics,
    passkey: meter.passkey,
    clock: () => meter.clock(),
    get memory() {
      return meter.memory;
    },
    connected: (send) => meter.connected(send),
    disconnected: () => meter.disconnected(),
    readValue: (name) => meter.readValue(name),
    write: (name, bytes) => meter.write(name, bytes),
  };
}
