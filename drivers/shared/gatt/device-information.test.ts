import { expect, test } from "vitest";
import { asProblem } from "../../../src/domain/problem.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { bleTo } from "../../../test/helpers/simulated-ble.js";
import { readDeviceInformation, textOf } from "./device-information.js";
import { type Script, scriptedMeter } from "./scripted-meter.js";

const hexOf = (text: string): string => Buffer.from(text, "latin1").toString("hex");

async function read(gatt: readonly string[], values: NonNullable<Script["values"]>) {
  const meter = scriptedMeter({ gatt: { "180a": gatt }, values, answer: () => [] });
  const link = bleTo(meter, new VirtualClock(0), { operationMs: 0 });
  try {
    return { told: await readDeviceInformation(link, new AbortController().signal), reads: link.operations.length };
  } catch (error) {
    return { told: asProblem(error).code, reads: link.operations.length };
  }
}

test("maker, model, serial number and firmware are read, without what they are filled up with", async () => {
  const values = {
    "2a29": hexOf("Roche\0\0"),
    "2a24": hexOf(" 925 "),
    "2a25": hexOf("12345678"),
    "2a26": hexOf("v1\0\xff"),
  };
  // The last one is no UTF-8, though it begins like a text.
  expect(await read(["2a29", "2a24", "2a25", "2a26"], values)).toEqual({
    told: { manufacturer: "Roche", model: "925", serial: "12345678", firmware: null },
    reads: 4,
  });
});

test("what a meter does not have, may not tell, or never filled in is null", async () => {
  const values = { "2a24": hexOf("Model Number"), "2a25": { att: 0x02 } };
  expect(await read(["2a24", "2a25"], values)).toEqual({
    told: { manufacturer: null, model: null, serial: null, firmware: null },
    reads: 2,
  });
});

test("who a meter is does not depend on the day: what is declined for the moment is asked again, and ends the session", async () => {
  expect(await read(["2a25"], { "2a25": { att: 0x0e } })).toEqual({ told: "GATT_REFUSED", reads: 2 });
});

test("texts end at their first zero, and control characters are no text", () => {
  const texts = ["Roche", "Roche\0junk", "\0", "", "  ", "a\u0007b", "Serial Number", "FIRMWARE REVISION"];
  expect(texts.map((text) => textOf(Buffer.from(text, "latin1")))).toEqual([
    "Roche",
    "Roche",
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
  expect(textOf(Buffer.from("Größe", "utf8"))).toBe("Größe");
});
