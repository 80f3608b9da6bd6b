import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { MeterSimulator } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");

async function reply(meter: MeterSimulator, clock: VirtualClock, sent: string): Promise<string> {
  let text = "";
  meter.receive(latin1Bytes(sent), (chunk) => {
    text += latin1(chunk);
  });
  do await turn();
  while (clock.advanceToNext());
  return text;
}

function meter(clock: VirtualClock, more: object = {}): MeterSimulator {
  return simulate({ count: 3, seed: 11, clock, zone: "Europe/London", ...more });
}

test("it sends its memory as the sheets describe it, with the sum of all before the checksum", async () => {
  const clock = new VirtualClock(START_MS);
  const virtual = meter(clock);
  const text = await reply(virtual, clock, "$mem\r\n");
  expect(text).toMatch(
    new RegExp(
      `^\r\n${virtual.serial}\r\n1\\.43 {2}-P\r\nMay {2}06 2024 08:08:09\r\n003\r\n\n` +
        "(?:(?:[0-9]{3}|HI |LO ) {2}[A-Z][a-z]{2}[a-z ] \\d\\d 20\\d\\d \\d\\d:\\d\\d (?:17|01) 0x0[01]\r\n){3}0x[0-9A-F]{4} {2}END\r\n$",
    ),
  );
  let sum = 0;
  for (const character of text.slice(0, text.lastIndexOf("0x"))) sum += character.charCodeAt(0);
  expect(Number.parseInt(text.slice(text.lastIndexOf("0x") + 2, -7), 16)).toBe(sum % 65_536);
});

test("it says in words that it is empty, and nothing to what it does not know", async () => {
  const clock = new VirtualClock(START_MS);
  const empty = meter(clock, { count: 0 });
  expect(await reply(empty, clock, "$mem\r\n")).toMatch(/\r\nLog Empty END\r\n$/);
  expect(await reply(empty, clock, "\x11\rDM@\r$xmem\r\n$colq\r\n\xff\x00mem\r\n")).toBe("");
});

test("it takes a new time, and declines one that is none and as many requests as it is told to", async () => {
  const clock = new VirtualClock(START_MS);
  const virtual = meter(clock, { declines: 1, clockErrorMs: -86_400_000 });
  expect(await reply(virtual, clock, "$tim,05,06,24,08,09\r\n")).toBe("CMD Fail!\r\n");
  expect(virtual.clock()).toMatch(/^2024-05-05T08:08:/);
  expect(await reply(virtual, clock, "$tim,5,6,24,8,9\r\n")).toBe("CMD Fail!\r\n");
  expect(await reply(virtual, clock, "$tim,05,06,24,08,09\r\n")).toBe("CMD OK\r\n");
  expect(virtual.clock()).toMatch(/^2024-05-06T08:09:0/);
});

test("equal seeds give equal meters, another seed another one, and 999 is all that it holds", () => {
  const clock = new VirtualClock(START_MS);
  const [one, same, other] = [meter(clock), meter(clock), meter(clock, { seed: 12 })];
  expect([same.serial, same.memory]).toEqual([one.serial, one.memory]);
  expect(other.serial).not.toBe(one.serial);
  const full = meter(clock, { count: 5_000 }).memory;
  expect(full).toHaveLength(999);
  expect(full.some(({ outOfRange }) => outOfRange === "high")).toBe(true);
  expect(full.some(({ outOfRange }) => outOfRange === "low")).toBe(true);
  expect(full.some(({ control }) => control)).toBe(true);
  expect(full.every(({ kind, meal }) => kind === "glucose" && meal === null)).toBe(true);
});
