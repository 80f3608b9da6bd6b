import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPromise } from "yauzl";
import { writeZip, type ZipWriterEntry } from "../../test/fixtures/healthkit/zip-writer.js";
import { isProblem } from "../domain/problem.js";
import type { FileEntry } from "../kit/transport.js";
import { openFile } from "./file.js";
import type { LendingEntry } from "./lending.js";
import { inflated } from "./zip-entry.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glucohub-zip-"));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

let files = 0;
async function written(content: Uint8Array): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.bin`);
  await writeFile(path, content);
  return path;
}

/** Copies, since lent chunks are used again. */
async function taken(chunks: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; problem: string | null }> {
  const copies: Buffer[] = [];
  try {
    for await (const chunk of chunks) copies.push(Buffer.from(chunk));
  } catch (error) {
    if (!isProblem(error)) throw error;
    return { bytes: Buffer.concat(copies), problem: error.code };
  }
  return { bytes: Buffer.concat(copies), problem: null };
}

const lending = (entry: FileEntry | undefined): LendingEntry => {
  if (entry === undefined || !("lend" in entry)) throw new Error("it does not lend");
  return entry as LendingEntry;
};

/** Five megabytes that don't repeat. */
const content = Buffer.from(Array.from({ length: 700_000 }, (_, at) => `${(at * 7919) % 999_983} `).join(""));

describe("lent bytes", () => {
  test.each([
    ["a plain file", content],
    ["an archive", writeZip([{ name: "a.xml", content }])],
    ["an archive that does not pack", writeZip([{ name: "a.xml", content, stored: true }])],
  ])("of %s are those that it holds, proven or not, as often as wanted", async (_, bytes) => {
    const file = await openFile(await written(bytes));
    const entry = lending((await file.entries())[0]);
    expect((await taken(entry.lend(false))).bytes.equals(content)).toBe(true);
    expect(file.position()).toBe(0);
    for (const chunks of [entry.lend(true), entry.open(), entry.lend(false)]) {
      expect((await taken(chunks)).bytes.equals(content)).toBe(true);
    }
    expect(file.position()).toBeGreaterThan(bytes.length * 0.99);
    expect(file.position()).toBeLessThanOrEqual(bytes.length);
    // Left in the middle.
    for await (const chunk of entry.lend(true)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await file.close();
  });

  test("of a damaged archive end with its problem when they are not proven, and never begin when they are", async () => {
    const path = await written(writeZip([{ name: "a.xml", content, claimedCrc: 7 }]));
    for (const first of [true, false]) {
      const file = await openFile(path);
      const entry = lending((await file.entries())[0]);
      const unproven = first ? await taken(entry.lend(false)) : null;
      if (unproven !== null) {
        expect(unproven.problem).toBe("IMPORT_NOT_A_ZIP");
        expect(unproven.bytes.equals(content)).toBe(true);
      }
      for (const chunks of [entry.lend(true), entry.open()]) {
        expect(await taken(chunks)).toEqual({ bytes: Buffer.alloc(0), problem: "IMPORT_NOT_A_ZIP" });
      }
      await file.close();
    }
  });

  test("that were left before their end prove nothing", async () => {
    const file = await openFile(await written(writeZip([{ name: "a.xml", content, claimedCrc: 7 }])));
    const entry = lending((await file.entries())[0]);
    for await (const chunk of entry.lend(false)) {
      expect(content.subarray(0, chunk.length).equals(chunk)).toBe(true);
      break;
    }
    expect(await taken(entry.open())).toEqual({ bytes: Buffer.alloc(0), problem: "IMPORT_NOT_A_ZIP" });
    await file.close();
  });
});

describe("the head of an entry", () => {
  test.each([
    ["a plain file", content],
    ["an archive", writeZip([{ name: "a.xml", content }])],
    ["an archive that does not pack", writeZip([{ name: "a.xml", content, stored: true }])],
  ])("of %s is as much as was asked for, and moves nothing", async (_, bytes) => {
    const file = await openFile(await written(bytes));
    const entry = lending((await file.entries())[0]);
    for (const length of [1, 4_096, 600_000]) {
      expect(content.subarray(0, length).equals(await entry.head(length))).toBe(true);
    }
    expect((await entry.head(content.length + 1)).length).toBeLessThanOrEqual(content.length);
    expect(file.position()).toBe(0);
    expect((await taken(entry.open())).bytes.equals(content)).toBe(true);
    await file.close();
  });

  test("comes out of an entry whose damage stands behind it, and proves nothing of the entry", async () => {
    const file = await openFile(await written(writeZip([{ name: "a.xml", content, claimedCrc: 7 }])));
    const entry = lending((await file.entries())[0]);
    expect(content.subarray(0, 4_096).equals(await entry.head(4_096))).toBe(true);
    expect(await taken(entry.open())).toEqual({ bytes: Buffer.alloc(0), problem: "IMPORT_NOT_A_ZIP" });
    await file.close();
  });
});

describe("a bomb", () => {
  test.each([
    ["beyond the bytes of one entry", { maxBytes: 1_000_000, maxRatio: 1e9, ratioFrom: 0 }, 1_000_000],
    ["beyond the ratio", { maxBytes: 1e9, maxRatio: 100, ratioFrom: 1 << 20 }, 3 << 20],
  ])("is stopped %s, long before its end", async (_, limits, soon) => {
    const path = await written(writeZip([{ name: "zeros", content: Buffer.alloc(40_000_000) }]));
    const zip = await openPromise(path, { autoClose: false });
    for await (const entry of zip.eachEntry()) {
      const { bytes, problem } = await taken(inflated({ zip, entry, path }, () => undefined, limits));
      expect(problem).toBe("IMPORT_NOT_A_ZIP");
      expect(bytes.length).toBeLessThanOrEqual(soon);
    }
    zip.close();
  });

  test("made of archives in archives is one file of bytes each time", async () => {
    let inner = writeZip([{ name: "zeros", content: Buffer.alloc(1_000_000) }]);
    for (let depth = 0; depth < 5; depth += 1) inner = writeZip([{ name: "inner.zip", content: inner }]);
    const file = await openFile(await written(inner));
    const entries = await file.entries();
    expect(entries.map(({ name }) => name)).toEqual(["inner.zip"]);
    expect((await taken(lending(entries[0]).open())).bytes.length).toBeLessThan(20_000);
    await file.close();
  });
});

describe("headers that lie", () => {
  test("before the data are not believed: sizes of nothing, another name", async () => {
    for (const lie of [{ emptyLocal: true }, { localName: "../../etc/passwd" }, { emptyLocal: true, flags: 8 }]) {
      const file = await openFile(await written(writeZip([{ name: "a.xml", content, ...lie }])));
      const entries = await file.entries();
      expect(entries.map(({ name, size }) => [name, size])).toEqual([["a.xml", content.length]]);
      expect((await taken(lending(entries[0]).open())).bytes.equals(content)).toBe(true);
      await file.close();
    }
  });

  const refused: readonly [string, ZipWriterEntry][] = [
    ["a size below the data's", { name: "a", content, claimedSize: 10 }],
    ["a size of four gigabytes", { name: "a", content, claimedSize: 0xfffffffe }],
    ["an offset behind the end", { name: "a", content, claimedOffset: 0x7fffffff }],
    ["an offset into the data", { name: "a", content, claimedOffset: 50 }],
  ];
  test.each(refused)("in the directory are found out: %s", async (_, entry) => {
    const path = await written(writeZip([entry]));
    const read = async (): Promise<string | null> => {
      const file = await openFile(path);
      try {
        return (await taken(lending((await file.entries())[0]).open())).problem;
      } finally {
        await file.close();
      }
    };
    expect(await read().catch((error: unknown) => (isProblem(error) ? error.code : error))).toBe("IMPORT_NOT_A_ZIP");
  });
});

describe("names", () => {
  test.each([
    ["of an old code page", Buffer.from([0x65, 0x78, 0x70, 0x94, 0x72, 0x74]), false, "exp\u00f6rt"],
    ["that claim to be UTF-8 and are not", Buffer.from([0x61, 0xff, 0xfe, 0x62]), true, "a\ufffd\ufffdb"],
    ["with a zero in them", Buffer.from([0x61, 0, 0x62]), true, "a\0b"],
    ["of a drive", Buffer.from("C:/windows"), true, null],
    ["that climb with backslashes", Buffer.from("..\\..\\evil"), true, null],
    ["of nothing", Buffer.alloc(0), true, ""],
  ])("%s open nothing and break nothing", async (_, nameBytes, utf8, expected) => {
    const path = await written(writeZip([{ name: "", nameBytes, utf8, content: Buffer.from("x") }]));
    const names = await openFile(path).then(
      async (file) => {
        const all = (await file.entries()).map(({ name }) => name);
        await file.close();
        return all;
      },
      (error: unknown) => (isProblem(error) ? error.code : error),
    );
    expect(names).toEqual(expected === null ? "IMPORT_NOT_A_ZIP" : [expected]);
  });
});
