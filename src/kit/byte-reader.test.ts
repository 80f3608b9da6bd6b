import { expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import { ByteReader } from "./byte-reader.js";
import { latin1, latin1Bytes } from "./bytes.js";
import { systemClock } from "./system-clock.js";
import type { StreamTransport } from "./transport.js";

/** A device that says these chunks and then, for ever, nothing; or goes away. */
function device(chunks: string[], end: "silent" | "gone" = "silent"): StreamTransport {
  const waiting = [...chunks];
  return {
    kind: "stream",
    name: "test",
    async read(signal) {
      const chunk = waiting.shift();
      if (chunk !== undefined) return latin1Bytes(chunk);
      if (end === "gone") throw new Problem("TRANSPORT_GONE");
      return await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    },
    write: async () => undefined,
    close: async () => undefined,
  };
}

function reader(transport: StreamTransport, limitBytes?: number): ByteReader {
  return new ByteReader({ transport, clock: systemClock, signal: new AbortController().signal }, limitBytes);
}

test("takes messages over any chunks, and leaves what it did not take", async () => {
  const bytes = reader(device(["ab", "c;d", "ef;gh"]));
  const line = (some: Uint8Array): number => latin1(some).indexOf(";") + 1;
  expect(latin1((await bytes.message(line, 50)) ?? new Uint8Array())).toBe("abc;");
  expect(latin1((await bytes.take(2, 50)) ?? new Uint8Array())).toBe("de");
  expect(latin1((await bytes.message(line, 50)) ?? new Uint8Array())).toBe("f;");
  expect(await bytes.take(3, 5)).toBeNull();
  expect([latin1(bytes.waiting), bytes.came]).toEqual(["gh", 10]);
  expect(latin1(bytes.skip(9))).toBe("gh");
});

test("rejects as the transport does, after what had come", async () => {
  const bytes = reader(device(["ab"], "gone"));
  expect(latin1((await bytes.take(1, 50)) ?? new Uint8Array())).toBe("a");
  await expect(bytes.take(2, 50)).rejects.toMatchObject({ code: "TRANSPORT_GONE" });
});

test("endless chatter ends in a problem, whoever listens", async () => {
  const chatter = Array.from({ length: 30 }, () => "x".repeat(10));
  await expect(reader(device(chatter), 64).message(() => 0, 50)).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
  await expect(reader(device(chatter), 64).drain(50)).rejects.toMatchObject({ code: "FRAME_MALFORMED" });
  expect((await reader(device(chatter), 400).drain(5)).length).toBe(300);
});
