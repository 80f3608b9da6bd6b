import type { MeterSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import {
  asReading,
  PacedSpeaker,
  type SimulatedTest,
  simulatedMemory,
  simulatedSerial,
} from "../../src/kit/simulated.js";

/** Tests that the memory holds at most: the count on the wire has three digits. */
const CAPACITY = 999;
/** Milliseconds that one character takes at 9600 baud, 8N1. */
const CHARACTER_MS = 10_000 / 9_600;
/** DC1 and CR, with which every query begins. */
const ATTENTION = "\u0011\r";
/** Letters of the longest query, `DMSU?`. */
const LONGEST_QUERY = 5;
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"] as const;
/** Meals and tests with control solution are marked; the display shows 20 to 600 mg/dL. */
const TRAITS = {
  capacity: CAPACITY,
  low: 20,
  high: 600,
  seconds: true,
  meals: ["before", "after"],
  control: true,
  ketone: false,
} as const;

/**
 * A OneTouch Ultra 2 as its protocol describes it, with a memory that its seed decides. Takes queries with or without
 * CR behind them, and answers in dribbles at the pace of the line. It can be neither erased nor set: it is silent then.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const serial = simulatedSerial(options.seed, "ANANNANAY");
  const memory = simulatedMemory(options, TRAITS);
  const speaker = new PacedSpeaker(options.clock, CHARACTER_MS, options.seed);
  const unit = options.unit === "mmol/L" ? "MMOL/L" : "MG/DL ";
  let declines = options.declines ?? 0;
  let heard = "";

  function answer(query: string): string[] {
    if (query === "DM@") return [`@ "${serial}"`];
    if (query === "DM?") return ["?P02.00.00 30/08/06"];
    if (query === "DMF") return [`F ${moment(memory.clock())}`];
    if (query === "DMSU?") return [`SU?,"${unit}"`];
    if (query !== "DMP") return [];
    const tests = memory.tests();
    return [`P ${String(tests.length).padStart(3, "0")},"${serial}","${unit}"`, ...tests.map(record)];
  }

  return {
    serial,
    usb: { vendorId: "067b", productId: "2303", ambiguous: true, source: "the cable that both sheets name" },
    clock: memory.clock,
    get memory() {
      return memory.tests().map((test) => asReading(test, TRAITS));
    },
    receive(bytes, send) {
      heard += String.fromCharCode(...bytes);
      for (let at = heard.indexOf(ATTENTION); at >= 0; at = heard.indexOf(ATTENTION)) {
        const after = heard.slice(at + ATTENTION.length);
        const query = /^(?:DM@|DM\?|DMF|DMP|DMSU\?)/.exec(after)?.[0];
        if (query === undefined && after.length < LONGEST_QUERY) return;
        heard = after.slice(query?.length ?? 0);
        declines -= 1;
        // Declining is silence: the protocol has no word for it.
        if (declines >= 0) continue;
        const reply = answer(query ?? "")
          .map(checked)
          .join("");
        void speaker.say(
          Uint8Array.from(reply, (character) => character.charCodeAt(0)),
          send,
        );
      }
      heard = heard.slice(-1);
    },
  };
}

function record(test: SimulatedTest): string {
  const digits = String(test.amount).padStart(3, "0");
  const meal = test.meal === null ? "N" : test.meal === "before" ? "B" : "A";
  const comment = String(test.amount % 36 < 12 ? test.amount % 36 : 0).padStart(2, "0");
  return `P ${moment(test.deviceTime)},"${test.control ? "C" : " "} ${digits} ","${meal}","${comment}", 00`;
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
