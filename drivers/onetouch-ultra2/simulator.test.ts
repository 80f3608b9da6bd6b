import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { MeterSimulator } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");

/** What the meter sends back, and in how many pieces. */
async function reply(
  meter: MeterSimulator,
  clock: VirtualClock,
  ...sent: string[]
): Promise<{ text: string; pieces: number }> {
  let [text, pieces] = ["", 0];
  for (const bytes of sent) {
    meter.receive(latin1Bytes(bytes), (chunk) => {
      text += latin1(chunk);
      pieces += 1;
    });
  }
  do await turn();
  while (clock.advanceToNext());
  return { text, pieces };
}

function meter(clock: VirtualClock, more: object = {}): MeterSimulator {
  return simulate({ count: 300, seed: 11, clock, zone: "Europe/London", ...more });
}

test("equal seeds give equal meters, another seed another one", () => {
  const clock = new VirtualClock(START_MS);
  const [one, same, other] = [meter(clock), meter(clock), meter(clock, { seed: 12 })];
  expect(same.serial).toBe(one.serial);
  expect(same.memory).toEqual(one.memory);
  expect(other.serial).not.toBe(one.serial);
  expect(other.memory).not.toEqual(one.memory);
});

test("the memory is newest first, in the past, and holds every kind of test", () => {
  const { memory, serial } = meter(new VirtualClock(START_MS));
  expect(serial).toMatch(/^[0-9A-Z]{8}Y$/);
  expect(memory).toHaveLength(300);
  const times = memory.map(({ deviceTime }) => deviceTime);
  expect([...times].sort().reverse()).toEqual(times);
  expect(new Set(times).size).toBe(300);
  expect(times[0]?.localeCompare("2024-05-06T08:08:09")).toBe(-1);
  expect(new Set(memory.map(({ outOfRange }) => outOfRange))).toEqual(new Set([null, "low", "high"]));
  expect(memory.some(({ control }) => control)).toBe(true);
  expect(new Set(memory.map(({ meal }) => meal))).toEqual(new Set([null, "before", "after"]));
});

test("a query is answered with or without CR behind it, in pieces, also when it comes byte by byte", async () => {
  const clock = new VirtualClock(START_MS);
  const virtual = meter(clock);
  const plain = await reply(virtual, clock, "\x11\rDM@");
  expect(plain.text).toMatch(new RegExp(`^@ "${virtual.serial}" [0-9A-F]{4}\r\n$`));
  expect((await reply(virtual, clock, "\x11\rDM@\r")).text).toBe(plain.text);
  expect((await reply(virtual, clock, ..."\x11\rDM@")).text).toBe(plain.text);
  expect((await reply(virtual, clock, "\x11\rDM?\r\x11\rDMSU?\r")).text).toBe(
    '?P02.00.00 30/08/06 03BC\r\nSU?,"MG/DL " 02CA\r\n',
  );
  const dump = await reply(virtual, clock, "\x11\rDMP");
  expect(dump.text.split("\r\n")).toHaveLength(302);
  expect(dump.pieces).toBeGreaterThan(600);
});

test("the words that would change it leave it silent and as it was", async () => {
  const clock = new VirtualClock(START_MS);
  const virtual = meter(clock);
  const before = virtual.memory;
  expect((await reply(virtual, clock, "\x11\rDMZ\r", "\x11\rDMT01/01/30 00:00:00\r")).text).toBe("");
  expect(virtual.memory).toEqual(before);
  expect((await reply(virtual, clock, "\x11\rDM?")).text).toMatch(/^\?P/);
});

test("its clock is as wrong as it is told to be", async () => {
  const clock = new VirtualClock(START_MS);
  const virtual = meter(clock, { clockErrorMs: -3_600_000 });
  expect((await reply(virtual, clock, "\x11\rDMF")).text).toContain('"MON","05/06/24","07:08:09   "');
});

test("new tests are taken as time goes by, on top of the memory", () => {
  const clock = new VirtualClock(START_MS);
  const virtual = meter(clock, { newReadingEveryMs: 10_000 });
  const before = virtual.memory;
  clock.advance(60_000);
  const after = virtual.memory;
  expect(after.length).toBeGreaterThanOrEqual(304);
  expect(after.length).toBeLessThanOrEqual(308);
  expect(after.slice(after.length - 300)).toEqual(before);
  expect(after[0]?.deviceTime.localeCompare("2024-05-06T08:09:10")).toBe(-1);
});
