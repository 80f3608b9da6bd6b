import type { HidSimulator } from "../../src/kit/driver.js";

/** A packet of command and data, put together apart from the codec. */
export function framed(command: number, data: readonly number[]): Uint8Array {
  const size = data.length + 1;
  const packet = [0x80, size, 255 - size, command, ...data];
  let [low, high] = [255, 255];
  for (const [at, byte] of packet.entries()) {
    if (at % 2 === 0) low ^= byte;
    else high ^= byte;
  }
  return Uint8Array.from([...packet, low, high]);
}

/** What a record is made of. */
export interface Fields {
  readonly number?: number;
  readonly wall?: string;
  readonly value?: number;
  /** 0 none, 1 after a meal, 2 before one, 3 control solution. */
  readonly event?: number;
}

/** The eight bytes of a record, put together apart from the codec. */
export function recordOf({
  number = 0,
  wall = "2024-05-06T07:31",
  value = 104,
  event = 0,
}: Fields = {}): readonly number[] {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = wall.slice(2).split(/[-T:]/).map(Number);
  const date = year * 512 + month * 32 + day;
  const rest = event * 16_384 + hour * 64 + minute;
  return [number, date, value, rest].flatMap((word) => [Math.floor(word / 256), word % 256]);
}

/** Three records, newest first; the last one of control solution. */
export const RECORDS = [
  recordOf({ number: 0 }),
  recordOf({ number: 1, wall: "2024-05-05T19:02", value: 93, event: 1 }),
  recordOf({ number: 2, wall: "2024-05-04T12:00", value: 121, event: 3 }),
];
export const STAMPS = ["2024-05-06T07:31:00", "2024-05-05T19:02:00", "2024-05-04T12:00:00"] as const;
export const SERIAL = "A441035";

/** What a packet is answered with instead; none for silence. `number` counts the questions from 0. */
export type Change = (answer: Uint8Array, command: number, number: number) => readonly Uint8Array[];

/** A meter of three records, whose answers are changed on the way; keeps the packets that it was sent. */
export function scriptedMeter(
  change: Change = (answer) => [answer],
  records: readonly (readonly number[])[] = RECORDS,
): Pick<HidSimulator, "receive" | "reportBytes"> & { readonly asked: number[][] } {
  const asked: number[][] = [];
  let heard: number[] = [];
  const answers = (command: number, data: readonly number[]): Uint8Array => {
    if (command === 0) return framed(0, [0, records.length]);
    if (command === 9) return framed(9, [...Buffer.from(SERIAL, "latin1")]);
    if (command === 4) return framed(4, data.slice(0, 5));
    return framed(1, records[(data[0] ?? 0) * 256 + (data[1] ?? 0)] ?? []);
  };
  return {
    reportBytes: 64,
    asked,
    receive(report, send) {
      heard.push(...report.slice(1));
      if (heard.length < (heard[1] ?? 99) + 5) return;
      const packet = heard;
      heard = [];
      asked.push(packet);
      const [command = 0, ...data] = packet.slice(3, -2);
      for (const one of change(answers(command, data), command, asked.length - 1)) send(one);
    },
  };
}
