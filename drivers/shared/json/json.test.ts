import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { jsonElements } from "./elements.js";
import { type JsonElement, type JsonPath, JsonReader } from "./reader.js";
import { JSON_LIMITS } from "./sink.js";
import { JsonNumber, type JsonValue, jsonArray, jsonNumber, jsonObject, jsonText, jsonWhole } from "./value.js";

/** A value as JSON.parse has it. */
function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return value.toNumber();
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, each]) => [name, plain(each)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

interface Read {
  readonly elements: readonly JsonElement[];
  readonly problem: string | null;
}

function read(
  text: string | Uint8Array,
  paths: readonly JsonPath[],
  lengths: readonly number[] = [],
  limits = JSON_LIMITS,
): Read {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const reader = new JsonReader(paths, limits);
  const elements: JsonElement[] = [];
  try {
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const length = lengths[turn % lengths.length] ?? bytes.length;
      // Its own memory, so that a piece kept by mistake shows.
      reader.push(new Uint8Array(bytes.subarray(at, at + length)));
      at += length;
      elements.push(...reader.take());
    }
    reader.end();
  } catch (error) {
    if (!isProblem(error)) throw error;
    return { elements: [...elements, ...reader.take()], problem: error.code };
  }
  return { elements: [...elements, ...reader.take()], problem: null };
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const chunkings = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });
/** No name twice, no number that is written otherwise than it reads. */
const documents = fc.jsonValue({ depthSize: "medium" });

