import { expect, test } from "vitest";
import { maskText } from "../../src/kit/blank.js";
import { concat, latin1, latin1Bytes } from "../../src/kit/bytes.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { hearHid } from "../../test/helpers/simulated-hid.js";
import { takeAap } from "../shared/abbott-hid/binary/aap.js";
import { readAtp } from "../shared/abbott-hid/binary/atp.js";
import { readFactory } from "../shared/abbott-hid/binary/factory.js";
import { simulatedCrc32, simulatedFrame } from "../shared/abbott-hid/binary/simulated-wire.js";
import { freestyleLibrePro } from "./index.js";

const SERIAL = "JKGV204-P3310";

/** Bytes of inner frames in reports, each as the reader would send it. */
function framed(stream: Uint8Array): Uint8Array[] {
  const reports: Uint8Array[] = [];
  for (let from = 0; from < stream.length; from += 56) {
    const data = stream.slice(from, from + 56);
    const report = new Uint8Array(64).fill(0x4a);
    report.set([0x0b, 6 + data.length, 1, reports.length]);
    new DataView(report.buffer).setUint32(4, simulatedCrc32(data), true);
    report.set(data, 8);
    reports.push(report);
  }
  return reports;
}

test("a serial number in the factory's table is masked across two frames, and all checksums are right again", () => {
  const fields = new Uint8Array(232);
  fields.set(latin1Bytes(SERIAL), 45);
  fields[133] = 1;
  new DataView(fields.buffer).setUint32(156, 1_388_534_400, true);
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, simulatedCrc32(fields), true);
  const reports = framed(simulatedFrame(0x51, [1, ...fields, ...sum]));
  const [first = new Uint8Array(), ...others] = reports;
  // The first one comes twice.
  const blanked = freestyleLibrePro.blank([first, first, ...others], maskText);
  expect(blanked.map(({ length }) => length)).toEqual([first, ...reports].map(({ length }) => length));
  expect(blanked[0]).toEqual(blanked[1]);
  const stream = concat(blanked.slice(1).map((report) => readAtp(report.subarray(2, 2 + (report[1] ?? 0))).data));
  expect(latin1(stream)).toContain("XXXX000-X0000");
  expect(blanked.map(latin1).join("")).not.toContain("JKGV");
  const data = takeAap(stream)?.frame.data ?? new Uint8Array();
  expect(readFactory(data)).toEqual({ displayUnit: "mg/dL", timeBase: 1_388_534_400 });
  // What was damaged stays so.
  const damaged = reports.map((report, at) =>
    at === 1 ? report.map((byte, place) => (place === 5 ? byte ^ 1 : byte)) : report,
  );
  const still = freestyleLibrePro.blank(damaged, maskText)[1] ?? new Uint8Array();
  expect(() => readAtp(still.subarray(2, 2 + (still[1] ?? 0)))).toThrow(
    expect.objectContaining({ code: "FRAME_CHECKSUM" }),
  );
});

test("a whole conversation is blanked: the same readings under a masked serial number", async () => {
  const clock = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
  const meter = freestyleLibrePro.simulate({ count: 20, seed: 8, clock, zone: "Europe/London" });
  const reports: Uint8Array[] = [];
  const sound = await hearHid(
    freestyleLibrePro,
    {
      receive: (report, send) =>
        meter.receive(report, (one) => {
          reports.push(one);
          send(one);
        }),
    },
    clock,
  );
  const blanked = freestyleLibrePro.blank(reports, maskText);
  expect(reports.map(latin1).join("")).toContain(meter.serial);
  expect(blanked.map(latin1).join("")).not.toContain(meter.serial);
  const again = new VirtualClock(Date.parse("2024-05-06T07:08:09Z"));
  const other = freestyleLibrePro.simulate({ count: 20, seed: 8, clock: again, zone: "Europe/London" });
  let at = 0;
  const heard = await hearHid(
    freestyleLibrePro,
    { receive: (report, send) => other.receive(report, () => send(blanked[at++] ?? new Uint8Array())) },
    again,
  );
  expect(at).toBe(reports.length);
  expect(heard.reason).toBeNull();
  expect(heard.events[0]).toMatchObject({ identity: { serial: "XXXX000-X0000" } });
  expect(heard.readings).toEqual(sound.readings);
  expect(heard.readings).toHaveLength(20);
});
