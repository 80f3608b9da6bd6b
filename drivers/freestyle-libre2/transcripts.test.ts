import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { silentLog } from "../../src/domain/clock.js";
import { asProblem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import { maskText } from "../../src/kit/blank.js";
import { latin1 } from "../../src/kit/bytes.js";
import { parseTranscript, transcriptStartMs } from "../../src/kit/transcript.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { replayHid } from "../../src/transports/replay-hid.js";
import { transcriptSecrets } from "../../test/helpers/transcript-secrets.js";
import { freestyleLibre2 } from "./index.js";
import { session } from "./session.js";

const FOLDER = new URL("../../test/transcripts/freestyle-libre2/", import.meta.url);
const NAMES = readdirSync(FOLDER).filter((file) => file.endsWith(".txt"));

test("the transcripts are as many as were written", () => {
  expect(NAMES).toHaveLength(7);
});

test.each(NAMES)("%s gives what is expected with the virtual reader's keys and known random bytes", async (name) => {
  const transcript = parseTranscript(readFileSync(new URL(name, FOLDER), "utf8"));
  const wanted = JSON.parse(readFileSync(new URL(name.replace(/txt$/, "json"), FOLDER), "utf8"));
  const clock = new VirtualClock(transcriptStartMs(transcript.headers));
  const transport = replayHid(transcript, clock);
  const events: SessionEvent[] = [];
  let problem: string | null = null;
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog };
  try {
    for await (const event of session({ ...context, ...transcriptSecrets(transcript.headers) })) events.push(event);
  } catch (error) {
    problem = asProblem(error).code;
  }
  transport.finish();
  const readings = events.flatMap((event) => (event.type === "readings" ? event.readings : []));
  expect(problem).toBe(wanted.problem);
  expect(events.find(({ type }) => type === "identity") ?? { identity: null }).toMatchObject({
    identity: wanted.identity,
  });
  expect(events.flatMap((event) => (event.type === "clockChanges" ? event.changes : []))).toEqual(
    wanted.clockChanges ?? [],
  );
  expect(readings.map((one) => ({ ...one, raw: latin1(one.raw) }))).toMatchObject(wanted.readings);
  expect(readings).toHaveLength(wanted.readings.length);
});

test("of a blanked conversation nothing is left that could tell whose it was, not even with the keys", () => {
  const transcript = parseTranscript(readFileSync(new URL("a-day.txt", FOLDER), "utf8"));
  const reports = transcript.events.flatMap((event) => (event.type === "report" ? [event.bytes] : []));
  const blanked = freestyleLibre2.blank(reports, maskText);
  expect(blanked.map(({ length }) => length)).toEqual(reports.map(({ length }) => length));
  expect(reports.map(latin1).join("")).toContain("MAGK405-L8801");
  expect(blanked.map(latin1).join("")).not.toContain("MAGK405");
  let [emptied, kept] = [0, 0];
  for (const report of blanked) {
    if (report[0] === 0x60 || report[0] === 0x33) {
      expect(report.subarray(1).every((byte) => byte === 0)).toBe(true);
      emptied += 1;
    } else kept += 1;
  }
  expect([emptied > 10, kept >= 2]).toEqual([true, true]);
});
