import { expect, test } from "vitest";
import { identityOf } from "./identity.js";
import { rowOf } from "./rows.js";

function serial(
  told: string | null,
  model: string | null,
  advertised: string | null,
  name = "x (bench)",
  maker: string | null = null,
) {
  const row = rowOf(maker, advertised);
  return identityOf({ manufacturer: maker, model, serial: told, firmware: null }, row, { advertised, name }).serial;
}

test("a Roche meter has the serial number that it tells over USB: its model's number and the digits of its name", () => {
  expect(serial("whatever", "925", "meter+17304468")).toBe("92517304468");
  // Digits that happen to begin like the model's number are no reason to leave it out.
  expect(serial(null, "925", "meter+92512345")).toBe("92592512345");
  expect(serial("17304468", "925", null, "x", "Roche")).toBe("92517304468");
  expect(serial("92517304468", "925", null, "x", "Roche")).toBe("92517304468");
  expect(serial("S123", "Guide", "meter+17304468")).toBe("S123");
});

test("other meters have the one that they tell, whatever they are called", () => {
  expect(serial("D123A456", "925", "CareSens 4D2F")).toBe("D123A456");
});

test("without one, a name is taken that ends with a number, else the Bluetooth address", () => {
  expect(serial(null, null, "Sugar 00123456")).toBe("Sugar 00123456");
  const named = "TNG VOICE (C0:FF:EE:00:00:01)";
  expect(serial(null, null, "TNG VOICE", named)).toBe("C0:FF:EE:00:00:01");
  expect(serial("00000000", null, "CareSens 4D2F", named)).toBe("C0:FF:EE:00:00:01");
  // A name that every meter of the model has would make one meter of two.
  expect(serial(null, null, "TNG VOICE")).toBeNull();
});

test("who made it is told by what it says, else by its name, else nobody knows", () => {
  const ids = [
    rowOf("Roche", null),
    rowOf("i-SENS", "meter+123456"),
    rowOf(null, "CareSens 15A4"),
    rowOf(null, "ReliOn 2395 1234"),
    rowOf(null, "ReliOn 0015 1234"),
    rowOf("Ascensia Diabetes Care", "Contour7800H"),
    rowOf(null, "TNG VOICE"),
    rowOf("TaiDoc", "DIAMOND MINI"),
    rowOf("Unheard-of", "Glucometer"),
    rowOf(null, null),
  ].map(({ id }) => id);
  expect(ids).toEqual(["roche", "isens", "isens", "isens", "isens", "ascensia", "tng", "taidoc", "generic", "generic"]);
  const told = { manufacturer: null, model: null, serial: null, firmware: null };
  const link = { advertised: "TNG VOICE", name: "x" };
  expect(identityOf(told, rowOf(null, "TNG VOICE"), link).manufacturer).toBe("Fora");
});
