import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../src/domain/problem.js";
import { concat, hex, unhex } from "../../../src/kit/bytes.js";
import { absoluteTimeBytes, readAbsoluteTime } from "./absolute-time.js";
import { dataApduBytes, findApdu, readApdu, readDataApdu } from "./apdu.js";
import { associationResponse, readAssociationRequest, releaseRequest } from "./association.js";
import { labelLength, readDeviceAttributes, readDeviceFacts, readSpecifications } from "./device.js";
import { float, sfloat } from "./float.js";
import { MderReader, octetsBytes, u16Bytes, u32Bytes } from "./mder.js";
import { readConfiguration, storeOf, typeOf, wordAttribute } from "./objects.js";
import { getDevice, getSegments, readEventReport, setTimeRequest, transferRequest } from "./requests.js";
import { confirmation, readSegmentEvent, readTransferStart, splitEntries } from "./segment-event.js";
import { readEntry, readEntryMap, readSegmentInformation } from "./segments.js";
import { attributeList, beginning, counted, four, listed, two } from "./simulated-device.js";

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isProblem(error)) return error.code;
    throw error;
  }
  return "none";
}

const text = (letters: string): number[] => counted([...letters].map((letter) => letter.charCodeAt(0)));

/** The body of an answer with these attributes of the device. */
function device(...attributes: readonly (readonly [number, readonly number[]])[]): Uint8Array {
  return Uint8Array.from([0, 0, ...attributeList(attributes)]);
}

const facts = (...attributes: readonly (readonly [number, readonly number[]])[]) =>
  readDeviceFacts(readDeviceAttributes(device(...attributes)));

describe("numbers", () => {
  test("whole numbers have their high byte first, and no read goes beyond what there is", () => {
    const reader = new MderReader(unhex("12 34 89 ab cd ef 07"), "A test", 10);
    expect([reader.u16(), reader.u32(), reader.offset, reader.u8(), reader.left]).toEqual([
      0x1234, 0x89abcdef, 16, 7, 0,
    ]);
    for (const read of [() => reader.u8(), () => reader.u16(), () => reader.u32(), () => reader.octets()]) {
      expect(codeOf(read)).toBe("FRAME_MALFORMED");
    }
    expect([u16Bytes(0x1234), u32Bytes(0x89abcdef), octetsBytes([7])]).toEqual([
      [0x12, 0x34],
      [0x89, 0xab, 0xcd, 0xef],
      [0, 1, 7],
    ]);
  });

  test("a sequence fills the bytes that it says to have, item by item", () => {
    const read = (bytes: string): number[] =>
      new MderReader(unhex(bytes), "A test").sequence((item) => (item.left > 1 ? item.u16() : item.u8()));
    expect(read("00 02 00 04 00 01 00 02")).toEqual([1, 2]);
    expect(read("00 00 00 00")).toEqual([]);
    for (const bytes of ["00 01 00 04 00 01 00 02", "00 03 00 04 00 01 00 02", "00 02 00 05 00 01 00 02", "00 01 00"]) {
      expect(
        codeOf(() => read(bytes)),
        bytes,
      ).toBe("FRAME_MALFORMED");
    }
    expect(codeOf(() => new MderReader(unhex("ff ff 00 01 00"), "A test").sequence(() => 0))).toBe("FRAME_MALFORMED");
  });

  test("SFLOAT taken for an integer: exponent and mantissa are signed, and five words are no numbers", () => {
    const shown = (word: number): number | string => {
      const read = sfloat(word);
      return read.kind === "number" ? read.value : read.kind;
    };
    // Read as whole numbers these would be 4108, 61498, 2046, 2050 and so on.
    expect([0x0068, 0x100c, 0xf03a, 0xd078, 0xffff, 0x0fff].map(shown)).toEqual([104, 120, 5.8, 0.12, -0.1, -1]);
    expect([0x07fe, 0x0802, 0x07ff, 0x0800, 0x0801].map(shown)).toEqual([
      "above",
      "below",
      "invalid",
      "invalid",
      "invalid",
    ]);
    // With an exponent they are neither.
    expect([0x17fe, 0xf802, 0x2800].map(shown)).toEqual(["invalid", "invalid", "invalid"]);
  });

  test("the long kind has eight bits of exponent and twenty-four of mantissa", () => {
    const shown = (word: number): number | string => {
      const read = float(word);
      return read.kind === "number" ? read.value : read.kind;
    };
    expect([0x00000068, 0xff00003a, 0x020000ff, 0xfeffffff].map(shown)).toEqual([104, 5.8, 25_500, -0.01]);
    expect([0x007ffffe, 0x00800002, 0x007fffff, 0x00800000, 0x00800001].map(shown)).toEqual([
      "above",
      "below",
      "invalid",
      "invalid",
      "invalid",
    ]);
  });

  test("no number is bent by binary fractions", () => {
    let ran = 0;
    for (let mantissa = -2046; mantissa <= 2045; mantissa += 1) {
      if (mantissa === -2046) continue;
      const read = sfloat(0xf000 | (mantissa & 0xfff));
      const wanted = `${mantissa < 0 ? "-" : ""}${Math.floor(Math.abs(mantissa) / 10)}.${Math.abs(mantissa) % 10}`;
      expect(read.kind === "number" && read.value === Number(wanted), wanted).toBe(true);
      ran += 1;
    }
    expect(ran).toBe(4_091);
  });
});

