import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { ReportInbox } from "./report-inbox.js";

const gone = new Problem("TRANSPORT_GONE");

describe("ReportInbox", () => {
  test("gives reports whole and in their order, those that came before a read and those that come to one", async () => {
    const inbox = new ReportInbox(10);
    for (const first of [1, 2]) expect(inbox.push(Uint8Array.of(first, 0))).toBe(true);
    expect([await inbox.read(), await inbox.read()]).toEqual([Uint8Array.of(1, 0), Uint8Array.of(2, 0)]);
    const waiting = inbox.read();
    inbox.push(Uint8Array.of(3));
    inbox.push(Uint8Array.of(4));
    expect([await waiting, await inbox.read()]).toEqual([Uint8Array.of(3), Uint8Array.of(4)]);
  });

  test("refuses what is over its bound, and takes more when some were read", async () => {
    const inbox = new ReportInbox(2);
    expect([1, 2, 3].map((one) => inbox.push(Uint8Array.of(one)))).toEqual([true, true, false]);
    await inbox.read();
    expect(inbox.push(Uint8Array.of(4))).toBe(true);
    expect([await inbox.read(), await inbox.read()]).toEqual([Uint8Array.of(2), Uint8Array.of(4)]);
  });

  test("ends after what had come, or at once when told to drop it", async () => {
    const canceled = new Problem("TRANSPORT_CANCELED");
    for (const drop of [false, true]) {
      const inbox = new ReportInbox(10);
      inbox.push(Uint8Array.of(1));
      inbox.end(gone);
      if (drop) inbox.end(canceled, true);
      else expect(await inbox.read()).toEqual(Uint8Array.of(1));
      await expect(inbox.read()).rejects.toBe(drop ? canceled : gone);
    }
  });

  test("an aborted read rejects with the reason and loses nothing; two at a time are a defect", async () => {
    const inbox = new ReportInbox(10);
    const reason = new Error("enough");
    const abort = new AbortController();
    const reading = inbox.read(abort.signal);
    await expect(inbox.read()).rejects.toEqual(expect.objectContaining({ code: "INTERNAL" }));
    abort.abort(reason);
    inbox.push(Uint8Array.of(7));
    await expect(reading).rejects.toBe(reason);
    await expect(inbox.read(abort.signal)).rejects.toBe(reason);
    expect(await inbox.read()).toEqual(Uint8Array.of(7));
    const pending = inbox.read();
    inbox.end(gone);
    await expect(pending).rejects.toBe(gone);
  });
});
