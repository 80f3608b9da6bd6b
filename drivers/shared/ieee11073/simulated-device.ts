import type { Clock } from "../../../src/domain/clock.js";
import type { MeterSimulator } from "../../../src/kit/driver.js";
import { PacedSpeaker } from "../../../src/kit/simulated.js";

/** Milliseconds that one byte takes on a full-speed bulk endpoint: a packet of 64 a millisecond. */
const BYTE_MS = 1 / 64;
/** Number of the first event that the device reports; each later one has the next. */
const FIRST_EVENT = 0x0010;
/** Word that a device which is busy answers with: it rejects, for want of resources. */
const BUSY = [0x00, 0x67];

/** One segment of a virtual device's store, as it goes over the wire. */
export interface SimulatedSegment {
  readonly instance: number;
  readonly label: string;
  /** Its entry map's bytes. */
  readonly map: readonly number[];
  readonly entries: readonly (readonly number[])[];
  /** How many entries it claims to hold, if not as many as it does. */
  readonly usage?: number;
}

/** What a virtual device is made of, and how it answers. */
export interface DeviceParts {
  /** Its objects as they stand in its configuration: class, handle and attributes of each. */
  readonly objects: readonly SimulatedObject[];
  readonly storeHandle: number;
  /** The attributes that it tells of itself. */
  attributes(): readonly (readonly [number, readonly number[]])[];
  segments(): readonly SimulatedSegment[];
  /** Its clock is to be set; false if it declines. */
  setClock(time: readonly number[]): boolean;
  /** How many of the first requests it declines. */
  readonly declines: number;
  readonly entriesPerEvent: number;
  readonly clock: Clock;
  readonly seed: number;
}

/** One object of a configuration. */
export interface SimulatedObject {
  readonly classId: number;
  readonly handle: number;
  readonly attributes: readonly (readonly [number, readonly number[]])[];
}

/** Two and four bytes, highest first. */
export function two(value: number): number[] {
  return [Math.floor(value / 256) % 256, value % 256];
}

/** Four bytes, highest first. */
export function four(value: number): number[] {
  return [...two(Math.floor(value / 65_536)), ...two(value % 65_536)];
}

/** The bytes with their number before them. */
export function counted(bytes: readonly number[]): number[] {
  return [...two(bytes.length), ...bytes];
}

/** A list: how many, how many bytes, and all of them. */
export function listed(items: readonly (readonly number[])[]): number[] {
  return [...two(items.length), ...counted(items.flat())];
}

/** A list of attributes. */
export function attributeList(attributes: readonly (readonly [number, readonly number[]])[]): number[] {
  return listed(attributes.map(([id, value]) => [...two(id), ...counted(value)]));
}

/** A wall-clock time in eight bytes of two digits each. */
export function timeBytes(wall: string): number[] {
  const digits = `${wall.replace(/[^0-9]/g, "").slice(0, 14)}00`;
  return Array.from({ length: 8 }, (_, at) => 16 * Number(digits.charAt(at * 2)) + Number(digits.charAt(at * 2 + 1)));
}

/** The request with which the device begins, 54 bytes; its system id ends with five bytes of its own. */
export function beginning(own: readonly number[]): Uint8Array {
  const information = [
    ...four(0x80000000),
    ...[0x80, 0x00],
    ...four(0x80000000),
    ...four(0),
    ...four(0x00800000),
    ...counted([0x00, 0x60, 0x19, ...own]),
    ...two(0x4000),
    ...[0x00, 0x01, 0x01, 0x00],
    ...four(0),
  ];
  return message(0xe2, [...four(0x80000000), ...listed([[0x50, 0x79, ...counted(information)]])]);
}

/** A message that carries data. */
export function spoken(invokeId: number, choice: number, body: readonly number[]): Uint8Array {
  return message(0xe7, counted([...two(invokeId), ...two(choice), ...counted(body)]));
}