describe("times", () => {
  test("two digits a byte, century first; seconds are kept (a peer drops them)", () => {
    expect(readAbsoluteTime(unhex("20 24 02 29 23 59 58 99"))).toBe("2024-02-29T23:59:58");
    expect(hex(Uint8Array.from(absoluteTimeBytes("2024-02-29T23:59:58")))).toBe("20 24 02 29 23 59 58 00");
  });

  test("what is no digit, no day, no hour or of another century is no time", () => {
    const wrong = [
      "2a 24 01 01 00 00 00 00",
      "20 2f 01 01 00 00 00 00",
      "19 99 12 31 00 00 00 00",
      "21 00 01 01 00 00 00 00",
    ];
    const days = [
      "20 23 02 29 00 00 00 00",
      "20 24 04 31 00 00 00 00",
      "20 24 13 01 00 00 00 00",
      "20 24 00 00 00 00 00 00",
    ];
    const hours = [
      "20 24 01 01 24 00 00 00",
      "20 24 01 01 00 60 00 00",
      "20 24 01 01 00 00 60 00",
      "20 24 01 01 00 00 00",
    ];
    for (const bytes of [...wrong, ...days, ...hours]) {
      expect(
        codeOf(() => readAbsoluteTime(unhex(bytes))),
        bytes,
      ).toBe("FRAME_MALFORMED");
    }
    expect([...wrong, ...days, ...hours]).toHaveLength(12);
    expect(codeOf(() => absoluteTimeBytes("2150-01-01T00:00:00"))).toBe("METER_REFUSED");
  });

  test("every moment of the century comes back as it was", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true }),
        (date) => {
          const wall = date.toISOString().slice(0, 19);
          expect(readAbsoluteTime(Uint8Array.from(absoluteTimeBytes(wall)))).toBe(wall);
        },
      ),
    );
  });
});

