import { expect, test } from "vitest";
import { hex, unhex } from "../../../src/kit/bytes.js";
import type { HidSimulator } from "../../../src/kit/driver.js";
import { simulateBehindCp2110 } from "./simulated.js";

const USB = { vendorId: "10c4", productId: "8a32", ambiguous: false, source: "a test" };

/** A meter at 9600 baud that says back what it hears, twice; and all that came out of the chip. */
function echoing(): { chip: HidSimulator; came: string[]; send: (report: Uint8Array) => void } {
  const came: string[] = [];
  const chip = simulateBehindCp2110(
    {
      serial: "S1",
      usb: { ...USB, productId: "0000" },
      memory: [],
      clock: () => null,
      receive(bytes, send) {
        send(bytes);
        send(bytes);
      },
    },
    { baudRate: 9_600, usb: USB },
  );
  return { chip, came, send: (report) => void came.push(hex(report)) };
}

test("nothing passes a chip that was not set to the meter's speed and switched on", () => {
  let ran = 0;
  const settings = [
    [],
    ["41 01"],
    ["50 00 00 25 80 00 00 03 00"],
    ["50 00 00 4b 00 00 00 03 00", "41 01"],
    ["50 00 00 25 80 00 00 03 00", "41 01", "41 00"],
    ["50 00 00 25 80 01 00 03 00", "41 01"],
  ];
  for (const features of settings) {
    const { chip, came, send } = echoing();
    for (const feature of features) chip.setFeature?.(unhex(feature));
    chip.receive(unhex("01 80"), send);
    expect(came).toEqual([]);
    ran += 1;
  }
  expect(ran).toBe(6);
});

test("bytes pass one that was, each way behind their number, in reports of 63 at most", () => {
  const { chip, came, send } = echoing();
  for (const feature of ["50 00 00 25 80 00 00 03 00", "41 01"]) chip.setFeature?.(unhex(feature));
  chip.receive(unhex("02 80 81 00 00"), send);
  expect(came).toEqual(["02 80 81", "02 80 81"]);
  chip.receive(
    Uint8Array.from({ length: 64 }, (_, at) => (at === 0 ? 63 : 7)),
    send,
  );
  expect(came.slice(2).map((report) => report.slice(0, 2))).toEqual(["3f", "3f"]);
  chip.receive(unhex("05 01 02"), send);
  chip.receive(unhex("00 01 02"), send);
  expect(came).toHaveLength(4);
  expect(hex(chip.getFeature?.(0x50, 9) ?? new Uint8Array())).toBe("50 00 00 25 80 00 00 03 00");
  expect(hex(chip.getFeature?.(0x41, 2) ?? new Uint8Array())).toBe("41 01");
  expect([chip.serial, chip.usb.productId]).toEqual(["S1", "8a32"]);
});
