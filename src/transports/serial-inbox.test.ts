import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { concat } from "../kit/bytes.js";
import { Inbox } from "./serial-inbox.js";

describe("Inbox", () => {
  test("gives all bytes in their order, however reads and pushes interleave", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.constant("read" as const))),
        async (steps) => {
          const inbox = new Inbox(1e6);
          const reads: Promise<Uint8Array>[] = [];
          let waiting = false;
          const sent: Uint8Array[] = [];
          for (const step of steps) {
            if (step === "read") {
              if (waiting) continue;
              waiting = true;
              reads.push(
                inbox.read().then((bytes) => {
                  waiting = false;
                  expect(bytes.length).toBeGreaterThan(0);
                  return bytes;
                }),
              );
              await Promise.resolve();
            } else {
              sent.push(step);
              expect(inbox.push(step)).toBe(true);
              await new Promise(setImmediate);
            }
          }
          inbox.end(new Problem("TRANSPORT_GONE"));
          const got = await Promise.allSettled(reads);
          const rest = await inbox.read().catch(() => new Uint8Array());
          const all = got.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
          expect(concat([...all, rest])).toEqual(concat(sent));
        },
      ),
      { numRuns: 50 },
    );
  });

  test("keeps thousands of single bytes, and refuses what is over its bound", async () => {
    const inbox = new Inbox(5000);
    for (let i = 0; i < 5000; i += 1) expect(inbox.push(Uint8Array.of(i))).toBe(true);
    expect(inbox.push(Uint8Array.of(1))).toBe(false);
    const bytes = await inbox.read();
    expect(bytes).toEqual(Uint8Array.from({ length: 5000 }, (_, i) => i));
  });

  test("ends after what had come, or at once when told to drop it", async () => {
    const gone = new Problem("TRANSPORT_GONE");
    const canceled = new Problem("TRANSPORT_CANCELED");
    for (const drop of [false, true]) {
      const inbox = new Inbox(10);
      inbox.push(Uint8Array.of(1));
      inbox.end(gone);
      if (drop) inbox.end(canceled, true);
      else expect(await inbox.read()).toEqual(Uint8Array.of(1));
      await expect(inbox.read()).rejects.toBe(drop ? canceled : gone);
    }
  });

  test("an aborted read rejects with the reason and loses nothing", async () => {
    const inbox = new Inbox(10);
    const reason = new Error("enough");
    const abort = new AbortController();
    const reading = inbox.read(abort.signal);
    await expect(inbox.read()).rejects.toEqual(expect.objectContaining({ code: "INTERNAL" }));
    abort.abort(reason);
    inbox.push(Uint8Array.of(7));
    await expect(reading).rejects.toBe(reason);
    await expect(inbox.read(abort.signal)).rejects.toBe(reason);
    expect(await inbox.read()).toEqual(Uint8Array.of(7));
  });
});
