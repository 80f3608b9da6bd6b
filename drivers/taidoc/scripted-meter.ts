import type { HidSimulator } from "../../src/kit/driver.js";

/** Four bytes of time and four of value, as hex-like numbers. */
export type ScriptedRecord = readonly [time: readonly number[], value: readonly number[]];

/** What a scripted meter holds and how it misbehaves; for tests. */
export interface Script {
  readonly records: ScriptedRecord[];
  /** Low half and high half of the serial number as they stand on the wire. */
  serial?: readonly [low: readonly number[], high: readonly number[]];
  model?: readonly number[];
  clock?: readonly number[];
  /** What is sent in place of the right answers; each entry is one report's bytes. `number` counts requests from 0. */
  change?(request: readonly number[], answers: readonly number[][], number: number): readonly number[][];
}

/** A TD-42xx that answers at once, out of a table; its script may be changed while it runs. */
export function scriptedMeter(script: Script): Pick<HidSimulator, "receive"> {
  let asked = 0;
  return {
    receive(report, send) {
      const request = [...report.subarray(1, 9)];
      asked += 1;
      const [, command = 0, low = 0, high = 0, third = 0, fourth = 0] = request;
      const record = script.records[low + high * 256];
      const count = script.records.length;
      const [serialLow, serialHigh] = script.serial ?? [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ];
      const says = new Map<number, readonly number[] | undefined>([
        [0x22, [0, 0, 0, 0]],
        [0x23, script.clock ?? [0xa6, 0x30, 8, 8]],
        [0x24, script.model ?? [0x77, 0x42, 0, 0]],
        [0x25, record?.[0]],
        [0x26, record?.[1]],
        [0x27, serialLow],
        [0x28, serialHigh],
        [0x2b, [count & 255, count >> 8, 0, 0]],
        [0x33, [low, high, third, fourth]],
      ]).get(command);
      const right = says === undefined ? [] : [message(command, says)];
      for (const bytes of script.change?.(request, right, asked - 1) ?? right) {
        if (bytes.length > 0) send(Uint8Array.of(bytes.length, ...bytes));
      }
    },
  };
}

/** A message of the meter, its sum right. */
export function message(command: number, data: readonly number[]): number[] {
  const body = [0x51, command, ...data, 0xa5];
  return [...body, body.reduce((sum, byte) => sum + byte, 0) & 255];
}
