import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 as nativeCrc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeZip, type ZipWriterEntry } from "../../test/fixtures/healthkit/zip-writer.js";
import { isProblem, type ProblemCode } from "../domain/problem.js";
import type { FileEntry, FileTransport } from "../kit/transport.js";
import { openFile } from "./file.js";
import { crc32ByTable } from "./zip-crc.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "glucohub-file-"));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function dropped(name: string, content: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function bytesOf(entry: FileEntry): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function contents(path: string): Promise<Record<string, string>> {
  const file = await openFile(path);
  try {
    const all: Record<string, string> = {};
    for (const entry of await file.entries()) all[entry.name] = (await bytesOf(entry)).toString("latin1");
    return all;
  } finally {
    await file.close();
  }
}

async function problemOf(work: Promise<unknown>): Promise<ProblemCode | "none"> {
  try {
    await work;
    return "none";
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
}

async function only(file: FileTransport): Promise<FileEntry> {
  const [entry] = await file.entries();
  if (entry === undefined) throw new Error("no entry");
  return entry;
}

const noise = (length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
};

describe("a plain file", () => {
  test("is one entry with its bytes, can be opened again, and tells how far it was read", async () => {
    const content = noise(700_001);
    const file = await openFile(await dropped("plain.xml", content));
    expect(file).toMatchObject({ kind: "file", name: "plain.xml", sizeBytes: 700_001, archive: false });
    expect(await file.entries()).toHaveLength(1);
    expect(file.position()).toBe(0);
    expect((await bytesOf(await only(file))).equals(content)).toBe(true);
    expect(file.position()).toBe(700_001);
    expect((await bytesOf(await only(file))).equals(content)).toBe(true);
    expect(file.position()).toBe(700_001);
    await file.close();
    await file.close();
  });

  test("that does not exist, or is a directory, is not found", async () => {
    await mkdir(join(folder, "export.zip"), { recursive: true });
    expect(await problemOf(openFile(join(folder, "nothing.xml")))).toBe("FILE_NOT_FOUND");
    expect(await problemOf(openFile(join(folder, "export.zip")))).toBe("FILE_NOT_FOUND");
  });

  test("may be empty", async () => {
    expect(await contents(await dropped("empty.csv", ""))).toEqual({ "empty.csv": "" });
  });
});

describe("an archive", () => {
  test("is known by its first bytes and not by its name", async () => {
    const zip = writeZip([{ name: "a.txt", content: Buffer.from("hello") }]);
    expect(await contents(await dropped("archive.xml", zip))).toEqual({ "a.txt": "hello" });
    expect(await problemOf(openFile(await dropped("text.ZIP", "hello")))).toBe("IMPORT_NOT_A_ZIP");
    expect(await problemOf(openFile(await dropped("void.zip", "")))).toBe("IMPORT_NOT_A_ZIP");
  });

  test("gives packed and stored files, and neither directories nor links nor what is in an archive inside", async () => {
    const inner = writeZip([{ name: "inner.txt", content: Buffer.from("x") }]);
    const path = await dropped(
      "many.zip",
      writeZip([
        { name: "folder/", content: Buffer.alloc(0), stored: true },
        { name: "folder/packed.xml", content: Buffer.from("packed ".repeat(1000)) },
        { name: "folder/stored.xml", content: Buffer.from("stored"), stored: true },
        { name: "folder/导出.xml", content: Buffer.from("") },
        { name: "link", content: Buffer.from("/etc/passwd"), mode: 0o120777 },
        { name: "secret.xml", content: Buffer.from("secret"), flags: 1 },
        { name: "odd.xml", content: Buffer.from("odd"), method: 99 },
        { name: "inner.zip", content: inner },
      ]),
    );
    const found = await contents(path);
    expect(Object.keys(found)).toEqual(["folder/packed.xml", "folder/stored.xml", "folder/导出.xml", "inner.zip"]);
    expect(found["folder/packed.xml"]).toBe("packed ".repeat(1000));
    expect(found["folder/stored.xml"]).toBe("stored");
    expect(found["inner.zip"]).toBe(inner.toString("latin1"));
  });

  test("of nothing has no entries", async () => {
    expect(await contents(await dropped("nothing.zip", writeZip([])))).toEqual({});
  });

  test("may be left in the middle of an entry, and opened again from its start", async () => {
    const content = noise(2_000_000);
    const zip = writeZip([{ name: "big", content }]);
    const file = await openFile(await dropped("big.zip", zip));
    const entry = await only(file);
    expect(entry.size).toBe(2_000_000);
    for await (const chunk of entry.open()) {
      expect(content.subarray(0, chunk.length).equals(chunk)).toBe(true);
      break;
    }
    expect(file.position()).toBeGreaterThan(0);
    expect(file.position()).toBeLessThan(zip.length);
    expect((await bytesOf(entry)).equals(content)).toBe(true);
    expect(file.position()).toBeGreaterThanOrEqual(2_000_000);
    expect(file.position()).toBeLessThanOrEqual(file.sizeBytes);
    await file.close();
    await file.close();
  });

  const refused: readonly [string, readonly ZipWriterEntry[]][] = [
    ["leaves its folder", [{ name: "../evil", content: Buffer.from("x") }]],
    ["has an absolute name", [{ name: "/etc/passwd", content: Buffer.from("x") }]],
    ["is encrypted", [{ name: "a", content: Buffer.from("x"), flags: 1 }]],
    ["is longer than it says", [{ name: "a", content: Buffer.from("xyz"), claimedSize: 2 }]],
    ["is shorter than it says", [{ name: "a", content: Buffer.from("xyz"), claimedSize: 4 }]],
    ["has another checksum", [{ name: "a", content: Buffer.from("xyz"), claimedCrc: 7 }]],
    ["has another checksum, stored", [{ name: "a", content: Buffer.from("xyz"), stored: true, claimedCrc: 7 }]],
    [
      "shares bytes with another",
      [
        { name: "a", content: noise(100) },
        { name: "b", content: noise(100), claimedOffset: 0 },
      ],
    ],
    ["inflates a thousandfold", [{ name: "a", content: Buffer.alloc(120_000_000) }]],
    [
      "has ten thousand others",
      Array.from({ length: 10_001 }, (_, at) => ({ name: `${at}`, content: Buffer.alloc(0) })),
    ],
  ];
  test.each(refused)("with an entry that %s is no readable archive", async (_, entries) => {
    expect(await problemOf(contents(await dropped("refused.zip", writeZip(entries))))).toBe("IMPORT_NOT_A_ZIP");
  });

  test("cut anywhere is no readable archive", async () => {
    const zip = writeZip([{ name: "a.xml", content: Buffer.from("<HealthData/>".repeat(5)) }]);
    const codes = new Map<string, number>();
    for (let length = 0; length < zip.length; length++) {
      const code = await problemOf(contents(await dropped("cut.zip", zip.subarray(0, length))));
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes]).toEqual([["IMPORT_NOT_A_ZIP", zip.length]]);
  });

  test("with any one bit flipped gives out what was packed, or nothing", async () => {
    const text = "value=104 value=97 value=231 ".repeat(3);
    const zip = writeZip([{ name: "a.xml", content: Buffer.from(text) }]);
    let refusals = 0;
    for (let bit = 0; bit < zip.length * 8; bit++) {
      const damaged = Buffer.from(zip);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const path = await dropped("flipped.xml", damaged);
      const file = await openFile(path).catch(() => null);
      if (file === null || !file.archive) {
        refusals++;
        await file?.close();
        continue;
      }
      for (const entry of await file.entries()) {
        let given = "";
        const code = await problemOf(
          (async () => {
            for await (const chunk of entry.open()) given += Buffer.from(chunk).toString("latin1");
          })(),
        );
        if (code !== "none") refusals++;
        expect([code === "none" ? text : "", bit]).toEqual([given, bit]);
      }
      await file.close();
    }
    expect(refusals).toBeGreaterThan(zip.length * 2);
  });
});

test("the checksum of our own making is that of the platform", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (first, second) => {
      expect(crc32ByTable(second, crc32ByTable(first, 0))).toBe(nativeCrc32(Buffer.concat([first, second])));
    }),
  );
});
