import { expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { onetouchUltra2 } from "../onetouch-ultra2/index.js";
import { freestyleLite } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const head = (second: string, serial = "DGPK817-R2094"): string =>
  `\r\n${serial}\r\n1.43  -P\r\nMay  06 2024 08:08:${second}\r\n`;

/** Gives one answer after the other, then the last one again. */
function answering(...answers: string[]): Answerer & { asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    receive(_, send) {
      send(latin1Bytes(answers[Math.min(asked, answers.length - 1)] ?? ""));
      asked += 1;
    },
  };
}

const EMPTY = "Log Empty END\r\n";

test("an empty memory has no checksum, so it is believed when it came twice alike", async () => {
  const meter = answering(head("41") + EMPTY);
  const heard = await hear(freestyleLite, meter, new VirtualClock(START_MS));
  expect(heard.reason).toBeNull();
  expect(heard.events).toMatchObject([
    { type: "identity", identity: { serial: "DGPK817-R2094", model: "FreeStyle Lite", displayUnit: null } },
    { type: "clock", deviceTime: "2024-05-06T08:08:41" },
    { type: "expect", count: 0 },
  ]);
  expect(meter.asked()).toBe(2);
});

test("an empty memory whose clock goes on between the answers is asked for until two are alike", async () => {
  const meter = answering(head("41") + EMPTY, head("42") + EMPTY, head("42") + EMPTY);
  const heard = await hear(freestyleLite, meter, new VirtualClock(START_MS));
  expect(heard.events[1]).toEqual({ type: "clock", deviceTime: "2024-05-06T08:08:42" });
  expect(meter.asked()).toBe(3);
});

test("a clock that is never twice alike over an empty memory is not told", async () => {
  const meter = answering(...["41", "42", "43", "44"].map((second) => head(second) + EMPTY));
  const heard = await hear(freestyleLite, meter, new VirtualClock(START_MS));
  expect(heard.reason).toBeNull();
  expect(heard.events[0]).toMatchObject({ identity: { serial: "DGPK817-R2094" } });
  expect(heard.events[1]).toEqual({ type: "clock", deviceTime: null });
  expect(meter.asked()).toBe(4);
});

test("a serial number that is another one each time is nobody's", async () => {
  const serials = ["DGPK817-R2094", "DGPK123-E4566", "DGPK123-E4565", "DGPK123-E4564"];
  const meter = answering(...serials.map((serial) => head("41", serial) + EMPTY));
  const heard = await hear(freestyleLite, meter, new VirtualClock(START_MS));
  expect([heard.code, heard.events]).toEqual(["FRAME_CHECKSUM", []]);
});

test("a log that the meter does not find is a refusal, kept with its bytes, and no empty memory", async () => {
  const answer = `${head("41")}Log Not Found END\r\n`;
  const heard = await hear(freestyleLite, answering(answer), new VirtualClock(START_MS));
  expect(heard.code).toBe("METER_REFUSED");
  expect(heard.events.map(({ type }) => type)).toEqual(["unreadable"]);
  const [event] = heard.events;
  expect(event?.type === "unreadable" ? latin1(event.unreadable.raw) : "").toBe(answer);
});

test("on the cable that it shares, another make's meter is passed over and not disturbed", async () => {
  const clock = new VirtualClock(START_MS);
  const other = onetouchUltra2.simulate({ count: 6, seed: 2, clock, zone: "Europe/London" });
  const heard = await hear(freestyleLite, other, clock, { patience: "probe" });
  expect([heard.code, heard.events]).toEqual(["METER_TIMEOUT", []]);
  expect(heard.tookMs).toBeLessThanOrEqual(freestyleLite.probe.withinMs);
  const own = await hear(onetouchUltra2, other, clock, { patience: "probe" });
  expect(own.reason).toBeNull();
  expect(own.readings.map(inMemoryWords)).toEqual(other.memory);
});

test("on the cable that it shares, it is found after another make's driver has asked", async () => {
  const clock = new VirtualClock(START_MS);
  const meter = freestyleLite.simulate({ count: 6, seed: 2, clock, zone: "Europe/London" });
  const other = await hear(onetouchUltra2, meter, clock, { patience: "probe" });
  expect(other.events).toEqual([]);
  const heard = await hear(freestyleLite, meter, clock, { patience: "probe" });
  expect(heard.reason).toBeNull();
  expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
});

test("each cable is claimed as what it is: Abbott's own for itself, the generic chip not", () => {
  expect(
    freestyleLite.usb.map(({ vendorId, productId, ambiguous }) => `${vendorId}:${productId} ${ambiguous}`),
  ).toEqual(["1a61:3410 false", "0403:6001 true"]);
});