describe("the reader", () => {
  test("gives a whole document as JSON.parse does, however it is cut", () => {
    fc.assert(
      fc.property(documents, fc.constantFrom(undefined, 1), chunkings, (value, indent, lengths) => {
        const text = JSON.stringify(value, null, indent);
        const { elements, problem } = read(text, [[]], lengths);
        expect(problem).toBeNull();
        expect(elements).toHaveLength(1);
        expect(JSON.stringify(plain(elements[0]?.value ?? null))).toBe(JSON.stringify(JSON.parse(text)));
        expect(Buffer.from(elements[0]?.raw ?? []).toString()).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test("takes what JSON.parse takes and refuses what it refuses", () => {
    const bytes = fc.constantFrom(...'{}[],:"\\ \n\u0001eE+-.0189tfnul/bx', "é", "\u{1f34e}");
    let taken = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        documents,
        fc.nat(),
        bytes,
        fc.constantFrom("in", "over", "out"),
        chunkings,
        (value, place, byte, how, lengths) => {
          const text = JSON.stringify(value);
          const at = place % (text.length + 1);
          const rest = how === "in" ? at : at + 1;
          const damaged = text.slice(0, at) + (how === "out" ? "" : byte) + text.slice(rest);
          const { problem } = read(damaged, [], lengths);
          expect([damaged, problem === null]).toEqual([damaged, parses(damaged)]);
          if (problem === null) taken += 1;
          else refused += 1;
        },
      ),
      { numRuns: 3_000 },
    );
    expect(Math.min(taken, refused)).toBeGreaterThan(100);
  });

  test("tells a document cut anywhere from a damaged one", () => {
    const text = '{"a": [1.5e3, true, null, "x\\u00e9\\n"], "b": {"c": -0.25}} ';
    const end = text.trimEnd().length;
    for (let at = 0; at < end; at++) {
      // A document of whole tokens that stops is cut; nothing in this one turns into another by being cut.
      expect([at, read(text.slice(0, at), [[]]).problem]).toEqual([at, "IMPORT_TRUNCATED"]);
    }
    expect(read(text, [[]]).problem).toBeNull();
    expect(read(`${text}x`, [[]]).problem).toBe("IMPORT_MALFORMED");
    expect(read(`${text}{}`, [[]]).problem).toBe("IMPORT_MALFORMED");
    expect(read(`{"a":1}\u0000`, [[]]).problem).toBe("IMPORT_MALFORMED");
  });

  test("passes over a byte order mark, and refuses other encodings", () => {
    expect(read("\uFEFF[1]", [["*"]], [1]).elements).toHaveLength(1);
    expect(read(Buffer.from("\uFEFF[1]", "utf16le"), [["*"]]).problem).toBe("IMPORT_MALFORMED");
    expect(read("[\uFEFF1]", [["*"]]).problem).toBe("IMPORT_MALFORMED");
  });
});

describe("paths", () => {
  const text = JSON.stringify({
    data: {
      metrics: [{ data: [{ qty: 1 }, { qty: 2 }], name: "a", data2: [3] }, { name: "b", data: [] }, 7],
      x: [[{ qty: 9 }]],
    },
    name: "no",
  });

  test("find values in the document's order, with where they stand", () => {
    const paths = [
      ["data", "metrics", "*", "data", "*"],
      ["data", "metrics", "*", "name"],
    ];
    for (const length of [1, 2, 3, 7, 1_000]) {
      const { elements } = read(text, paths, [length]);
      expect(elements.map(({ path, at, value }) => [path, at, plain(value)])).toEqual([
        [0, ["data", "metrics", 0, "data", 0], { qty: 1 }],
        [0, ["data", "metrics", 0, "data", 1], { qty: 2 }],
        [1, ["data", "metrics", 0, "name"], "a"],
        [1, ["data", "metrics", 1, "name"], "b"],
      ]);
      for (const { raw, offset } of elements) {
        expect(Buffer.from(raw).equals(Buffer.from(text).subarray(offset, offset + raw.length))).toBe(true);
      }
    }
  });

  test("with a star take objects' members too, and the outermost wins", () => {
    const at = (paths: readonly JsonPath[]): unknown[] =>
      read('{"a":{"b":1,"c":2},"d":3}', paths).elements.map((e) => [e.path, e.at]);
    expect(at([["*"]])).toEqual([
      [0, ["a"]],
      [0, ["d"]],
    ]);
    expect(at([["a", "*"], ["*"]])).toEqual([
      [1, ["a"]],
      [1, ["d"]],
    ]);
    expect(
      at([
        ["a", "*"],
        ["d", "*"],
        ["a", "c"],
      ]),
    ).toEqual([
      [0, ["a", "b"]],
      [0, ["a", "c"]],
    ]);
  });

  test("of any document give its members one by one", () => {
    fc.assert(
      fc.property(fc.array(documents), chunkings, (list, lengths) => {
        const { elements } = read(JSON.stringify({ skip: list, list }), [["list", "*"]], lengths);
        expect(JSON.stringify(elements.map(({ value }) => plain(value)))).toBe(JSON.stringify(list));
        expect(elements.map(({ at }) => at[1])).toEqual(list.map((_, index) => index));
      }),
    );
  });
});

describe("faults of one element", () => {
  const small = { maxDepth: 8, maxBytes: 100 };

  test("leave the ones beside it alone: too large, a name twice, no UTF-8", () => {
    const parts = [
      Buffer.from('[{"a":1},{"a":1,"a":2,"b":[1,2,3]},{"a":"'),
      Buffer.from([0xff, 0xe9]),
      Buffer.from(`"},{"a":"${"x".repeat(5_000)}"},{"a":[${"1,".repeat(60)}1]},{"${"n".repeat(200)}":1},{"a":2}]`),
    ];
    const text = Buffer.concat(parts);
    for (const lengths of [[1], [13], [99], [100_000]]) {
      const { elements, problem } = read(text, [["*"]], lengths, small);
      expect(problem).toBeNull();
      expect(elements.map(({ fault }) => fault)).toEqual([
        null,
        'it has "a" twice',
        "a text in it is no UTF-8",
        "it is too large",
        "it is too large",
        "it is too large",
        null,
      ]);
      expect(elements.map(({ value }) => plain(value))).toEqual([{ a: 1 }, null, null, null, null, null, { a: 2 }]);
      for (const { raw, offset } of elements) {
        expect(raw.length).toBeLessThanOrEqual(4_096);
        expect(Buffer.from(raw).equals(text.subarray(offset, offset + raw.length))).toBe(true);
      }
      expect(Buffer.from(elements[1]?.raw ?? []).toString()).toBe('{"a":1,"a":2,"b":[1,2,3]}');
    }
  });

  test("in what nobody wants mean nothing, but its grammar is checked", () => {
    const long = `{"big":"${"y".repeat(500)}","${"n".repeat(500)}":[{}],"list":[1]}`;
    expect(read(long, [["list", "*"]], [7], small).elements.map(({ value }) => plain(value))).toEqual([1]);
    expect(read(`{"big":"\\q","list":[1]}`, [["list", "*"]]).problem).toBe("IMPORT_MALFORMED");
    expect(read(`{"big":01,"list":[1]}`, [["list", "*"]]).problem).toBe("IMPORT_MALFORMED");
  });

  test("are not what depth and endless numbers are: those end the document", () => {
    expect(read("[".repeat(100_000), [[]]).problem).toBe("IMPORT_MALFORMED");
    expect(read(`${"[".repeat(64)}${"]".repeat(64)}`, [[]]).problem).toBeNull();
    expect(read(`${"[".repeat(65)}${"]".repeat(65)}`, []).problem).toBe("IMPORT_MALFORMED");
    expect(read(`[${"1".repeat(2_000)}]`, [[]], [64]).problem).toBe("IMPORT_MALFORMED");
  });

  test("of a hundred million bytes take a bounded memory", () => {
    const reader = new JsonReader([["*"]]);
    const piece = Buffer.alloc(1 << 20, "z");
    reader.push(Buffer.from('["'));
    const before = process.memoryUsage().arrayBuffers;
    for (let turn = 0; turn < 100; turn++) reader.push(piece);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 << 20);
    reader.push(Buffer.from('",5]'));
    reader.end();
    expect(reader.take().map(({ fault, value }) => [fault, plain(value)])).toEqual([
      ["it is too large", null],
      [null, 5],
    ]);
  });
});

describe("values", () => {
  test("of 64 bits keep every digit, as numbers and as text", () => {
    const { elements } = read('[1434620350091000001, "1434620350091000001", 5.0, 1.5e3, 15e-1, "1.5", -7, 1e99, -0]', [
      ["*"],
    ]);
    expect(elements.map(({ value }) => jsonWhole(value))).toEqual([
      1434620350091000001n,
      1434620350091000001n,
      5n,
      1500n,
      null,
      null,
      -7n,
      null,
      0n,
    ]);
    expect(elements.map(({ value }) => jsonNumber(value))).toEqual([
      1434620350091000000,
      null,
      5,
      1500,
      1.5,
      null,
      -7,
      1e99,
      -0,
    ]);
    expect(jsonNumber(new JsonNumber("1e400"))).toBeNull();
  });

  test("whole numbers agree with those that JavaScript makes of the same text", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -6, max: 6 }), fc.nat({ max: 999 }), (whole, power, fraction) => {
        const text = `${whole}.${fraction}e${power}`;
        const expected = Number(text);
        const exact = new JsonNumber(text).toBigInt();
        // Within 2^53, a number is whole exactly if JavaScript says so: there are not digits enough to hide behind.
        if (Math.abs(expected) < 2 ** 50 && Math.abs(expected) > 1) {
          expect([text, exact === null ? null : Number(exact)]).toEqual([
            text,
            Number.isInteger(expected) ? expected : null,
          ]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("are asked for by what they must be", () => {
    const value = read('{"__proto__": 1, "t": "x", "l": [true]}', [[]]).elements[0]?.value;
    const object = jsonObject(value);
    expect([...(object?.keys() ?? [])]).toEqual(["__proto__", "t", "l"]);
    expect(jsonText(object?.get("t"))).toBe("x");
    expect(jsonText(object?.get("l"))).toBeNull();
    expect(jsonArray(object?.get("l"))).toEqual([true]);
    expect(jsonObject(object?.get("l"))).toBeNull();
    expect(jsonArray(undefined)).toBeNull();
  });
});

test("elements come as soon as their chunk, and before the damage behind them", async () => {
  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from("[1,2,");
    yield Buffer.from("3");
    yield Buffer.from(",4,!");
  }
  const found: unknown[] = [];
  const reading = async (): Promise<void> => {
    for await (const batch of jsonElements(chunks(), [["*"]])) found.push(batch.map(({ value }) => plain(value)));
  };
  await expect(reading()).rejects.toMatchObject({ code: "IMPORT_MALFORMED", context: { byte: 9 } });
  expect(found).toEqual([
    [1, 2],
    [3, 4],
  ]);
});
