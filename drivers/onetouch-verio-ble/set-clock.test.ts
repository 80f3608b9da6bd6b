import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { hex } from "../../src/kit/bytes.js";
import type { BleSimulator } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type BleBenchOptions, bleTo } from "../../test/helpers/simulated-ble.js";
import { inVirtualTime } from "../../test/helpers/simulated-line.js";
import { onetouchVerioBle as driver } from "./index.js";
import { ACK, said, scripted } from "./scripted-meter.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");
const WALL = "2026-11-23T08:15:42";
/** 2026-11-23T08:15:42 is 848736942 seconds after 2000 (date -u -d ... +%s, less 946684800): 3296B2AE. */
const SETTING = "01 02 0d 00 03 20 01 ae b2 96 32 03";

function bench(): { clock: VirtualClock; meter: BleSimulator } {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: driver.simulate({ count: 3, seed: 5, clock, zone: "Europe/London" }) };
}

interface Setting {
  readonly shown: string | null;
  readonly written: readonly string[];
  /** When each was written, milliseconds from the start. */
  readonly at: readonly number[];
}

async function set(
  meter: BleSimulator,
  clock: VirtualClock,
  wall = WALL,
  options: BleBenchOptions = {},
): Promise<Setting> {
  const at: number[] = [];
  const transport = bleTo(
    {
      name: meter.name,
      characteristics: meter.characteristics,
      connected: (send) => meter.connected(send),
      disconnected: () => meter.disconnected(),
      readValue: (name) => meter.readValue(name),
      write: (name, bytes) => {
        at.push(clock.now() - START_MS);
        return meter.write(name, bytes);
      },
    },
    clock,
    options,
  );
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog };
  const shown = await inVirtualTime(clock, async () => await driver.setClock?.({ ...context, wallNow: () => wall }));
  return { shown: shown ?? null, written: transport.written.map(hex), at };
}

describe("setting the clock", () => {
  test("writes one word that sets, leaves the meter alone for a second, and gives what it shows then", async () => {
    const { clock, meter } = bench();
    const { shown, written, at } = await set(meter, clock);
    const setting = written.findIndex((packet) => packet.startsWith(SETTING));
    expect(setting).toBeGreaterThan(0);
    expect(written.filter((packet) => packet.startsWith(SETTING.slice(0, 20)))).toHaveLength(1);
    expect((at[setting + 1] ?? 0) - (at[setting] ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect(written[setting + 1]).toBe("01 02 09 00 03 20 02 03 d4 92");
    expect(shown?.slice(0, 17)).toBe("2026-11-23T08:15:");
    expect(meter.clock()?.slice(0, 17)).toBe("2026-11-23T08:15:");
  });

  test("takes an answer behind the acknowledgement for what it says", async () => {
    for (const [status, code] of [
      [8, "METER_REFUSED"],
      [9, "METER_REFUSED"],
      [7, "METER_UNPAIRED"],
    ] as const) {
      const { clock, meter } = bench();
      const declining = scripted(meter, ([command, word]) =>
        command === 0x20 && word === 1 ? [ACK, said(status)] : null,
      );
      await expect(set(declining, clock)).rejects.toMatchObject({ code });
      expect(meter.clock()?.slice(0, 4)).toBe("2024");
    }
    const { clock, meter } = bench();
    const telling = scripted(meter, ([command, word]) => (command === 0x20 && word === 1 ? [ACK, said(6)] : null));
    // The meter said yes and did not do it: what it shows is what is told.
    expect((await set(telling, clock)).shown?.slice(0, 10)).toBe("2024-05-06");
  });

  test("fails if the setting is never acknowledged", async () => {
    const { clock, meter } = bench();
    const deaf = scripted(meter, ([command, word]) => (command === 0x20 && word === 1 ? [] : null));
    await expect(set(deaf, clock)).rejects.toMatchObject({ code: "METER_STALLED" });
  });

  test("writes nothing without a bond, nor for a year that the meter's calendar does not hold", async () => {
    const { clock, meter } = bench();
    await expect(set(meter, clock, WALL, { bonded: false })).rejects.toMatchObject({ code: "METER_UNPAIRED" });
    const early = bench();
    const listening = scripted(early.meter, () => null);
    await expect(set(listening, early.clock, "1999-12-31T23:59:59")).rejects.toMatchObject({ code: "METER_REFUSED" });
    expect(listening.asked).toEqual(["27 0"]);
  });

  test("gives null when the clock can't be read back", async () => {
    const { clock, meter } = bench();
    const mute = scripted(meter, ([command, word]) => (command === 0x20 && word === 2 ? [ACK, said(8)] : null));
    expect((await set(mute, clock)).shown).toBeNull();
  });
});
