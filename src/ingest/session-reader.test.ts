import { expect, test } from "vitest";
import { clock, identity, NOW_MS, reading, told } from "../../test/helpers/ingest.js";
import type { SessionEvent, SourceReading } from "../domain/reading.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { ownerBySerial } from "./owner.js";
import { SessionReader } from "./session-reader.js";

/** A clock that was put back from London's summer time a day late. */
const changes: SessionEvent = {
  type: "clockChanges",
  changes: [{ from: "2023-10-30T09:00:00", to: "2023-10-30T08:00:00", order: 100 }],
};

const late = (order: number): SourceReading => reading({ deviceTime: "2023-10-30T08:30:00", order });

function placed(...list: SessionEvent[]): unknown[] {
  const reader = new SessionReader("cgm", new VirtualClock(NOW_MS), ownerBySerial([], "Europe/London"));
  return list
    .flatMap((event) => reader.take(event))
    .map((one) => ("record" in one ? [one.record.id, one.record.fields.time, one.record.fields.timeQuality] : one));
}

test("readings are placed through the changes of the device's clock, by their place among them", () => {
  const [before, after] = placed(identity(), clock(), changes, told(late(99), late(101)));
  expect(before).toEqual([expect.any(String), "2023-10-30T07:30:00.000Z", "corrected"]);
  expect(after).toEqual([expect.any(String), "2023-10-30T08:30:00.000Z", "device"]);
});

test("without changes a reading's place in the log means nothing", () => {
  const [one] = placed(identity(), clock(), told(late(99)));
  expect(one).toEqual([expect.any(String), "2023-10-30T08:30:00.000Z", "device"]);
});

test("changes that are told late hold for the readings behind them, and equal readings stay apart", () => {
  const [one, two] = placed(identity(), clock(), told(late(99)), changes, told(late(99)));
  expect(one).toEqual([expect.any(String), "2023-10-30T08:30:00.000Z", "device"]);
  expect(two).toEqual([expect.any(String), "2023-10-30T07:30:00.000Z", "corrected"]);
  expect((one as string[])[0]).not.toBe((two as string[])[0]);
});

test("the changes are nothing that is kept, and count as nothing read", () => {
  const reader = new SessionReader("cgm", new VirtualClock(NOW_MS), ownerBySerial([], "Europe/London"));
  expect(reader.take(changes)).toEqual([]);
  expect(reader.read).toBe(0);
});
