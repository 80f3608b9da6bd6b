import { expect, test } from "vitest";
import { hex, unhex } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { inVirtualTime } from "../../test/helpers/simulated-line.js";
import { simulatedRacp } from "./simulated-racp.js";

const RECORDS = [3, 5, 9].map((sequence) => ({
  sequence,
  measurement: [sequence],
  context: sequence === 5 ? [0xcc] : null,
}));

/** What the meter says to each request, one after the other, when it has said it. */
async function ask(...requests: readonly string[]) {
  const clock = new VirtualClock(0);
  const said: string[] = [];
  const racp = simulatedRacp(
    () => RECORDS,
    clock,
    (from, bytes) => said.push(`${from} ${hex(Uint8Array.from(bytes))}`),
  );
  for (const request of requests) {
    expect(racp.write(unhex(request))).toBe("done");
    await inVirtualTime(clock, () => clock.sleep(1_000));
  }
  return said;
}

test.each([
  ["01 01", ["2a18 03", "2a18 05", "2a34 cc", "2a18 09", "2a52 06 00 01 01"]],
  ["01 02 01 05 00", ["2a18 03", "2a18 05", "2a34 cc", "2a52 06 00 01 01"]],
  ["01 03 01 05 00", ["2a18 05", "2a34 cc", "2a18 09", "2a52 06 00 01 01"]],
  ["01 04 01 04 00 05 00", ["2a18 05", "2a34 cc", "2a52 06 00 01 01"]],
  ["01 05", ["2a18 03", "2a52 06 00 01 01"]],
  ["01 06", ["2a18 09", "2a52 06 00 01 01"]],
  ["01 03 01 0a 00", ["2a52 06 00 01 06"]],
  ["04 01", ["2a52 05 00 03 00"]],
  ["04 03 01 0a 00", ["2a52 05 00 00 00"]],
  ["01 00", ["2a52 06 00 01 03"]],
  ["01 07", ["2a52 06 00 01 04"]],
  ["01 03", ["2a52 06 00 01 05"]],
  ["01 03 01 05", ["2a52 06 00 01 05"]],
  ["01 04 01 05 00 04 00", ["2a52 06 00 01 05"]],
  ["01 03 02 e8 07 01 01 00 00 00", ["2a52 06 00 01 09"]],
  ["03 00", ["2a52 06 00 03 01"]],
  ["09 01", ["2a52 06 00 09 02"]],
])("to [%s] the virtual meter says what the sheets have", async (request, said) => {
  expect(await ask(request)).toEqual(said);
});

test("asked to delete, the virtual meter says that it does not know how, and still has everything", async () => {
  const said = await ask("02 01", "04 01");
  expect(said).toEqual(["2a52 06 00 02 02", "2a52 05 00 03 00"]);
});

test("while it sends, it declines all but an abort, and then stops", async () => {
  const clock = new VirtualClock(0);
  const said: string[] = [];
  const racp = simulatedRacp(
    () => RECORDS,
    clock,
    (from, bytes) => said.push(`${from} ${hex(Uint8Array.from(bytes))}`),
  );
  expect(racp.write(unhex("01 01"))).toBe("done");
  expect(racp.write(unhex("04 01"))).toEqual({ att: 0x80 });
  expect(racp.write(unhex("03 00"))).toBe("done");
  await inVirtualTime(clock, () => clock.sleep(1_000));
  expect(said).toEqual(["2a52 06 00 03 01"]);
});
