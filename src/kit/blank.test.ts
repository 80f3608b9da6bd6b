import { describe, expect, test } from "vitest";
import { scratchBle } from "../../test/helpers/scratch-ble.js";
import { blankTranscript, maskText } from "./blank.js";
import { latin1 } from "./bytes.js";
import { parseTranscript, printTranscript } from "./transcript.js";

const HEAD = [
  "glucohub transcript 1",
  "driver: scratch-ble",
  "transport: ble",
  "origin: capture",
  "now: 2024-05-06T07:08:09Z",
  "zone: Europe/London",
];
const BODY = [
  "",
  "# Anna's",
  "?[2a25] 41 42 31 32 33 34",
  ">[2a52] 01 01",
  "~ 40",
  "<[2a18] 01 65",
  "! error GATT_REFUSED write [2a52] 0x80",
  "! error dev_C0_FF_EE_00_00_01 is gone, C0:FF:EE:00:00:01 too",
  "",
];

function blanked(...headers: string[]): string {
  return printTranscript(blankTranscript(scratchBle, parseTranscript([...HEAD, ...headers, ...BODY].join("\n"))));
}

describe("a blanked transcript over Bluetooth", () => {
  test("has what the meter sent masked, values that were read too, and nothing that people or systems add", () => {
    expect(blanked().split("\n\n")[1]).toBe(
      [
        "?[2a25] 58 58 30 30 30 30",
        ">[2a52] 01 01",
        "~ 40",
        "<[2a18] 01 65",
        "! error GATT_REFUSED write [2a52] 0x80",
        "! error dev_00:00:00:00:00:00 is gone, 00:00:00:00:00:00 too",
        "",
      ].join("\n"),
    );
  });

  test("keeps of its head what a replay needs, and drops what names somebody or is not known", () => {
    const text = blanked(
      "meter: Anna",
      "gatt: 180a(2a25) 1808(2a18 2a52)",
      "resume: 12 7",
      "patience: probe",
      "owner: Anna",
    );
    expect(text.split("\n\n")[0]?.split("\n")).toEqual([
      ...HEAD,
      "gatt: 180a(2a25) 1808(2a18 2a52)",
      "resume: 12 7",
      "patience: probe",
    ]);
  });

  test.each([
    ["Scratch+AB1234", "Scratch+XX0000"],
    ["Scruffy 12", "ScrXXXX 00"],
    ["Anna's Bär 5", "XXXX'X XXX 0"],
  ])("has of the name %s only the part by which it is known: %s", (name, masked) => {
    expect(blanked(`name: ${name}`).split("\n")).toContain(`name: ${masked}`);
  });

  test("is given to the driver with the characteristics that the head names", () => {
    const given: unknown[] = [];
    const driver: typeof scratchBle = {
      ...scratchBle,
      blank: (notices) => {
        given.push(...notices.map(({ from, bytes }) => `${from.service}/${from.characteristic} ${latin1(bytes)}`));
        return notices.map(({ bytes }) => bytes);
      },
    };
    const listed = [
      ...HEAD,
      "gatt: 180a(2a25) 1808(2a18 2a52) 181f(2a52)",
      "",
      "?[2a25] 41",
      "<[2a18] 42",
      "<[181f/2a52] 43",
    ];
    blankTranscript(driver, parseTranscript(listed.join("\n")));
    blankTranscript(driver, parseTranscript([...HEAD, "", "?[2a25] 41"].join("\n")));
    expect(given).toEqual(["180a/2a25 A", "1808/2a18 B", "181f/2a52 C", "/2a25 A"]);
  });
});

test("masking changes letters and digits, and nothing else", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const expected = Array.from(all, (byte) => {
    const letter = String.fromCharCode(byte);
    return /[0-9]/.test(letter) ? 0x30 : /[A-Za-z]/.test(letter) ? 0x58 : byte;
  });
  expect([...maskText(all)]).toEqual(expected);
});