describe("messages", () => {
  const sound = dataApduBytes({ invokeId: 0x1234, choice: 0x0203 }, [1, 2, 3]);

  test("one is found among noise, and given when it is whole", () => {
    expect(hex(sound)).toBe("e7 00 00 0b 00 09 12 34 02 03 00 03 01 02 03");
    const noisy = concat([unhex("00 e7 e2 11 e7 00 00 01"), sound]);
    expect(findApdu(noisy)).toEqual({ skipped: 8, length: sound.length });
    for (let length = 0; length < sound.length; length += 1) {
      expect(findApdu(sound.subarray(0, length)).length, `of ${length}`).toBe(0);
    }
    expect(readDataApdu(readApdu(sound))).toEqual({ invokeId: 0x1234, choice: 0x0203, body: unhex("01 02 03") });
    expect(codeOf(() => readDataApdu(readApdu(sound.map((byte, at) => (at === 11 ? byte + 1 : byte)))))).toBe(
      "FRAME_MALFORMED",
    );
  });

  test("lengths that do not agree begin no message", () => {
    for (const bytes of [
      "e7 00 00 0b 00 0a 12 34",
      "e6 00 00 03 00",
      "e2 00 ff ff",
      "e8 00 00 02 00 00",
      "e7 01 00 08",
    ]) {
      expect(findApdu(unhex(bytes)).skipped, bytes).toBeGreaterThan(0);
    }
  });

  test("the hub's words are those of the sheet", () => {
    expect(hex(associationResponse()).replaceAll(" ", "")).toMatch(
      /^e300002c0003507900268000000280008000000000000000800000000008[0-9a-f]{16}0{20}$/,
    );
    expect(associationResponse()).toHaveLength(48);
    expect(hex(releaseRequest())).toBe("e4 00 00 02 00 00");
    const said = (request: ReturnType<typeof getDevice>): string =>
      hex(dataApduBytes({ invokeId: 0x0102, choice: request.choice }, request.body)).replaceAll(" ", "");
    expect(said(getDevice())).toBe("e700000e000c010201030006000000000000");
    expect(said(getSegments(5))).toBe("e7000014001201020107000c00050c0d0006000100020000");
    expect(said(transferRequest(5, 3))).toBe("e7000010000e01020107000800050c1c00020003");
    const time = absoluteTimeBytes("2024-05-06T08:09:10");
    expect(said(setTimeRequest(() => time))).toBe("e700001a0018010201070012" + "00000c17000c202405060809100000000000");
  });

  test("a device's request to begin is read by its lengths, and one of another protocol refused", () => {
    const request = beginning([1, 2, 3, 4, 5]);
    expect(request).toHaveLength(54);
    const read = readAssociationRequest(readApdu(request).body);
    expect(hex(read.systemId)).toBe("00 60 19 01 02 03 04 05");
    expect(hex(request.subarray(read.systemIdAt, read.systemIdAt + 8))).toBe("00 60 19 01 02 03 04 05");
    const both = [...four(0x80000000), ...listed([[0xff, 0xff, 0, 1, 9], [...request.subarray(12)]])];
    expect(hex(readAssociationRequest(Uint8Array.from(both)).systemId)).toBe("00 60 19 01 02 03 04 05");
    const other = [...four(0x80000000), ...listed([[0xff, 0xff, 0, 1, 9]])];
    expect(codeOf(() => readAssociationRequest(Uint8Array.from(other)))).toBe("METER_UNSUPPORTED");
  });
});

describe("what a device is made of", () => {
  const object = (classId: number, handle: number, ...list: (readonly [number, readonly number[]])[]): number[] => [
    ...two(classId),
    ...two(handle),
    ...listed(list.map(([id, value]) => [...two(id), ...counted(value)])),
  ];

  test("any set of objects is read, and the store is found wherever it stands", () => {
    const objects = [
      object(6, 1, [0x092f, [0, 2, 0x72, 0x70]], [0x0996, [0x08, 0x52]]),
      object(77, 9),
      object(61, 5, [0x0951, [0, 4]]),
    ];
    const read = readConfiguration(Uint8Array.from([0x40, 0x01, ...listed(objects)]));
    expect([read.id, read.objects.map(({ classId }) => classId), storeOf(read)?.handle]).toEqual([
      0x4001,
      [6, 77, 61],
      5,
    ]);
    const [numeric] = read.objects;
    expect(numeric === undefined ? null : [typeOf(numeric), wordAttribute(numeric.attributes, 0x0996)]).toEqual([
      { partition: 2, code: 29_296 },
      0x0852,
    ]);
    expect(storeOf(readConfiguration(unhex("40 00 00 00 00 00")))).toBeNull();
  });

  test("two objects of one handle, an attribute that stands twice, and torn lists are refused", () => {
    const lists = [
      listed([object(6, 1), object(61, 1)]),
      listed([object(6, 1, [7, [1]], [7, [2]])]),
      [...listed([object(6, 1)]), 0],
      [0, 2, ...counted(object(6, 1))],
    ];
    for (const list of lists) {
      expect(codeOf(() => readConfiguration(Uint8Array.from([0x40, 0, ...list])))).toBe("FRAME_MALFORMED");
    }
  });
});

