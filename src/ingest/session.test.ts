import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  clock,
  events,
  identity,
  look,
  NOW_MS,
  reading,
  readings,
  storeWith,
  tempFolder,
  tempStore,
  told,
  unreadable,
  until,
} from "../../test/helpers/ingest.js";
import { Problem } from "../domain/problem.js";
import type { SessionEvent } from "../domain/reading.js";
import { VirtualClock } from "../kit/virtual-clock.js";
import { meterCursor } from "../store/meters.js";
import { editRecord, removeRecord } from "../store/records.js";
import type { Store } from "../store/store.js";
import { ownerBySerial } from "./owner.js";
import { runSession, type SessionOptions } from "./session.js";
import type { SessionProgress } from "./session-report.js";

let captures = 0;

function options(
  store: Store | null,
  list: AsyncIterable<SessionEvent>,
  given: Partial<SessionOptions> = {},
): SessionOptions {
  captures += 1;
  return {
    driver: { id: "test-meter", source: "meter" },
    events: list,
    store,
    clock: new VirtualClock(NOW_MS),
    ownerOf: ownerBySerial([], "Europe/London"),
    kind: "session",
    captureId: `00000000-0000-4000-8000-${String(captures).padStart(12, "0")}`,
    port: "/dev/ttyUSB0",
    transcript: () => "what was said",
    signal: new AbortController().signal,
    ...given,
  };
}

const ids = (store: { readonly path: string }): string[] =>
  look<{ id: string }>(store, "SELECT id FROM records ORDER BY row").map(({ id }) => id);

