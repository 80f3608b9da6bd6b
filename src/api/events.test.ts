import { connect } from "node:net";
import { describe, expect, test, vi } from "vitest";
import {
  type FakeHub,
  fakeHub,
  keepReadings,
  METER,
  reading,
  SYNC,
  TOKEN,
  tellOfCommits,
} from "../../test/api/fake-hub.js";
import type { HubEvent } from "../domain/status.js";
import { lastChange } from "../store/queries.js";
import { createToken, revokeToken } from "../store/tokens.js";
import { eventReader, type StreamEvent } from "../web/stream.js";

/** An open stream: what came, and ways to wait for more. */
interface Stream {
  readonly status: number;
  readonly text: () => string;
  readonly events: StreamEvent[];
  readonly ended: Promise<void>;
  records(): number[];
  until(condition: () => boolean): Promise<void>;
  close(): void;
}

async function open(hub: FakeHub, headers: Record<string, string> = {}): Promise<Stream> {
  const abort = new AbortController();
  const answer = await fetch(`${hub.api.url}/api/v1/events`, {
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    signal: abort.signal,
  });
  const events: StreamEvent[] = [];
  const cutter = eventReader();
  const decoder = new TextDecoder();
  let text = "";
  const follow = async (): Promise<void> => {
    if (answer.body === null) return;
    for await (const chunk of answer.body) {
      const piece = decoder.decode(chunk, { stream: true });
      text += piece;
      events.push(...cutter.push(piece));
    }
  };
  return {
    status: answer.status,
    text: () => text,
    events,
    ended: follow().catch(() => undefined),
    records: () => events.filter((event) => event.type === "record").map((event) => Number(event.id)),
    until: (condition) => vi.waitFor(() => expect(condition()).toBe(true), { timeout: 10_000, interval: 5 }),
    close: () => abort.abort(),
  };
}

const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, at) => first + at);

