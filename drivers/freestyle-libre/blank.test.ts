import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { latin1 } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearHid } from "../../test/helpers/simulated-hid.js";
import { rigged } from "../shared/abbott-hid/scripted-reader.js";
import { freestyleLibre } from "./index.js";

test("a whole conversation is blanked: the same readings under a masked serial number, which stands nowhere any more", async () => {
  const clock = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
  const meter = freestyleLibre.simulate({ count: 20, seed: 8, clock, zone: "Europe/London" });
  const reports: Uint8Array[] = [];
  const sound = await hearHid(
    freestyleLibre,
    rigged(meter, (report) => {
      reports.push(report);
      return [report];
    }),
    clock,
  );
  const blanked = freestyleLibre.blank(reports, maskText);
  expect(blanked.map(({ length }) => length)).toEqual(reports.map(({ length }) => length));
  expect(reports.map(latin1).join("")).toContain(meter.serial);
  expect(blanked.map(latin1).join("")).not.toContain(meter.serial);

  // Each question again, answered with what is left of the reports.
  const again = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
  const other = freestyleLibre.simulate({ count: 20, seed: 8, clock: again, zone: "Europe/London" });
  let at = 0;
  const heard = await hearHid(
    freestyleLibre,
    rigged(other, () => {
      at += 1;
      return [blanked[at - 1] ?? new Uint8Array()];
    }),
    again,
  );
  expect(at).toBe(reports.length);
  expect(heard.reason).toBeNull();
  expect(heard.events[0]).toMatchObject({ identity: { serial: "XXXX000-X0000" } });
  expect(heard.readings).toEqual(sound.readings);
  expect(heard.readings).toHaveLength(20);
});
