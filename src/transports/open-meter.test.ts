import { describe, expect, test } from "vitest";
import type { BleDriver } from "../kit/driver.js";
import { openMeter } from "./open-meter.js";

/** Of a driver, only its transport is looked at here. */
const driver = { transport: "ble" } as BleDriver;
const PORT = "ble:C0:FF:EE:00:00:01";

describe("opening a meter on Bluetooth", () => {
  test("is left to who is there for it, with port and signal", async () => {
    const asked: unknown[] = [];
    const { signal } = new AbortController();
    const refused = openMeter(driver, PORT, signal, async (port, given) => {
      asked.push(port, given);
      throw new Error("asked");
    });
    await expect(refused).rejects.toThrow("asked");
    expect(asked).toEqual([PORT, signal]);
  });

  test("is refused where there is nobody for it", async () => {
    await expect(openMeter(driver, PORT)).rejects.toMatchObject({ code: "BLUETOOTH_MISSING" });
  });
});