/** Keeps readings one by one, a transaction each, and lets others have a turn between: the store itself never does. */
async function keepOneByOne(hub: FakeHub, count: number, first: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    await keepReadings(hub.store, 1, first + number);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const recordEvent = (seq: number): HubEvent => ({
  type: "record",
  seq,
  data: { id: "11111111-1111-4111-8111-111111111111", kind: "glucose", deleted: false, ...reading() },
});

describe("the event stream", () => {
  test("it begins with what stands, then tells what happens, with the place of the last record", async () => {
    const hub = await fakeHub();
    const ids = await keepReadings(hub.store, 3);
    tellOfCommits(hub);
    const stream = await open(hub);
    await stream.until(() => stream.events.length === 2);
    expect(stream.text().startsWith("retry: 2000\n\n")).toBe(true);
    expect(stream.events).toEqual([
      { id: "3", type: "sync", data: SYNC },
      { id: "3", type: "meter", data: METER },
    ]);
    await hub.call("PATCH", `/api/v1/records/${ids[1]}`, { note: "two\nlines" });
    await stream.until(() => stream.events.length === 3);
    hub.tell({ type: "conflict", data: { open: 1 } });
    await stream.until(() => stream.events.length === 4);
    expect(stream.events[2]).toMatchObject({ id: "4", type: "record", data: { id: ids[1], note: "two\nlines" } });
    expect(stream.events[3]).toEqual({ id: "4", type: "conflict", data: { open: 1 } });
  });

  test("a reader that comes back hears every change since, each once and in order, over many pages", async () => {
    const hub = await fakeHub();
    tellOfCommits(hub);
    await keepReadings(hub.store, 650);
    const stream = await open(hub, { "last-event-id": "37" });
    await stream.until(() => stream.records().length >= 613);
    await keepReadings(hub.store, 1, 650);
    await stream.until(() => stream.records().includes(651));
    expect(stream.records()).toEqual(upTo(651, 38));
  });

  test("nothing is lost or doubled between what stands and what happens while others write", async () => {
    const hub = await fakeHub();
    tellOfCommits(hub);
    await keepReadings(hub.store, 500);
    const writing = keepOneByOne(hub, 300, 500);
    const streams = await Promise.all([0, 1, 250, 499].map((id) => open(hub, { "last-event-id": String(id) })));
    const fresh = await open(hub);
    const freshFrom = (await freshStart(fresh)) + 1;
    expect(await lastChange(hub.store)).toBeLessThan(800);
    await writing;
    for (const [index, first] of [1, 2, 251, 500].entries()) {
      const stream = streams[index];
      await stream?.until(() => stream.records().at(-1) === 800);
      expect(stream?.records()).toEqual(upTo(800, first));
    }
    await fresh.until(() => fresh.records().at(-1) === 800);
    expect(fresh.records()).toEqual(upTo(800, freshFrom));
    expect(streams).toHaveLength(4);
  });

  test("a reader that is cut off again and again misses nothing", async () => {
    const hub = await fakeHub();
    tellOfCommits(hub);
    const writing = keepOneByOne(hub, 200, 0);
    const heard: number[] = [];
    let last = 0;
    let rounds = 0;
    while (last < 200) {
      const stream = await open(hub, { "last-event-id": String(last) });
      await stream.until(() => stream.records().length > 0);
      stream.close();
      await stream.ended;
      heard.push(...stream.records());
      last = heard.at(-1) ?? 0;
      rounds += 1;
    }
    await writing;
    expect(heard).toEqual(upTo(200));
    expect(rounds).toBeGreaterThan(1);
    await vi.waitFor(() => expect(hub.listeners.size).toBe(0));
  });

  test("what the hub tells twice or late is told once", async () => {
    const hub = await fakeHub();
    await keepReadings(hub.store, 5);
    const stream = await open(hub);
    await freshStart(stream);
    for (const seq of [4, 5, 6, 6, 5, 7]) hub.tell(recordEvent(seq));
    await stream.until(() => stream.records().includes(7));
    expect(stream.records()).toEqual([6, 7]);
  });

  test("a place from another life of the store begins anew", async () => {
    const hub = await fakeHub();
    await keepReadings(hub.store, 4);
    const stream = await open(hub, { "last-event-id": "900" });
    await stream.until(() => stream.records().length === 4);
    expect(stream.records()).toEqual([1, 2, 3, 4]);
  });

  test("a place that is none is refused", async () => {
    const hub = await fakeHub();
    const stream = await open(hub, { "last-event-id": "abc" });
    expect(stream.status).toBe(400);
    expect(hub.listeners.size).toBe(0);
  });

  test("a silent stream says that it lives", async () => {
    const hub = await fakeHub({ tuning: { heartbeatMs: 5 } });
    const stream = await open(hub);
    await stream.until(() => stream.text().split("\n\n: here").length > 3);
    expect(stream.records()).toEqual([]);
  });

  test("a stream ends when its token is revoked, and when the hub stops", async () => {
    const hub = await fakeHub({ tuning: { heartbeatMs: 5 } });
    const { secret } = await createToken(hub.store, "nurse", "2026-01-01T00:00:00.000Z");
    const theirs = await open(hub, { authorization: `Bearer ${secret}` });
    const ours = await open(hub);
    await revokeToken(hub.store, "nurse", "2026-01-02T00:00:00.000Z");
    await theirs.ended;
    await vi.waitFor(() => expect(hub.listeners.size).toBe(1));
    await hub.api.close();
    await ours.ended;
    expect(hub.listeners.size).toBe(0);
  });

  test("a client that does not read is cut off, and what waits for it stays bounded", async () => {
    const hub = await fakeHub({ tuning: { bufferBytes: 20_000, stallMs: 20, heartbeatMs: 60_000 } });
    const socket = connect(hub.api.port, "127.0.0.1");
    socket.pause();
    socket.on("error", () => undefined);
    socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    await vi.waitFor(() => expect(hub.listeners.size).toBe(1));
    const note = "x".repeat(10_000);
    let told = 0;
    // Far more than the kernel's buffers hold, in turns so that they fill.
    while (hub.listeners.size > 0 && told < 100_000) {
      for (let round = 0; round < 20; round += 1, told += 1)
        hub.tell({ type: "meter", data: { ...METER, serial: String(told % 3), detail: note } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(hub.listeners.size).toBe(0);
    socket.destroy();
  });

  test("a client that reads slowly hears everything all the same", async () => {
    const hub = await fakeHub({ tuning: { bufferBytes: 2_000 } });
    tellOfCommits(hub);
    const stream = await open(hub);
    await freshStart(stream);
    await keepReadings(hub.store, 1_000);
    await keepOneByOne(hub, 50, 1_000);
    hub.tell({ type: "sync", data: { ...SYNC, pending: 7 } });
    await stream.until(() => stream.records().at(-1) === 1_050 && stream.events.some(isSeven));
    expect(stream.records()).toEqual(upTo(1_050));
  });
});

const isSeven = (event: StreamEvent): boolean =>
  event.type === "sync" && (event.data as { pending: number }).pending === 7;

/** Waits for the states that a stream begins with; the place from which it tells. */
async function freshStart(stream: Stream): Promise<number> {
  await stream.until(() => stream.events.length >= 2);
  return Number(stream.events[0]?.id);
}
