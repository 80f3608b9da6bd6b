import { describe, expect, test } from "vitest";
import { maskText } from "../../../src/kit/blank.js";
import { latin1 } from "../../../src/kit/bytes.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { hearHid } from "../../../test/helpers/simulated-hid.js";
import { freestyleInsulinx } from "../../freestyle-insulinx/index.js";
import { freestyleLibre } from "../../freestyle-libre/index.js";
import { precisionNeo } from "../../precision-neo/index.js";
import { rigged } from "./scripted-reader.js";

const READERS = [freestyleInsulinx, freestyleLibre, precisionNeo];

describe.each(READERS.map((driver) => ({ id: driver.id, driver })))("$id", ({ driver }) => {
  test("a whole conversation is blanked: the same readings under a masked serial number, which stands nowhere any more", async () => {
    const clock = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
    const meter = driver.simulate({ count: 20, seed: 8, clock, zone: "Europe/London" });
    const reports: Uint8Array[] = [];
    const sound = await hearHid(
      driver,
      rigged(meter, (report) => {
        reports.push(report);
        return [report];
      }),
      clock,
    );
    const blanked = driver.blank(reports, maskText);
    expect(blanked.map(({ length }) => length)).toEqual(reports.map(({ length }) => length));
    expect(reports.map(latin1).join("")).toContain(meter.serial);
    expect(blanked.map(latin1).join("")).not.toContain(meter.serial);

    // Each question again, answered with what is left of the reports.
    const again = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
    const other = driver.simulate({ count: 20, seed: 8, clock: again, zone: "Europe/London" });
    let at = 0;
    const heard = await hearHid(
      driver,
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
});
