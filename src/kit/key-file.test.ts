import fc from "fast-check";
import { expect, test } from "vitest";
import { isProblem } from "../domain/problem.js";
import { hex } from "./bytes.js";
import { parseKeyFile } from "./key-file.js";

const KEY = "00112233445566778899aabbccddeeff";

test("keys are read by name, remarks and empty lines passed over, whatever the line ends", () => {
  const keys = parseKeyFile(
    `\uFEFF# mine\r\n\r\nlibre2.authEnc: ${KEY}\r\n  libre2.authMac:${KEY.toUpperCase()} # other\n`,
  );
  expect([...keys.keys()]).toEqual(["libre2.authEnc", "libre2.authMac"]);
  expect(hex(keys.get("libre2.authMac") ?? new Uint8Array())).toBe("00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff");
  expect(parseKeyFile("").size).toBe(0);
  expect(parseKeyFile(`a: ${KEY.replace(/../g, "$& ")}`).get("a")).toHaveLength(16);
});

test.each([
  ["no colon", `libre2.authEnc ${KEY}`, "form"],
  ["no name", `: ${KEY}`, "form"],
  ["a strange name", `$key: ${KEY}`, "form"],
  ["a key too short", `a: ${KEY.slice(2)}`, "30 hex digits"],
  ["a key too long", `a: ${KEY}0`, "33 hex digits"],
  ["no key", "a:", "0 hex digits"],
  ["something else than digits", `a: ${KEY.slice(1)}g`, "something else"],
  ["a name twice", `a: ${KEY}\na: ${KEY}`, "second time"],
])("a file with %s is refused with its line, and the key is not told on", (_, text, why) => {
  try {
    parseKeyFile(`# first\n${text}`);
    expect.unreachable();
  } catch (error) {
    expect(isProblem(error, "SETTINGS_INVALID")).toBe(true);
    const { message, context } = error as { message: string; context: { line: number } };
    expect(message).toContain(why);
    expect(context.line).toBe(1 + text.split("\n").length);
    expect(message).not.toContain(KEY.slice(2, 10));
  }
});

test("any text is keys of sixteen bytes or a named problem", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
      try {
        for (const key of parseKeyFile(text).values()) expect(key).toHaveLength(16);
      } catch (error) {
        expect(isProblem(error, "SETTINGS_INVALID")).toBe(true);
      }
    }),
  );
});
