import { expect, test } from "vitest";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearHid } from "../../test/helpers/simulated-hid.js";
import { Pile } from "../shared/abbott-hid/pile.js";
import { accepted, logOf, reportOf, sendReports } from "../shared/abbott-hid/scripted-reader.js";
import { freestyleLibre } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
/** Ninety days: a value every quarter of an hour, and twelve scans a day. */
const HISTORY = 90 * 96;
const SCANS = 90 * 12;

function moment(at: number): string {
  const wall = new Date(START_MS - at * 900_000);
  const [hour, minute, second] = [wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds()];
  return [wall.getUTCMonth() + 1, wall.getUTCDate(), wall.getUTCFullYear() - 2000, hour, minute, second].join();
}

function memory(): Readonly<Record<string, string>> {
  const history = Array.from(
    { length: HISTORY },
    (_, at) => `${90_000 - at},12,${moment(at)},1,0,0,0,0,${70 + (at % 150)},${at * 15},0`,
  );
  const scans = Array.from(
    { length: SCANS },
    (_, at) =>
      `${90_000 - at * 8},2,${moment(at * 8)},1,2,0,0,${70 + (at % 150)},1,3,0,0,0,0,0,0,0,3,0,0,0,0,0,0,"Sport","Snack","","","",""`,
  );
  return {
    "$sn?": "JGGV315-T2207\r\n",
    "$swver?": "2.3.0\r\n",
    "$uom?": "1\r\n",
    "$date?": "5,6,24\r\n",
    "$time?": "8,8\r\n",
    "$arresult?": logOf(scans),
    "$history?": logOf(history),
  };
}

/** Answers at once, with reports that were made before: what is measured is the driver. */
function prepared() {
  const answers = new Map<string, Uint8Array[]>();
  for (const [word, message] of Object.entries(memory())) {
    const reports: Uint8Array[] = [];
    sendReports(0x60, accepted(message), (report) => reports.push(report));
    answers.set(word, reports);
  }
  return {
    receive(report: Uint8Array, send: (report: Uint8Array) => void) {
      if (report[1] === 1) send(reportOf(0x71, "\x01"));
      for (const one of answers.get(String.fromCharCode(...report.slice(3, 3 + (report[2] ?? 0)))) ?? []) send(one);
    },
  };
}

test("ninety days of memory are read and told whole, without a pause of the driver's own", async () => {
  const heard = await hearHid(freestyleLibre, prepared(), new VirtualClock(START_MS));
  expect(heard.reason).toBeNull();
  expect(heard.readings).toHaveLength(HISTORY + SCANS);
  expect(heard.tookMs).toBeLessThan(1_000);
});

test("by construction no more than a megabyte is held beyond the readings: the text of the two logs, with room to grow", () => {
  const piles = Object.values(memory()).map((message) => {
    const pile = new Pile();
    const bytes = new TextEncoder().encode(accepted(message));
    // The most that is held at once is while a log grows: what it was, and what it is going to be.
    let most = 0;
    for (let at = 0; at < bytes.length; at += 62) {
      const before = pile.bytes.buffer.byteLength;
      pile.add(bytes.subarray(at, at + 62));
      const after = pile.bytes.buffer.byteLength;
      most = Math.max(most, after === before ? after : before + after);
    }
    return { held: pile.bytes.buffer.byteLength, most };
  });
  const scans = piles.at(-2)?.held ?? Number.NaN;
  const growing = piles.at(-1)?.most ?? Number.NaN;
  expect(scans).toBeGreaterThan(80_000);
  expect(growing).toBeGreaterThan(400_000);
  expect(scans + growing).toBeLessThan(1_048_576);
});
