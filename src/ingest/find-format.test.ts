import { describe, expect, test } from "vitest";
import { Problem } from "../domain/problem.js";
import type { FileDriver } from "../kit/driver.js";
import type { FileEntry, FileTransport } from "../kit/transport.js";
import { findFormat } from "./find-format.js";

const LARGE = 5_000_000;

const driver: FileDriver = {
  id: "marked",
  maker: "Nobody",
  models: [],
  transport: "file",
  source: "file",
  kinds: ["glucose"],
  evidence: "specification",
  recognise: (_entry, head) => Buffer.from(head).toString("latin1").startsWith("MARK"),
  async *session() {},
};

/** An archive that notes how each of its entries was asked for its bytes; of a damaged one, only the head comes out. */
function archive(...given: readonly (readonly [name: string, text: string, damaged?: "damaged"])[]) {
  const asked: string[] = [];
  const entries = given.map(
    ([name, text, damaged]): FileEntry => ({
      name,
      size: name.startsWith("small") ? text.length : LARGE,
      async *open() {
        asked.push(`open ${name}`);
        if (damaged !== undefined) throw new Problem("IMPORT_NOT_A_ZIP", `${name} is damaged`);
        yield Buffer.from(text);
      },
      async head(bytes) {
        asked.push(`head ${name}`);
        return Buffer.from(text).subarray(0, bytes);
      },
    }),
  );
  const file: FileTransport = {
    kind: "file",
    name: "export.zip",
    sizeBytes: LARGE,
    archive: true,
    entries: async () => entries,
    position: () => 0,
    close: async () => undefined,
  };
  return { asked, find: () => findFormat(file, [driver], new AbortController().signal) };
}

describe("among an archive's entries", () => {
  test("large ones that nobody reads are not unpacked beyond their head, and what is recognised is proven", async () => {
    const { asked, find } = archive(["other.xml", "<x/>"], ["mine.xml", "MARK"], ["small.txt", "no"]);
    const { entries, damaged } = await find();
    expect(entries.map(({ name }) => name)).toEqual(["mine.xml"]);
    expect(damaged).toEqual([]);
    expect(asked).toEqual(["head other.xml", "head mine.xml", "open mine.xml", "open small.txt"]);
  });

  test("one that is recognised and damaged is left out and named, and those beside it are taken", async () => {
    const { find } = archive(["first.xml", "MARK", "damaged"], ["second.xml", "MARK"], ["small.jpg", "no", "damaged"]);
    const { entries, damaged } = await find();
    expect(entries.map(({ name }) => name)).toEqual(["second.xml"]);
    expect(damaged.map(({ name, problem }) => [name, problem.code])).toEqual([
      ["first.xml", "IMPORT_NOT_A_ZIP"],
      ["small.jpg", "IMPORT_NOT_A_ZIP"],
    ]);
  });

  test("none that is recognised makes all of them be proven: the first damage is the reason, not an unknown kind", async () => {
    const { asked, find } = archive(["a.xml", "<x/>"], ["b.xml", "<MARK", "damaged"], ["c.xml", "<y/>", "damaged"]);
    await expect(find()).rejects.toMatchObject({ code: "IMPORT_NOT_A_ZIP", message: "b.xml is damaged" });
    expect(asked).toEqual(["head a.xml", "head b.xml", "head c.xml", "open a.xml", "open b.xml", "open c.xml"]);
  });

  test("none that is recognised, and none damaged, is an unknown kind that says what was seen", async () => {
    const { find } = archive(["a.xml", "<x/>"], ["small.json", "{}"]);
    await expect(find()).rejects.toMatchObject({
      code: "IMPORT_UNKNOWN_FORMAT",
      message: expect.stringMatching(/a\.xml is a document of <x>, small\.json is a JSON document\.$/),
    });
  });
});
