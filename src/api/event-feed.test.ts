import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";
import { expect, test, vi } from "vitest";
import { fakeHub, keepReadings, METER, reading } from "../../test/api/fake-hub.js";
import { silentLog } from "../domain/clock.js";
import type { HubEvent } from "../domain/status.js";
import { EventFeed } from "./event-feed.js";
import { eventText } from "./event-text.js";

/** What a test does between the store's answer and the feed's use of it. */
const between = vi.hoisted(() => ({ once: null as (() => Promise<void>) | null }));
vi.mock("../store/queries.js", async (original) => {
  const real = await original<typeof import("../store/queries.js")>();
  return {
    ...real,
    changesAfter: async (...args: Parameters<typeof real.changesAfter>) => {
      const page = await real.changesAfter(...args);
      const act = between.once;
      between.once = null;
      await act?.();
      return page;
    },
  };
});

const ids = (written: readonly string[]): number[] =>
  written.flatMap((text) => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1])));
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test("a record is written in the same tick in which the hub tells of it", async () => {
  const hub = await fakeHub();
  const written: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  }) as unknown as ServerResponse;
  const feed = new EventFeed({
    store: hub.store,
    log: silentLog,
    out,
    from: 0,
    bufferBytes: 1_000_000,
    stallMs: 1_000,
  });
  await feed.catchUp();
  const event: HubEvent = {
    type: "record",
    seq: 1,
    data: { id: "11111111-1111-4111-8111-111111111111", kind: "glucose", deleted: false, ...reading() },
  };
  feed.tell(event);
  expect(written).toEqual([eventText(1, "record", event.data)]);
});

test("a client that is behind hears of a meter's latest state last", async () => {
  const hub = await fakeHub();
  const written: string[] = [];
  const waiting: (() => void)[] = [];
  const out = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      waiting.push(done);
    },
  }) as unknown as ServerResponse;
  const feed = new EventFeed({ store: hub.store, log: silentLog, out, from: 0, bufferBytes: 0, stallMs: 60_000 });
  const details = ["1", "2", "3", "4"];
  for (const detail of details) feed.tell({ type: "meter", data: { ...METER, detail } });
  expect(written).toHaveLength(1);
  const drained = new Promise((resolve) => out.once("drain", resolve));
  waiting.shift()?.();
  await drained;
  await expect.poll(() => written.length).toBe(2);
  expect(written.map((text) => /"detail":"(\d)"/.exec(text)?.[1])).toEqual(["1", "4"]);
  out.destroy();
});

test("what the hub tells after the store's last page was read is not lost", async () => {
  const hub = await fakeHub();
  await keepReadings(hub.store, 3);
  const written: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  }) as unknown as ServerResponse;
  const feed = new EventFeed({
    store: hub.store,
    log: silentLog,
    out,
    from: 0,
    bufferBytes: 1_000_000,
    stallMs: 1_000,
  });
  between.once = async () => {
    const [id = ""] = await keepReadings(hub.store, 1, 3);
    feed.tell({ type: "record", seq: 4, data: { id, kind: "glucose", deleted: false, ...reading() } });
  };
  await feed.catchUp();
  expect(ids(written)).toEqual(upTo(4));
});

test("what the hub tells while a client is behind does not overtake what it has not heard", async () => {
  const hub = await fakeHub();
  await keepReadings(hub.store, 450);
  const written: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      setImmediate(done);
    },
  }) as unknown as ServerResponse;
  const feed = new EventFeed({
    store: hub.store,
    log: silentLog,
    out,
    from: 0,
    bufferBytes: 1_000_000,
    stallMs: 60_000,
  });
  between.once = async () => {
    const [id = ""] = await keepReadings(hub.store, 1, 450);
    feed.tell({ type: "record", seq: 451, data: { id, kind: "glucose", deleted: false, ...reading() } });
  };
  await feed.catchUp();
  await expect.poll(() => out.writableLength).toBe(0);
  expect(ids(written)).toEqual(upTo(451));
});

test("a state told while the buffer empties does not come before an older one that waits", async () => {
  const hub = await fakeHub();
  const written: string[] = [];
  const waiting: (() => void)[] = [];
  const out = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      waiting.push(done);
    },
  }) as unknown as ServerResponse;
  const meter = (detail: string): HubEvent => ({ type: "meter", data: { ...METER, detail } });
  const bufferBytes = eventText(0, "meter", meter("1").data).length;
  const feed = new EventFeed({ store: hub.store, log: silentLog, out, from: 0, bufferBytes, stallMs: 60_000 });
  for (const detail of ["1", "2", "3"]) feed.tell(meter(detail));
  waiting.shift()?.();
  await expect.poll(() => written.length).toBe(2);
  expect(out.writableLength).toBe(bufferBytes);
  feed.tell(meter("4"));
  const emptied = (): Promise<void> =>
    expect.poll(() => [waiting.shift()?.(), out.writableLength]).toEqual([undefined, 0]);
  await emptied();
  // What waited is written a turn after the buffer emptied.
  await new Promise((resolve) => setImmediate(resolve));
  await emptied();
  expect(written.map((text) => /"detail":"(\d)"/.exec(text)?.[1])).toEqual(["1", "2", "4"]);
  out.destroy();
});