/** The device's side of a conversation. Written apart from the codec, so that a mistake in one shows in the other. */
export function simulatedDevice(parts: DeviceParts): Required<Pick<MeterSimulator, "start" | "receive">> {
  const speaker = new PacedSpeaker(parts.clock, BYTE_MS, parts.seed);
  let heard: number[] = [];
  let event = FIRST_EVENT;
  let declines = parts.declines;
  /** What is still to be reported of the segment that is under way, an event each. */
  let pending: number[][] = [];

  function report(body: readonly number[]): Uint8Array {
    event += 1;
    return spoken(event - 1, 0x0101, body);
  }

  function configuration(): Uint8Array {
    const objects = parts.objects.map(({ classId, handle, attributes }) => {
      const list = attributes.map(([id, value]) => [...two(id), ...counted(value)]);
      return [...two(classId), ...two(handle), ...listed(list)];
    });
    return report([0, 0, ...four(0xffffffff), 0x0d, 0x1c, ...counted([0x40, 0x00, ...listed(objects)])]);
  }

  function begin({ instance, entries }: SimulatedSegment): void {
    const size = parts.entriesPerEvent;
    pending = [];
    for (let from = 0; from < entries.length; from += size) {
      const some = entries.slice(from, from + size);
      const flags = (from === 0 ? 0x8000 : 0) + (from + size >= entries.length ? 0x4000 : 0);
      const description = [...two(instance), ...four(from), ...four(some.length), ...two(flags)];
      const info = [...description, ...counted(some.flat())];
      pending.push([...two(parts.storeHandle), ...four(0xffffffff), 0x0d, 0x21, ...counted(info)]);
    }
  }

  function act(invokeId: number, body: readonly number[]): Uint8Array[] {
    const answer = (info: readonly number[]): Uint8Array =>
      spoken(invokeId, 0x0207, [...body.slice(0, 4), ...counted(info)]);
    const [, , , action] = body;
    if (action === 0x17) {
      return [parts.setClock(body.slice(6, 14)) ? answer([]) : spoken(invokeId, 0x0300, [0x00, 0x18, 0x00, 0x00])];
    }
    if (action === 0x0d) {
      const segments = parts.segments().map(({ instance, label, map, entries, usage }) => [
        ...two(instance),
        ...attributeList([
          [0x0922, two(instance)],
          [0x0a4e, map],
          [0x0953, [0, 0]],
          [0x0a58, counted([...label].map((letter) => letter.charCodeAt(0)))],
          [0x097b, four(usage ?? entries.length)],
        ]),
      ]);
      return [answer(listed(segments))];
    }
    const instance = 256 * (body[6] ?? 0) + (body[7] ?? 0);
    const segment = parts.segments().find((one) => one.instance === instance);
    const result = segment === undefined ? 1 : segment.entries.length === 0 ? 3 : 0;
    if (segment !== undefined) begin(segment);
    const next = pending.shift();
    return [answer([...two(instance), ...two(result)]), ...(next === undefined ? [] : [report(next)])];
  }

  function answers(choice: number, body: readonly number[]): Uint8Array[] {
    if (choice === 0xe3) return [configuration()];
    if (choice === 0xe4) return [message(0xe5, [0, 0])];
    if (choice !== 0xe7) return [];
    const invokeId = 256 * (body[2] ?? 0) + (body[3] ?? 0);
    const kind = 256 * (body[4] ?? 0) + (body[5] ?? 0);
    const content = body.slice(8);
    if (kind === 0x0201) {
      const next = content[7] === 0x21 ? pending.shift() : undefined;
      return next === undefined ? [] : [report(next)];
    }
    declines -= 1;
    if (declines >= 0) return [spoken(invokeId, 0x0400, BUSY)];
    if (kind === 0x0103) return [spoken(invokeId, 0x0203, [0, 0, ...attributeList(parts.attributes())])];
    return kind === 0x0107 ? act(invokeId, content) : [spoken(invokeId, 0x0400, [0x00, 0x65])];
  }

  return {
    start(send) {
      heard = [];
      event = FIRST_EVENT;
      const own = Array.from({ length: 5 }, (_, at) => (parts.seed * 37 + at * 59 + 7) % 256);
      void speaker.say(beginning(own), send);
    },
    receive(bytes, send) {
      heard.push(...bytes);
      for (;;) {
        const length = 4 + 256 * (heard[2] ?? 0) + (heard[3] ?? 0);
        if (heard.length < 4 || heard.length < length) return;
        const whole = heard.splice(0, length);
        for (const answer of answers(whole[0] ?? 0, whole.slice(4))) void speaker.say(answer, send);
      }
    },
  };
}

function message(kind: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([kind, 0, ...counted(body)]);
}