describe("who a device is", () => {
  const serial = [0, 1, 0, 0, ...text("serial-number: 92517304468")];

  test("the production specification walked four bytes too far: every entry is read, whatever its place", () => {
    const hardware = [0, 3, 0x10, 0, ...text("hw-revision: G\0\0\0\0")];
    const firmware = [0, 5, 0, 0, ...text("fw-revision: v1.9.6\0")];
    let ran = 0;
    for (const order of [
      [serial, hardware, firmware],
      [hardware, firmware, serial],
      [firmware, serial, hardware],
    ]) {
      const told = facts([0x092d, listed(order)]);
      expect([told.serial, told.firmware]).toEqual(["92517304468", "v1.9.6"]);
      expect(readSpecifications(Uint8Array.from(listed(order))).map(({ kind }) => kind)).toHaveLength(3);
      ran += 1;
    }
    expect(ran).toBe(3);
  });

  test("one search is continued from the model into the serial number: each is read from its own place", () => {
    // A peer's search for digits goes on in the second text from where it ended in the first one.
    for (const [model, number] of [
      ["925", "92517304468"],
      ["925\0\0\0\0\0\0\0", "92517304468"],
      ["x".repeat(40), "9251"],
    ] as const) {
      const told = facts(
        [0x0928, [...text("Roche"), ...text(model)]],
        [0x092d, listed([[0, 1, 0, 0, ...text(number)]])],
      );
      expect([told.manufacturer, told.model, told.serial]).toEqual(["Roche", model.replace(/\0+$/, ""), number]);
    }
  });

  test("what it does not tell is null, and a clock that shows no time is told as its bytes", () => {
    const nothing = { manufacturer: null, model: null, serial: null, firmware: null, clock: null, clockSettable: null };
    expect(facts()).toEqual({ ...nothing, clockFault: null });
    const lost = facts([0x0987, [0, 0, 0, 0, 0, 0, 0, 0]]);
    expect([lost.clock, lost.clockFault?.problem.code, lost.clockFault?.raw.length]).toEqual([
      null,
      "FRAME_MALFORMED",
      8,
    ]);
    expect([facts([0x0a45, [0xc0, 0, 0, 0]]).clockSettable, facts([0x0a45, [0x80, 0]]).clockSettable]).toEqual([
      true,
      false,
    ]);
  });

  test("texts lose their filling and their label, and letters that are none are refused", () => {
    expect(["serial-number: 1", "92517304468", "a-b:2", "9: 3"].map(labelLength)).toEqual([15, 0, 4, 0]);
    expect(codeOf(() => facts([0x0928, [...text("Ro\u0007che"), ...text("925")]]))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => facts([0x092d, listed([serial, [0, 1]])]))).toBe("FRAME_MALFORMED");
  });
});

