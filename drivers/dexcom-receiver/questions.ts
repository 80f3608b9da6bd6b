import { Problem } from "../../src/domain/problem.js";
import { latin1 } from "../../src/kit/bytes.js";
import { COMMANDS, four, i32, packet, u32 } from "./packet.js";
import { type PageType, readHeader } from "./page.js";

/** One question to the receiver. */
export interface Question<T> {
  readonly name: string;
  readonly bytes: Uint8Array;
  /**
   * Answers carry no word of what they answer, only a shape. An answer of one shape is never taken for that to a question
   * of another; between two questions of the same shape the dialogue makes sure that no answer is under way.
   */
  readonly shape: "empty" | "byte" | "four" | "eight" | "text" | "page";
  /** What the payload says; null if it can't be the answer to this question. Throws FRAME_MALFORMED for what can't be. */
  read(payload: Uint8Array): T | null;
}

/** Most pages of one type that are believed: 80,000 readings or more. */
const MOST_PAGES = 4_096;
/** First and last page of a type that has none (sheet a). */
const NO_PAGE = 0xffff_ffff;

/** Are you there? Answered with nothing (sheets a and b, vector). */
export const ping: Question<true> = {
  name: "ping",
  bytes: packet(COMMANDS.ping),
  shape: "empty",
  read: (payload) => (payload.length === 0 ? true : null),
};

/** What are you? Answered with one element of XML (sheets a and b, vector). */
export const firmware: Question<string> = {
  name: "firmware",
  bytes: packet(COMMANDS.firmware),
  shape: "text",
  read: (payload) => (payload[0] === 0x3c ? latin1(payload) : null),
};

/** Seconds since 2009 by the clock that nobody can set (sheets a and b, vector). */
export const systemTime: Question<number> = {
  name: "systemTime",
  bytes: packet(COMMANDS.systemTime),
  shape: "four",
  read: (payload) => (payload.length === 4 ? u32(payload, 0) : null),
};

/** Seconds that the display is ahead of the system time (sheets a and b, vector). */
export const displayOffset: Question<number> = {
  name: "displayOffset",
  bytes: packet(COMMANDS.displayOffset),
  shape: "four",
  read: (payload) => (payload.length === 4 ? i32(payload, 0) : null),
};

/** Unit of the display: 1 is mg/dL, 2 is mmol/L (sheet b; sheet a names the command). Null inside: another number. */
export const unit: Question<{ readonly unit: "mg/dL" | "mmol/L" | null }> = {
  name: "unit",
  bytes: packet(COMMANDS.unit),
  shape: "byte",
  read(payload) {
    if (payload.length !== 1) return null;
    return { unit: payload[0] === 1 ? "mg/dL" : payload[0] === 2 ? "mmol/L" : null };
  },
};

/** Sets the display that many seconds ahead of the system time (sheet a, vector). The one word that changes anything. */
export function setDisplayOffset(seconds: number): Question<true> {
  return {
    name: "setDisplayOffset",
    bytes: packet(COMMANDS.setDisplayOffset, four(seconds)),
    shape: "empty",
    read: (payload) => (payload.length === 0 ? true : null),
  };
}

/** First and last page of a type. */
export interface PageRange {
  readonly first: number;
  readonly last: number;
}

/** Which pages of that type are there (sheets a and b, vector)? `empty` if none. */
export function pageRange(type: PageType): Question<PageRange | "empty"> {
  return {
    name: `pageRange ${type}`,
    bytes: packet(COMMANDS.pageRange, [type]),
    shape: "eight",
    read(payload) {
      if (payload.length !== 8) return null;
      const [first, last] = [u32(payload, 0), u32(payload, 4)];
      if (first === NO_PAGE && last === NO_PAGE) return "empty";
      if (last === NO_PAGE || first > last || last - first >= MOST_PAGES) {
        throw new Problem("FRAME_MALFORMED", `The receiver claims pages ${first} to ${last} of type ${type}.`);
      }
      return { first, last };
    },
  };
}

/** One page (sheets a and b, vector). Only the page that was asked for is taken: it names its type and its number. */
export function page(type: PageType, number: number): Question<Uint8Array> {
  return {
    name: `page ${type} ${number}`,
    bytes: packet(COMMANDS.pages, [type, ...four(number), 1]),
    shape: "page",
    read(payload) {
      const header = readHeader(payload);
      return header?.type === type && header.number === number ? payload : null;
    },
  };
}
