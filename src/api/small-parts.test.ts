import { describe, expect, test } from "vitest";
import { fileName } from "./file-name.js";
import { hostCheck } from "./host-check.js";
import { instantOf } from "./instant.js";

describe("the name of an uploaded file", () => {
  test.each([
    [undefined, undefined, "import"],
    ["export.zip", undefined, "export.zip"],
    ["r%C3%A9sum%C3%A9.csv", undefined, "résumé.csv"],
    [Buffer.from("résumé.csv").toString("latin1"), undefined, "résumé.csv"],
    ["100%.csv", undefined, "100%.csv"],
    ["../../etc/passwd", undefined, "passwd"],
    ["C:\\exports\\a.csv", undefined, "a.csv"],
    ["..", undefined, "import"],
    ["a%00%0ab.csv", undefined, "ab.csv"],
    [undefined, 'attachment; filename="my \\"big\\" export.zip"', 'my "big" export.zip'],
    [undefined, "attachment; filename=plain.csv", "plain.csv"],
    [undefined, "attachment; filename=x.csv; filename*=UTF-8''%e2%82%ac.csv", "€.csv"],
  ])("%s and %s give %s", (header, disposition, name) => {
    expect(fileName(header, disposition)).toBe(name);
  });
});

describe("the hosts that the hub answers to", () => {
  test("bound to every address it answers to addresses, but not to names", () => {
    const check = hostCheck("0.0.0.0", ["ward.example"]);
    for (const host of ["192.168.1.7:8470", "[fe80::1]:8470", "ward.example", "Ward.Example.:1", "localhost"])
      expect([host, check(host)]).toEqual([host, true]);
    for (const host of [undefined, "", "evil.example", "1.2.3.4.evil.example", "a@localhost", "localhost:x"])
      expect([host, check(host)]).toEqual([host, false]);
  });

  test("bound to a name or an address it answers to that and the loopback", () => {
    expect(hostCheck("gluco.lan", [])("gluco.lan:8470")).toBe(true);
    expect(hostCheck("192.168.1.7", [])("192.168.1.7:1")).toBe(true);
    expect(hostCheck("192.168.1.7", [])("192.168.1.8:1")).toBe(false);
    expect(hostCheck("fd00::7", [])("[fd00::7]:1")).toBe(true);
  });
});

describe("an instant in a request", () => {
  test.each([
    ["2026-11-21T08:03:00+01:00", "2026-11-21T07:03:00.000Z"],
    ["2026-11-21T08:03:00 01:00", "2026-11-21T07:03:00.000Z"],
    ["2026-11-21T07:03Z", "2026-11-21T07:03:00.000Z"],
    ["2024-02-29T00:00:00-05:00", "2024-02-29T05:00:00.000Z"],
    ["2026-02-29T00:00:00Z", null],
    ["2026-04-31T00:00:00Z", null],
    ["2026-13-01T00:00:00Z", null],
    ["9999-12-31T23:59:00-10:00", null],
    ["2026-11-21T08:03:00", null],
    ["2026-11-21", null],
    ["", null],
  ])("%s is read as %s", (text, instant) => {
    expect(instantOf(text)).toBe(instant);
  });
});
