import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { MeterSimulator } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { simulate } from "./simulator.js";

const START_MS = Date.parse("2024-06-06T07:08:09Z");

async function reply(meter: MeterSimulator, clock: VirtualClock, sent: string): Promise<string> {
  let text = "";
  meter.receive(latin1Bytes(sent), (chunk) => {
    text += latin1(chunk);
  });
  do await turn();
  while (clock.advanceToNext());
  return text;
}

test("it sends its memory as the sheets describe it, ketone as 18 times the mmol/L", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = simulate({ count: 120, seed: 11, clock, zone: "Europe/London" });
  const text = await reply(meter, clock, "$xmem\r\n");
  expect(text).toMatch(
    new RegExp(
      `^\r\n${meter.serial}\r\n1\\.07\r\nJune 06 2024 08:08:09\r\n120\r\n` +
        "(?:(?:[0-9]{3}|HI |LO ) {2}[A-Z][a-z]{2}[a-z ] \\d\\d 20\\d\\d \\d\\d:\\d\\d [GK] 0x0[01]\r\n){120}0x[0-9A-F]{4} {2}END\r\n$",
    ),
  );
  let sum = 0;
  for (const character of text.slice(0, text.lastIndexOf("0x"))) sum += character.charCodeAt(0);
  expect(Number.parseInt(text.slice(text.lastIndexOf("0x") + 2, -7), 16)).toBe(sum % 65_536);
  const ketones = meter.memory.filter(({ kind }) => kind === "ketone");
  const sent = [...text.matchAll(/([0-9]{3}) {2}.{18} K /g)].map((match) => Number(match[1]));
  expect(sent).toEqual(ketones.map(({ value }) => Math.floor(value * 18 + 1e-6)));
  expect(sent.length).toBeGreaterThanOrEqual(3);
});

test("it tells about itself in lines with tabs, June in three letters, and counts nothing as 000", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = simulate({ count: 0, seed: 11, clock, zone: "Europe/London", unit: "mmol/L" });
  expect(await reply(meter, clock, "$colq\r\n")).toBe(
    `S/N:\t${meter.serial}\r\nVer:\t1.07\tMMOL\r\nClock:\tJun  06 2024\t08:08:09\r\nMarket:\t2\t7\r\nROM:\t8\t6\t5\t3\r\nUsage:\t0\r\nCMD OK\r\n`,
  );
  expect(await reply(meter, clock, "$xmem\r\n")).toMatch(/\r\n000\r\n0x[0-9A-F]{4} {2}END\r\n$/);
  expect(await reply(meter, clock, "$mem\r\n$coly\r\n")).toBe("");
});