describe("a session that goes well", () => {
  test("leaves its readings, its capture and the meter's state in the file", async () => {
    const store = await tempStore();
    const list = [identity(), clock("2024-03-05T12:01:00"), ...readings(5).map((one) => told(one)), unreadable("xx")];
    const report = await runSession(options(store, events(list)));

    expect(report).toMatchObject({ outcome: "done", problem: null, partial: false, clockErrorMs: 60_000 });
    expect(report).toMatchObject({ new: 5, known: 0, unreadable: 1, records: null });
    expect(report.byKind).toEqual([{ kind: "glucose", new: 5, known: 0, changed: 0 }]);
    expect(report.firstUnreadable).toEqual([{ code: "FRAME_CHECKSUM", detail: "damaged" }]);
    expect(report.recordIds).toEqual(ids(store));
    expect(look(store, "SELECT json_extract(fields,'$.value') AS v, capture FROM records ORDER BY row")).toEqual(
      [80, 81, 82, 83, 84].map((v) => ({ v, capture: report.capture })),
    );
    const [capture] = look(store, "SELECT * FROM captures");
    expect(capture).toMatchObject({ id: report.capture, kind: "session", driver: "test-meter", outcome: "done" });
    expect(JSON.parse(String(capture?.["records"]))).toEqual(report.recordIds);
    expect(JSON.parse(String(capture?.["counts"]))).toEqual({ new: 5, known: 0, unreadable: 1 });
    expect(gunzipSync(capture?.["bytes"] as Buffer).toString()).toBe("what was said");
    expect(look(store, "SELECT driver, serial, model, port, clock_error_ms, outcome FROM meters")).toEqual([
      {
        driver: "test-meter",
        serial: "SER1",
        model: "Model",
        port: "/dev/ttyUSB0",
        clock_error_ms: 60_000,
        outcome: "done",
      },
    ]);
    expect(look(store, "SELECT origin, code, capture FROM quarantine")).toEqual([
      { origin: "test-meter SER1", code: "FRAME_CHECKSUM", capture: report.capture },
    ]);
  });

  test("finds everything known the second time, and neither undoes an edit nor brings back a deletion", async () => {
    const store = await tempStore();
    const list = [identity(), clock(), told(...readings(3), reading(), reading())];
    const first = await runSession(options(store, events(list)));
    expect(first.new).toBe(5);
    const author = { by: "anna", why: "test", at: "2024-03-05T13:00:00.000Z" };
    await editRecord(store, first.recordIds[0] ?? "", { note: "mine" }, author);
    await removeRecord(store, first.recordIds[1] ?? "", author);
    const before = look(store, "SELECT id, deleted, fields, version FROM records ORDER BY row");

    const second = await runSession(
      options(store, events([identity(), clock("2024-03-05T15:00:00"), ...list.slice(2)])),
    );
    expect(second).toMatchObject({ outcome: "done", new: 0, known: 5, recordIds: first.recordIds });
    expect(look(store, "SELECT id, deleted, fields, version FROM records ORDER BY row")).toEqual(before);
    expect(look(store, "SELECT count(*) AS n FROM captures")).toEqual([{ n: 2 }]);
  });

  test("writes at once while nothing is being written: a reading is in the file before the next one is asked for", async () => {
    const store = await tempStore();
    const seen: number[] = [];
    async function* slowly(): AsyncGenerator<SessionEvent> {
      yield identity();
      for (const one of readings(4)) {
        yield told(one);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(ids(store).length);
      }
    }
    await runSession(options(store, slowly()));
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test("takes together what comes while a write runs, and at most 1,000 in one transaction", async () => {
    const store = await tempStore();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const pages: number[] = [];
    let before = 0;
    store.onCommit(() => {
      const now = ids(store).length;
      if (now > before) pages.push(now - before);
      before = now;
    });
    const gated = storeWith(store, 1, (write) => gate.then(write));
    async function* quickly(): AsyncGenerator<SessionEvent> {
      yield identity();
      for (const one of readings(900)) yield told(one);
      open();
      yield told(...readings(2_500).slice(900));
    }
    const report = await runSession(options(gated, quickly()));
    expect(report.new).toBe(2_500);
    expect(pages).toEqual([1, 1_000, 1_000, 499]);
  });

  test("places the readings in the zone and gives them to the patient of the meter's serial", async () => {
    const store = await tempStore();
    const ownerOf = ownerBySerial([{ id: "anna", zone: "Asia/Kathmandu", meters: ["SER1"] }], "Europe/London");
    // The clock's line may come before the name: whose zone it is in is known only then.
    const list = [clock("2024-03-05T17:45:00"), identity(), told(reading({ deviceTime: "2024-03-05T08:00:00" }))];
    const report = await runSession(options(store, events(list), { ownerOf }));
    expect(report.clockErrorMs).toBe(0);
    expect(look(store, "SELECT json_extract(fields,'$.time') AS time, patient FROM records")).toEqual([
      { time: "2024-03-05T02:15:00.000Z", patient: "anna" },
    ]);
  });

  test("without a store tells the records and keeps nothing", async () => {
    const list = [identity(), clock(), told(reading(), reading()), unreadable("x"), told(reading({ unit: "U" }))];
    const heard: string[] = [];
    const onRecord: SessionOptions["onRecord"] = (record, fresh) => heard.push(`${record.value} ${fresh}`);
    const report = await runSession(options(null, events(list), { onRecord }));
    expect(report).toMatchObject({ outcome: "done", new: 2, known: 0, unreadable: 2, capture: null });
    expect(report.records?.map(({ id }) => id)).toEqual(report.recordIds);
    expect(report.records?.[0]).toMatchObject({ kind: "glucose", deleted: false, value: 101, serial: "SER1" });
    expect(heard).toEqual(["101 true", "101 true"]);
  });

  test("tells how far it is, never ahead of the file", async () => {
    const store = await tempStore();
    const list: SessionEvent[] = [identity(), { type: "expect", count: 3 }, ...readings(3).map((one) => told(one))];
    const heard: SessionProgress[] = [];
    await runSession(
      options(store, events(list), {
        onProgress(progress) {
          expect(ids(store).length).toBe(progress.new);
          heard.push(progress);
        },
      }),
    );
    expect(heard.at(-1)).toMatchObject({ read: 3, expected: 3, new: 3, known: 0, unreadable: 0 });
    expect(heard.at(-1)?.identity?.serial).toBe("SER1");
  });
});

describe("what a driver notes for its next session", () => {
  const noted = (store: Store): unknown =>
    look(store, "SELECT cursor FROM meters WHERE serial = 'SER1'")[0]?.["cursor"];
  const cursor = (text: string): SessionEvent => ({ type: "cursor", cursor: text });

  test("is kept with the meter when the session ends well", async () => {
    const store = await tempStore();
    await runSession(options(store, events([identity(), told(reading()), cursor("up to 14")])));
    expect(noted(store)).toBe("up to 14");
    expect(await meterCursor(store, "test-meter", "SER1")).toBe("up to 14");
    expect(await meterCursor(store, "test-meter", "SER2")).toBeNull();
    expect(await meterCursor(store, "another", "SER1")).toBeNull();
  });

  test("stays what it was when a session breaks off, even after it was told", async () => {
    const store = await tempStore();
    await runSession(options(store, events([identity(), cursor("up to 14")])));
    const broken = events([identity(), told(reading()), cursor("up to 20")], new Problem("TRANSPORT_GONE"));
    expect((await runSession(options(store, broken))).outcome).toBe("TRANSPORT_GONE");
    expect(noted(store)).toBe("up to 14");
  });

  test("is forgotten when a whole session notes nothing", async () => {
    const store = await tempStore();
    await runSession(options(store, events([identity(), cursor("up to 14")])));
    await runSession(options(store, events([identity(), told(reading())])));
    expect(noted(store)).toBeNull();
  });
});

describe("what can't be understood", () => {
  test("is kept for inspection and stops nothing around it", async () => {
    const store = await tempStore();
    const list = [identity(), clock(), told(reading({ unit: "U" }), reading()), unreadable("a"), unreadable("a")];
    const report = await runSession(options(store, events(list)));
    expect(report).toMatchObject({ outcome: "done", new: 1, unreadable: 3 });
    const kept = look<{ code: string; raw: Buffer }>(store, "SELECT code, raw FROM quarantine ORDER BY id");
    expect(kept.map(({ code, raw }) => `${code} ${raw}`)).toEqual([
      "RECORD_INVALID 2024-03-05T08:00:00 101",
      "FRAME_CHECKSUM a",
    ]);
  });

  test("includes readings that nobody has put a name to", async () => {
    const store = await tempStore();
    const report = await runSession(options(store, events([told(reading()), identity(), told(reading())])));
    expect(report).toMatchObject({ outcome: "done", new: 1, unreadable: 1 });
    expect(look(store, "SELECT detail FROM quarantine")).toEqual([
      { detail: "It was told before the source named itself." },
    ]);
  });

  test("a clock that shows no date leaves the readings' times suspect", async () => {
    const store = await tempStore();
    const report = await runSession(
      options(store, events([identity(), clock("2024-13-45T00:00:00"), told(reading())])),
    );
    expect(report).toMatchObject({ outcome: "done", new: 1, clockErrorMs: null });
    expect(look(store, "SELECT json_extract(fields,'$.timeQuality') AS q FROM records")).toEqual([{ q: "suspect" }]);
  });

  test("another meter's name in the middle ends the session, and nothing is taken for the wrong one", async () => {
    const store = await tempStore();
    const list = [identity("SER1"), told(reading()), identity("SER2"), told(reading({ value: 200 }))];
    const report = await runSession(options(store, events(list)));
    expect(report).toMatchObject({ outcome: "METER_CHANGED", partial: true, new: 1 });
    expect(look(store, "SELECT json_extract(fields,'$.serial') AS s FROM records")).toEqual([{ s: "SER1" }]);
  });
});

const SCRIPT: SessionEvent[] = [
  identity(),
  clock(),
  { type: "expect", count: 6 },
  told(...readings(2)),
  unreadable("bad"),
  told(...readings(3).slice(2)),
  told(...readings(6).slice(3)),
];
/** Readings told by the first so many events. */
const TOLD = [0, 0, 0, 0, 2, 2, 3, 6];

describe("a session that breaks off", () => {
  test.each(TOLD.map((count, cut) => [cut, count]))(
    "after event %i has stored all %i readings told by then",
    async (cut, count) => {
      const store = await tempStore();
      const gone = new Problem("TRANSPORT_GONE", "unplugged");
      const report = await runSession(options(store, events(SCRIPT.slice(0, cut), gone)));
      expect(report).toMatchObject({ outcome: "TRANSPORT_GONE", problem: gone, partial: count > 0, new: count });
      expect(ids(store)).toEqual(report.recordIds);
      expect(ids(store).length).toBe(count);
      // Nobody said anything: nothing worth a capture.
      expect(look(store, "SELECT outcome FROM captures")).toEqual(cut === 0 ? [] : [{ outcome: "TRANSPORT_GONE" }]);
      expect(look(store, "SELECT outcome FROM meters")).toEqual(cut === 0 ? [] : [{ outcome: "TRANSPORT_GONE" }]);
      expect(report.capture !== null).toBe(cut > 0);

      const whole = await runSession(options(store, events(SCRIPT)));
      expect(whole).toMatchObject({ outcome: "done", new: 6 - count, known: count });
    },
  );

  test.each(TOLD.map((count, cut) => [cut, count]))(
    "aborted while it waits for event %i ends at once with all %i readings stored",
    async (cut, count) => {
      const store = await tempStore();
      const stop = new AbortController();
      async function* hanging(): AsyncGenerator<SessionEvent> {
        yield* events(SCRIPT.slice(0, cut));
        setImmediate(() => stop.abort(new Problem("TRANSPORT_CANCELED", "stopped")));
        await new Promise(() => undefined);
      }
      const report = await runSession(options(store, hanging(), { signal: stop.signal }));
      expect(report).toMatchObject({ outcome: "TRANSPORT_CANCELED", new: count });
      expect(ids(store)).toEqual(report.recordIds);
      expect(report.recordIds.length).toBe(count);
    },
  );

  test("by an error that nobody foresaw is reported as INTERNAL with everything kept", async () => {
    const store = await tempStore();
    const report = await runSession(options(store, events(SCRIPT, new TypeError("oops"))));
    expect(report).toMatchObject({ outcome: "INTERNAL", partial: true, new: 6 });
    expect(ids(store).length).toBe(6);
  });

  test.each(["METER_TIMEOUT", "METER_NOT_READY", "TRANSPORT_OPEN"] as const)(
    "with %s before a word leaves no capture",
    async (code) => {
      const store = await tempStore();
      const report = await runSession(options(store, events([], new Problem(code))));
      expect(report).toMatchObject({ outcome: code, partial: false, capture: null });
      expect(look(store, "SELECT count(*) AS n FROM captures")).toEqual([{ n: 0 }]);
    },
  );
});

describe("a store that refuses", () => {
  test.each([1, 2, 3, 4, 5])(
    "at write %i is the report's problem, and nothing is claimed that is not in the file",
    async (nth) => {
      const store = await tempStore();
      const full = storeWith(store, nth, () => Promise.reject(new Problem("STORE_FULL")));
      const heard: string[] = [];
      async function* slowly(): AsyncGenerator<SessionEvent> {
        for (const event of SCRIPT) {
          yield event;
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      const report = await runSession(options(full, slowly(), { onRecord: ({ id }) => heard.push(id) }));
      expect(report.outcome).toBe("STORE_FULL");
      expect(report.capture).toBeNull();
      expect(ids(store)).toEqual(report.recordIds);
      expect(report.new).toBe(report.recordIds.length);
      expect(heard).toEqual(report.recordIds);
      // Pages: two readings, the damaged line, one reading, three readings; then the capture.
      expect(report.new).toBe([0, 2, 2, 3, 6][nth - 1]);
    },
  );

  test("while it is busy is tried again", async () => {
    const store = await tempStore();
    let refusals = 2;
    const busy = storeWith(store, 1, (write) => {
      refusals -= 1;
      return refusals >= 0 ? Promise.reject(new Problem("STORE_BUSY")) : write();
    });
    const report = await runSession(options(busy, events(SCRIPT)));
    expect(report).toMatchObject({ outcome: "done", new: 6 });
    expect(refusals).toBeLessThan(0);
  });
});

test("what is told as stored survives if the hub is killed at that instant", async () => {
  const store = await tempStore();
  const folder = tempFolder();
  let killed = 0;
  await runSession(
    options(store, events([identity(), ...readings(12).map((one) => told(one))]), {
      onRecord({ id }) {
        // The files as they stand at this instant are what a killed process leaves behind.
        const copy = join(folder, String(killed));
        mkdirSync(copy);
        const path = join(copy, "glucohub.db");
        copyFileSync(store.path, path);
        if (existsSync(`${store.path}-wal`)) copyFileSync(`${store.path}-wal`, `${path}-wal`);
        expect(ids({ path })).toContain(id);
        killed += 1;
      },
    }),
  );
  expect(killed).toBe(12);
});

test("a transcript that can't be had costs the transcript, not the capture", async () => {
  const store = await tempStore();
  const transcript = (): string => {
    throw new Error("no words");
  };
  const report = await runSession(options(store, events(SCRIPT), { transcript }));
  expect(report.outcome).toBe("done");
  expect(look(store, "SELECT sha256, bytes FROM captures")).toEqual([{ sha256: null, bytes: null }]);
  await until("the capture is named", () => report.capture !== null);
});
