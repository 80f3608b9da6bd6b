import fc from "fast-check";
import { expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { parseRefusal, printRefusal } from "./gatt-refusal.js";

test("a refusal is one line with its operation, its channel, and the code where it is known", () => {
  const busy = new Problem("GATT_REFUSED", "busy", { att: 0x80 });
  expect(printRefusal("write", "2a52", busy)).toBe("GATT_REFUSED write [2a52] 0x80");
  expect(printRefusal("read", "1808/2a51", new Problem("GATT_REFUSED"))).toBe("GATT_REFUSED read [1808/2a51]");
  expect(printRefusal("subscribe", "2a18", new Problem("METER_UNPAIRED"))).toBe("METER_UNPAIRED subscribe [2a18]");
  expect(printRefusal("read", "2a18", new Problem("TRANSPORT_GONE"))).toBeNull();
  expect(printRefusal("read", "2a18", new Error("GATT_REFUSED"))).toBeNull();
});

test("a refusal comes back from its line as it was", () => {
  const code = fc.constantFrom("GATT_REFUSED" as const, "METER_UNPAIRED" as const);
  const operation = fc.constantFrom("read" as const, "write" as const, "subscribe" as const);
  const context = fc
    .option(fc.integer({ min: 0, max: 255 }))
    .map((att): { att?: number } => (att === null ? {} : { att }));
  fc.assert(
    fc.property(code, operation, context, (kind, done, about) => {
      const text = printRefusal(done, "2a52", new Problem(kind, undefined, about)) ?? "";
      expect(parseRefusal(text)).toMatchObject({ operation: done, channel: "2a52" });
      expect(parseRefusal(text)?.problem).toMatchObject({ code: kind, context: about });
    }),
  );
});

test.each([
  "",
  "the link was lost",
  "GATT_REFUSED",
  "GATT_REFUSED write 2a52",
  "GATT_REFUSED erase [2a52]",
  "GATT_REFUSED write [2a52] 0x8",
  "GATT_REFUSED write [2a52] 0x80 later",
  "INTERNAL write [2a52]",
])("an error is no refusal that says %j", (text) => {
  expect(parseRefusal(text)).toBeNull();
});