describe("segments", () => {
  const element = (classId: number, code: number, attributes: readonly (readonly [number, number])[]): number[] => [
    ...two(classId),
    ...two(2),
    ...two(code),
    ...two(1),
    ...listed(attributes.map(([id, length]) => [...two(id), ...two(length)])),
  ];
  const mapOf = (flags: number, ...elements: number[][]) =>
    readEntryMap(Uint8Array.from([...two(flags), ...listed(elements)]));

  test("entries are cut apart as their map says, whatever stands in them", () => {
    const map = mapOf(
      0xc000,
      element(6, 29_296, [
        [0x0a56, 4],
        [0x0947, 2],
      ]),
      element(5, 1, [[0x0a49, 2]]),
    );
    expect([map.headerBytes, map.entryBytes, map.hasAbsoluteTime]).toEqual([12, 20, true]);
    const entry = readEntry(map, unhex("20 24 05 06 07 08 09 00 00 00 00 01 ff 00 00 3a 00 00 72 4c"));
    expect(entry.time === null ? null : readAbsoluteTime(entry.time)).toBe("2024-05-06T07:08:09");
    expect(entry.elements.map(({ values }) => [...values].map(([id, value]) => [id, hex(value)]))).toEqual([
      [
        [0x0a56, "ff 00 00 3a"],
        [0x0947, "00 00"],
      ],
      [[0x0a49, "72 4c"]],
    ]);
    expect(codeOf(() => readEntry(map, new Uint8Array(19)))).toBe("FRAME_MALFORMED");
  });

  test("a map without values, or with a time that nobody has described, is none", () => {
    expect(codeOf(() => mapOf(0x8000))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => mapOf(0x8800, element(6, 1, [[1, 2]])))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => mapOf(0x8000, element(6, 1, [])))).toBe("FRAME_MALFORMED");
  });

  test("the list of segments is read; a map that is not understood spoils its own segment only", () => {
    const good = [
      ...two(0x8000),
      ...listed([
        element(6, 29_296, [
          [0x0a4c, 2],
          [0x0947, 2],
        ]),
      ]),
    ];
    const list = listed([
      [
        ...two(0),
        ...attributeList([
          [0x0a4e, good],
          [0x097b, four(638)],
          [0x0a58, text("PMSegGluc ")],
          [0x0a62, [0, 0, 0, 0, 0, 0]],
        ]),
      ],
      [
        ...two(7),
        ...attributeList([
          [0x0a4e, [1, 2, 3]],
          [0x0a62, [0, 0, 0, 1, 0, 0]],
        ]),
      ],
    ]);
    const body = Uint8Array.from([...two(5), 0x0c, 0x0d, ...counted(list)]);
    const [first, second] = readSegmentInformation(body, 5);
    expect(first).toMatchObject({ instance: 0, label: "PMSegGluc", usage: 638, adjusted: false });
    expect(first?.map?.entryBytes).toBe(12);
    expect(second).toEqual({ instance: 7, label: null, map: null, usage: null, adjusted: true });
    expect(codeOf(() => readSegmentInformation(body, 6))).toBe("FRAME_MALFORMED");
    const twice = listed([
      [...two(1), 0, 0, 0, 0],
      [...two(1), 0, 0, 0, 0],
    ]);
    expect(codeOf(() => readSegmentInformation(Uint8Array.from([...two(5), 0x0c, 0x0d, ...counted(twice)]), 5))).toBe(
      "FRAME_MALFORMED",
    );
  });

  test("an event is read, confirmed in the sheet's words, and must hold what it counts", () => {
    const info = [...two(3), ...four(70_000), ...four(2), 0x40, 0x00, ...counted([1, 2, 3, 4])];
    const event = readSegmentEvent(Uint8Array.from(info));
    expect(event).toMatchObject({ instance: 3, index: 70_000, count: 2, isFirst: false, isLast: true, isAbort: false });
    expect(hex(Uint8Array.from(confirmation(event)))).toBe("00 03 00 01 11 70 00 00 00 02 00 80");
    expect(splitEntries(event, 2).map(hex)).toEqual(["01 02", "03 04"]);
    expect(splitEntries(event, null).map(hex)).toEqual(["01 02", "03 04"]);
    expect(splitEntries({ ...event, count: 3 }, null).map(hex)).toEqual(["01 02 03 04"]);
    expect(codeOf(() => splitEntries(event, 3))).toBe("FRAME_MALFORMED");
    expect(codeOf(() => readSegmentEvent(Uint8Array.from(info.with(10, 0x41))))).toBe("FRAME_MALFORMED");
    expect(readSegmentEvent(Uint8Array.from(info.with(10, 0x08))).isAbort).toBe(true);
  });

  test("a transfer that was not begun says why", () => {
    const answer = (result: number): Uint8Array =>
      Uint8Array.from([...two(5), 0x0c, 0x1c, ...counted([...two(1), ...two(result)])]);
    expect([readTransferStart(answer(0), 5, 1), readTransferStart(answer(3), 5, 1)]).toEqual(["started", "empty"]);
    for (const result of [1, 2, 512, 9])
      expect(codeOf(() => readTransferStart(answer(result), 5, 1))).toBe("METER_REFUSED");
    expect(codeOf(() => readTransferStart(answer(0), 5, 2))).toBe("FRAME_MALFORMED");
  });
});

