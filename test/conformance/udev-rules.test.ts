import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DRIVERS } from "../../drivers/index.js";

const RULES = readFileSync(new URL("../../config/70-glucohub.rules", import.meta.url), "utf8");
/** Under which label the rules have what kind of meter. */
const LABELS = {
  serial: "glucohub_tty",
  hid: "glucohub_meter",
  usb: "glucohub_meter",
  block: "glucohub_block",
} as const;

/** The lines from one label to the next. */
function section(label: string): string[] {
  const [, after = ""] = RULES.split(`LABEL="${label}"`);
  return (after.split("LABEL=")[0] ?? "").split("\n").filter((line) => line.startsWith("ATTRS"));
}

test("every meter's USB identifiers stand in the rules that let a user open it", () => {
  let looked = 0;
  const missing = DRIVERS.flatMap((driver) => {
    // A meter over Bluetooth has no node of its own: the system's service stands between.
    if (driver.transport === "file" || driver.transport === "ble") return [];
    const lines = section(LABELS[driver.transport]);
    return driver.usb.flatMap(({ vendorId, productId }) => {
      looked += 1;
      const found = lines.some((line) => {
        const vendors = /ATTRS\{idVendor\}=="([^"]+)"/.exec(line)?.[1]?.split("|") ?? [];
        const products = /ATTRS\{idProduct\}=="([^"]+)"/.exec(line)?.[1]?.split("|") ?? null;
        return vendors.includes(vendorId) && (products === null || products.includes(productId));
      });
      return found ? [] : [`${driver.id}: ${vendorId}:${productId}`];
    });
  });
  expect(missing).toEqual([]);
  expect(looked).toBeGreaterThanOrEqual(40);
});
