import { describe, expect, test } from "vitest";
import type { SessionEvent } from "../../../src/domain/reading.js";
import type { SessionContext } from "../../../src/kit/driver.js";
import type { HidTransport } from "../../../src/kit/transport.js";
import { numbersReports } from "./numbered-reports.js";

/** A driver that begins like this. */
function driver(begin: (transport: HidTransport) => Promise<unknown>) {
  return {
    // biome-ignore lint/correctness/useYield: it never comes to a reading
    async *session({ transport }: SessionContext<HidTransport>): AsyncGenerator<SessionEvent, void, void> {
      await begin(transport);
    },
  };
}

describe("whether a meter numbers its reports", () => {
  test.each<[string, boolean, (transport: HidTransport) => Promise<unknown>]>([
    ["sends a report with a number", true, (transport) => transport.write(Uint8Array.of(1, 0))],
    ["sends a report without one", false, (transport) => transport.write(Uint8Array.of(0, 1))],
    ["sets a feature with a number", true, (transport) => transport.setFeature(Uint8Array.of(0x41, 0))],
    ["asks for a feature with a number", true, (transport) => transport.getFeature(0x46, 3)],
    ["ends without a word", false, async () => undefined],
  ])("is told by its driver, which %s", async (_what, numbered, begin) => {
    expect(await numbersReports(driver(begin))).toBe(numbered);
  });
});