test("whatever bytes come, each is read or refused with a problem", () => {
  const readers: ((bytes: Uint8Array) => unknown)[] = [
    (bytes) => readApdu(bytes),
    (bytes) => readDataApdu({ choice: 0xe700, body: bytes }),
    (bytes) => readAssociationRequest(bytes),
    (bytes) => readConfiguration(bytes),
    (bytes) => readDeviceFacts(readDeviceAttributes(bytes)),
    (bytes) => readSegmentInformation(bytes, 0),
    (bytes) => readEntryMap(bytes),
    (bytes) => readSegmentEvent(bytes),
    (bytes) => readTransferStart(bytes, 0, 0),
    (bytes) => readEventReport(0, true, bytes),
    (bytes) => readAbsoluteTime(bytes),
  ];
  const small = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 255 }));
  let ran = 0;
  fc.assert(
    fc.property(fc.array(small, { maxLength: 60 }), (bytes) => {
      const { skipped, length } = findApdu(Uint8Array.from(bytes));
      expect(skipped + length).toBeLessThanOrEqual(bytes.length);
      for (const read of readers) {
        expect(["none", "FRAME_MALFORMED", "METER_REFUSED", "METER_UNSUPPORTED"]).toContain(
          codeOf(() => read(Uint8Array.from(bytes))),
        );
        ran += 1;
      }
    }),
    { numRuns: 500 },
  );
  expect(ran).toBeGreaterThanOrEqual(5_500);
});

interface Vector {
  readonly description: string;
  readonly input_hex: string;
  readonly expected: Readonly<Record<string, unknown>>;
}

const FILE = new URL("../../../../shared/vectors/set-b/ble-glucose.json", import.meta.url);
const OWN = new URL("../../../../shared/vectors/set-a/accuchek-ieee11073.json", import.meta.url);
const SPECIALS: Readonly<Record<string, string>> = {
  NaN: "invalid",
  NRes: "invalid",
  "+INF": "above",
  "-INF": "below",
  reserved: "invalid",
};

/** The number of a word, times a power of ten; or which special value it is. */
function scaled(word: number, power: number): number | string {
  const read = sfloat(word);
  return read.kind === "number" ? Number(`${read.mantissa}e${read.exponent + power}`) : read.kind;
}

describe.skipIf(!existsSync(FILE))("the samples with numbers of this kind", () => {
  test("read as they say: ten words, and those of all Bluetooth measurements", () => {
    const { vectors }: { vectors: readonly Vector[] } = JSON.parse(readFileSync(FILE, "utf8"));
    let words = 0;
    let measurements = 0;
    for (const { description, input_hex, expected } of vectors) {
      const bytes = unhex(input_hex);
      const wordAt = (at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
      const special = expected["special"] ?? expected["sfloat_special"];
      const named =
        special === undefined ? null : SPECIALS[String(special).replace("INFINITY", "INF").split(" ")[0] ?? ""];
      const number = expected["mg_dl"] ?? expected["mmol_l"] ?? expected["sfloat"];
      if (description.startsWith("SFLOAT")) {
        const power = "mg_dl" in expected ? 5 : "mmol_l" in expected ? 3 : 0;
        expect(scaled(wordAt(0), power), description).toBe(named ?? number);
        words += 1;
      } else if ("flags_hex" in expected && (named !== null || number !== undefined)) {
        const flags = bytes[0] ?? 0;
        expect(scaled(wordAt(flags & 1 ? 12 : 10), flags & 4 ? 3 : 5), description).toBe(named ?? number);
        measurements += 1;
      }
    }
    expect([words, measurements]).toEqual([10, 14]);
  });

  test("there are none of this transport yet: the day there are, they are to be read", () => {
    expect(existsSync(OWN)).toBe(false);
  });
});
