import { DATA } from "./apdu.js";
import { MderReader, octetsBytes, u16Bytes, u32Bytes } from "./mder.js";
import { ACTION, DEVICE_HANDLE, EVENT } from "./nomenclature.js";

/** A request, and what kind of answer it has. */
export interface Request {
  readonly name: string;
  readonly choice: number;
  readonly answer: number;
  readonly body: readonly number[];
}

/** An event that a device reports. */
export interface EventReport {
  readonly invokeId: number;
  /** Whether the device waits for an answer. */
  readonly confirmed: boolean;
  readonly handle: number;
  readonly event: number;
  readonly info: Uint8Array;
  readonly raw: Uint8Array;
}

/** The time that the hub names when it confirms a segment's data: it has no clock of this kind (sheet a). */
const NO_TIME = 0xffffffff;
/** Choice "all segments" (sheet a). */
const ALL_SEGMENTS = 0x0001;
/** Configuration accepted (sheet a). */
const ACCEPTED = 0x0000;

/** Asks for all attributes of the device itself (sheet a). */
export function getDevice(): Request {
  const body = [...u16Bytes(DEVICE_HANDLE), 0, 0, 0, 0];
  return { name: "the device's attributes", choice: DATA.get, answer: DATA.getResponse, body };
}

/** Asks for the list of all segments of a store (sheet a, with the length that the format demands). */
export function getSegments(storeHandle: number): Request {
  const choice = [...u16Bytes(ALL_SEGMENTS), ...octetsBytes(u16Bytes(0))];
  return action("the list of segments", storeHandle, ACTION.segmentInformation, choice);
}

/** Starts the transfer of one segment (sheet a). */
export function transferRequest(storeHandle: number, instance: number): Request {
  return action("a segment", storeHandle, ACTION.transferSegment, u16Bytes(instance));
}

/**
 * Sets the device's clock: eight bytes of time, and an accuracy that nobody knows (sheet a). The time is asked for at each
 * try, lest a second one sets a clock to when the first was sent.
 */
export function setTimeRequest(time: () => readonly number[]): Request {
  const request = (): Request => action("the new time", DEVICE_HANDLE, ACTION.setTime, [...time(), ...u32Bytes(0)]);
  return {
    ...request(),
    get body() {
      return request().body;
    },
  };
}

/** Reads an event report's body. Throws FRAME_MALFORMED for what does not fit. */
export function readEventReport(invokeId: number, confirmed: boolean, body: Uint8Array): EventReport {
  const reader = new MderReader(body, "A report");
  const handle = reader.u16();
  reader.u32();
  const event = reader.u16();
  const info = reader.octets();
  reader.end();
  return { invokeId, confirmed, handle, event, info, raw: body };
}

/** The body that answers an event report. */
export function eventAnswer({ handle, event }: EventReport, info: readonly number[]): number[] {
  const time = event === EVENT.configuration ? 0 : NO_TIME;
  return [...u16Bytes(handle), ...u32Bytes(time), ...u16Bytes(event), ...octetsBytes(info)];
}

/** What answers a configuration: its number, and that it is accepted (sheet a). */
export function configurationAnswer(id: number): number[] {
  return [...u16Bytes(id), ...u16Bytes(ACCEPTED)];
}

function action(name: string, handle: number, code: number, argument: readonly number[]): Request {
  const body = [...u16Bytes(handle), ...u16Bytes(code), ...octetsBytes(argument)];
  return { name, choice: DATA.confirmedAction, answer: DATA.actionResponse, body };
}
