import type { BleSimulator, GattAnswer } from "../../src/kit/driver.js";
import type { GattName, GattNotice } from "../../src/kit/transport.js";

/** What becomes of one notice on its way: notices in its place, none for a lost one. */
export type Change = (notice: GattNotice, number: number) => readonly GattNotice[];

/** What a part of a virtual CGM does otherwise; undefined: as ever. */
export interface Otherwise {
  readonly change?: Change;
  readonly read?: (characteristic: string) => GattAnswer<Uint8Array> | undefined;
  /** Notices to answer a request at the record access point with. */
  readonly asked?: (request: Uint8Array) => readonly GattNotice[] | undefined;
  readonly without?: readonly string[];
}

/** The virtual CGM with parts of it doing otherwise. */
export function cgmLike(meter: BleSimulator, { change, read, asked, without = [] }: Otherwise): BleSimulator {
  let number = -1;
  let line: (notice: GattNotice) => void = () => undefined;
  return {
    serial: meter.serial,
    name: meter.name,
    advertises: meter.advertises,
    characteristics: meter.characteristics.filter(({ characteristic }) => !without.includes(characteristic)),
    passkey: meter.passkey,
    clock: () => meter.clock(),
    get memory() {
      return meter.memory;
    },
    connected(send) {
      line = (notice) => {
        number += 1;
        for (const one of change?.(notice, number) ?? [notice]) send(one);
      };
      meter.connected(line);
    },
    disconnected: () => meter.disconnected(),
    readValue: (name: GattName) => read?.(name.characteristic) ?? meter.readValue(name),
    write(name: GattName, bytes: Uint8Array): GattAnswer<"done"> {
      const answers = name.characteristic === "2a52" ? asked?.(bytes) : undefined;
      if (answers === undefined) return meter.write(name, bytes);
      for (const answer of answers) line(answer);
      return "done";
    },
  };
}

/** A notice of the record access point. */
export function pointSays(...bytes: readonly number[]): GattNotice {
  return { from: { service: "181f", characteristic: "2a52" }, bytes: Uint8Array.from(bytes) };
}

/** A notice with measurements. */
export function measured(...bytes: readonly number[]): GattNotice {
  return { from: { service: "181f", characteristic: "2aa7" }, bytes: Uint8Array.from(bytes) };
}
