import { wallAt } from "../../src/domain/zone.js";
import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";

/** One test in the simulated memory. */
type Cell = MeterSimulator["memory"][number];

/** Tests that the memory holds at most: the count on the wire has three digits. */
const CAPACITY = 999;
/** Milliseconds that one character takes at 9600 baud, 8N1. */
const CHARACTER_MS = 10_000 / 9_600;
/** DC1 and CR, with which every query begins. */
const ATTENTION = "\u0011\r";
/** Letters of the longest query, `DMSU?`. */
const LONGEST_QUERY = 5;
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;

/**
 * A OneTouch Ultra 2 as its protocol describes it, with a memory that its seed decides. Takes queries with or without
 * CR behind them, and answers in dribbles at the pace of the line. It can be neither erased nor set: it is silent then.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const { clock, zone, seed, clockErrorMs = 0, newReadingEveryMs } = options;
  const random = randomFrom(seed);
  const letters = Array.from({ length: 8 }, () => "ABCDEFGHJKLMNPRSTUVWXYZ0123456789".charAt(below(random, 33)));
  const serial = `${letters.join("")}Y`;
  const wall = (at: number): string => wallAt(zone, at + clockErrorMs);
  const memory: Cell[] = [];
  let taken = clock.now();
  for (let cell = 0; cell < Math.min(options.count, CAPACITY); cell += 1) {
    taken -= 60_000 * (45 + below(random, 480)) + 1_000 * below(random, 60);
    memory.push({ deviceTime: wall(taken), ...plausible(random) });
  }
  let nextAt = newReadingEveryMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + newReadingEveryMs;

  /** Tests that fell due since somebody last looked: no timer runs, so there is none to stop. */
  function takeDueTests(): void {
    while (nextAt <= clock.now()) {
      memory.unshift({ deviceTime: wall(nextAt), ...plausible(random) });
      nextAt += Math.max(1_000, Math.round((newReadingEveryMs ?? 0) * (0.75 + random() / 2)));
    }
    memory.length = Math.min(memory.length, CAPACITY);
  }

  function answer(query: string): string[] {
    takeDueTests();
    if (query === "DM@") return [`@ "${serial}"`];
    if (query === "DM?") return ["?P02.00.00 30/08/06"];
    if (query === "DMF") return [`F ${moment(wall(clock.now()))}`];
    if (query === "DMSU?") return ['SU?,"MG/DL "'];
    if (query !== "DMP") return [];
    return [`P ${String(memory.length).padStart(3, "0")},"${serial}","MG/DL "`, ...memory.map(record)];
  }

  // Apart from the memory's, so that what is asked does not change what is measured next.
  const rhythm = randomFrom(~seed);
  let heard = "";
  let speaking: Promise<void> = Promise.resolve();
  return {
    serial,
    usb: { vendorId: "067b", productId: "2303", ambiguous: true, source: "the cable that both sheets name" },
    get memory() {
      takeDueTests();
      return [...memory];
    },
    receive(bytes, send) {
      heard += String.fromCharCode(...bytes);
      for (let at = heard.indexOf(ATTENTION); at >= 0; at = heard.indexOf(ATTENTION)) {
        const after = heard.slice(at + ATTENTION.length);
        const query = /^(?:DM@|DM\?|DMF|DMP|DMSU\?)/.exec(after)?.[0];
        if (query === undefined && after.length < LONGEST_QUERY) return;
        heard = after.slice(query?.length ?? 0);
        const reply = answer(query ?? "")
          .map(checked)
          .join("");
        // A hub that has hung up misses the answer; the meter goes on.
        speaking = speaking.then(() => dribble(reply, send)).catch(() => undefined);
      }
      heard = heard.slice(-1);
    },
  };

  async function dribble(text: string, send: (bytes: Uint8Array) => void): Promise<void> {
    for (let at = 0; at < text.length; ) {
      const size = 1 + below(rhythm, 24);
      const piece = text.slice(at, at + size);
      await clock.sleep(Math.ceil(piece.length * CHARACTER_MS));
      send(Uint8Array.from(piece, (character) => character.charCodeAt(0)));
      at += size;
    }
  }
}

function record(cell: Cell): string {
  const digits = String(cell.mgDl).padStart(3, "0");
  const meal = cell.meal === null ? "N" : cell.meal === "before" ? "B" : "A";
  const comment = String(cell.comment).padStart(2, "0");
  return `P ${moment(cell.deviceTime)},"${cell.control ? "C" : " "} ${digits} ","${meal}","${comment}", 00`;
}

/** `2015-03-21T16:45:24` the way the meter writes it. */
function moment(wall: string): string {
  const [date = "", time = ""] = wall.split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  const weekday = WEEKDAYS[new Date(`${date}T12:00:00Z`).getUTCDay()] ?? "";
  return `"${weekday}","${month}/${day}/${year.slice(-2)}","${time}   "`;
}

/** A line with the sum of its characters in four hex digits and its end. */
function checked(text: string): string {
  const sum = [...text].reduce((total, character) => total + character.charCodeAt(0), 0) % 65_536;
  return `${text} ${sum.toString(16).padStart(4, "0").toUpperCase()}\r\n`;
}

/** A test as people take them: mostly plain, now and then low, high, beyond the display, or with control solution. */
function plausible(random: () => number): Omit<Cell, "deviceTime"> {
  const lot = below(random, 100);
  if (lot < 3) return { mgDl: 97 + below(random, 30), control: true, meal: null, comment: 0 };
  const meal = ([null, "before", "after"] as const)[below(random, 3)] ?? null;
  const comment = below(random, 3) === 0 ? below(random, 12) : 0;
  const spread = meal === "after" ? 160 : 110;
  let mgDl = 65 + below(random, spread);
  if (lot < 8) mgDl = 20 + below(random, 45);
  else if (lot < 14) mgDl = 250 + below(random, 351);
  else if (lot < 16) mgDl = 8 + below(random, 12);
  else if (lot < 18) mgDl = 601 + below(random, 90);
  return { mgDl, control: false, meal, comment };
}

function below(random: () => number, limit: number): number {
  return Math.floor(random() * limit);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32, in the public domain). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
