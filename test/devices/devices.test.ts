import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { DRIVERS } from "../../drivers/index.js";
import type { Driver } from "../../src/kit/driver.js";
import { difference, invented } from "./guest/difference.js";
import { initScript, secondScript } from "./guest/init-script.js";
import { productionPackages } from "./host/checkout-files.js";
import { cpioArchive } from "./host/cpio.js";
import { needed } from "./host/fetch-packages.js";
import { initramfsEntries } from "./host/initramfs.js";
import { MODULES, moduleOrder } from "./host/module-order.js";
import { qemuArguments } from "./host/qemu.js";
import { controllersFor, makeLanes, radiosFor } from "./lanes.js";
import { readOptions } from "./options.js";
import { makePlan, TRANSPORTS } from "./plan.js";
import { type DeviceResult, type GuestMessage, parseMessage } from "./report.js";
import { judge } from "./run-lab.js";
import { resultTable } from "./table.js";

const meters = DRIVERS.filter((driver) => driver.transport !== "file");
const serials = DRIVERS.filter((driver) => driver.transport === "serial");

/** A driver on another transport: the plan looks at no more of it. */
function moved(id: string, transport: "hid" | "usb" | "block" | "ble"): Driver {
  return { ...serials[0], id, transport, probe: { rank: 10, withinMs: 1 } } as unknown as Driver;
}

describe("the plan", () => {
  test("has every meter of the catalogue, and a stand-in for each transport without one", () => {
    const plan = makePlan(DRIVERS, false);
    for (const { id } of meters)
      expect(plan.filter(({ driver, gadget }) => driver === id && gadget !== "ftdi")).toHaveLength(1);
    const covered = new Set(meters.map(({ transport }) => transport));
    const standIns = plan.filter(({ driver }) => driver === null).map(({ transport }) => transport);
    expect(standIns).toEqual(TRANSPORTS.filter((transport) => transport === "ble" || !covered.has(transport)));
    expect(new Set(plan.map(({ id }) => id)).size).toBe(plan.length);
    expect(plan.filter(({ gadget }) => gadget === "ftdi")).toHaveLength(1);
  });

  test("puts a driver in its stand-in's place as soon as there is one", () => {
    const drivers = [...serials, moved("a", "hid"), moved("b", "usb"), moved("c", "block")];
    const entries = makePlan(drivers, false).filter(({ transport }) => transport !== "serial");
    expect(entries).toEqual([
      { id: "a", transport: "hid", gadget: "hid", driver: "a" },
      { id: "c", transport: "block", gadget: "disk", driver: "c" },
      { id: "b", transport: "usb", gadget: "bulk", driver: "b" },
      { id: "bluetooth-proof", transport: "ble", gadget: "radio", driver: null },
    ]);
  });

  test("has the radio's proof in place of Bluetooth meters while there are none, and then beside them", () => {
    const drivers = [moved("x", "ble"), moved("y", "ble")];
    const onAir = (short: boolean, all: readonly Driver[]): unknown[] =>
      makePlan(all, short).flatMap(({ id, gadget }) => (gadget === "radio" ? [id] : []));
    expect(onAir(false, [])).toEqual(["bluetooth-proof"]);
    expect(onAir(true, [])).toEqual(["bluetooth-proof"]);
    expect(onAir(false, drivers)).toEqual(["x", "y", "bluetooth-proof"]);
    expect(onAir(true, drivers)).toEqual(["x"]);
  });

  test("has one device of each transport in its short form", () => {
    const plan = makePlan([...DRIVERS, moved("a", "hid"), moved("b", "hid")], true);
    expect(plan.map(({ transport }) => transport)).toEqual([...TRANSPORTS]);
    expect(plan.every(({ gadget }) => gadget !== "ftdi")).toBe(true);
  });

  test("is done in lanes: serial meters share some controllers, all else has one each", () => {
    const plan = makePlan([...serials, moved("a", "hid"), moved("b", "hid")], false);
    const lanes = makeLanes(plan);
    expect(lanes.map(({ kind }) => kind)).toEqual(["acm", "acm", "acm", "ftdi", "functions", "functions", "radio"]);
    expect(lanes[0]?.queue).toBe(lanes[1]?.queue);
    expect(new Set(lanes.flatMap(({ queue }) => queue)).size).toBe(plan.length);
    const functions = plan.filter(({ gadget }) => ["hid", "disk", "bulk"].includes(gadget));
    expect(functions).toHaveLength(4);
    expect(controllersFor(plan)).toBe(3 + 4);
    expect(radiosFor(plan)).toBe(1);
    expect(controllersFor(plan.filter(({ gadget }) => gadget === "ftdi"))).toBe(0);
  });
});

describe("the options", () => {
  test("are read", () => {
    expect(readOptions([], ["a"])).toEqual({ short: false, only: [], log: false, help: false });
    expect(readOptions(["--short", "--log"], [])).toMatchObject({ short: true, log: true });
    expect(readOptions(["--only", "a", "--only=b"], ["a", "b"])).toMatchObject({ only: ["a", "b"] });
  });

  test.each([["--only=other"], ["--fast"], ["word"]])(
    "are refused with a sentence where they are wrong: %s",
    (argument) => {
      expect(readOptions([argument], ["a"])).toEqual(expect.any(String));
    },
  );
});

describe("the second machine", () => {
  const init = {
    controllers: 7,
    ftdi: true,
    checkout: "/home/x/it's here",
    keep: ["/usr/bin", "/root/node/bin", "/tmpfiles", "/home/x/it's here/kit"],
    command: ["/usr/bin/node", "main.js", "a b"],
    env: { NAME: "it's" },
  };
  const kit = { busybox: "/kit/busybox", modules: ["/kit/one.ko", "/kit/dummy_hcd.ko"] };

  test("is given a shell, its modules and both scripts, and folders and a console before them", () => {
    const entries = initramfsEntries(kit, init, (file) => Buffer.from(`content of ${file}`));
    expect(entries.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      ...["bin", "dev", "host", "modules", "proc", "sys"].map((path) => `folder ${path}`),
      "device dev/console",
      ...["init", "second", "bin/busybox", "modules/one.ko", "modules/dummy_hcd.ko"].map((path) => `file ${path}`),
    ]);
    const executable = entries.flatMap((entry) => (entry.kind === "file" && entry.executable ? [entry.path] : []));
    expect(executable).toEqual(["init", "bin/busybox"]);
  });

  test.each([
    ["first", initScript({ ...init, modules: ["one.ko", "dummy_hcd.ko"] })],
    ["second", secondScript(init)],
  ])("has a %s script that a shell understands", (_name, script) => {
    expect(() => execFileSync("sh", ["-n"], { input: script, stdio: ["pipe", "pipe", "pipe"] })).not.toThrow();
  });

  test("keeps in sight what memory would cover, whatever the names are, and runs the command word by word", () => {
    const script = initScript({ ...init, modules: ["one.ko", "dummy_hcd.ko"] });
    expect(script).toContain("for module in one.ko dummy_hcd.ko; do");
    expect(script).toContain('parameters="num=7"');
    expect(script).toContain("mount --bind /host'/root/node/bin' /keep0");
    expect(script).toContain("mount --bind /host'/home/x/it'\\''s here/kit' /keep1");
    expect(script.indexOf("mount --bind /keep1")).toBeGreaterThan(script.indexOf("mount --bind /checkout"));
    expect(script).not.toContain("keep2");
    expect(script).toContain("mount --bind /checkout /host'/home/x/it'\\''s here' || exit 1");
    expect(secondScript(init)).toContain("\n'/usr/bin/node' 'main.js' 'a b' < /dev/null\n");
    expect(secondScript(init)).toContain("export NAME='it'\\''s'\n");
  });

  test("has this machine's files only to read, no network, and the serial cable only where one is wanted", () => {
    const files = { initramfs: "/run/i", report: "/run/r", cable: "/run/c" };
    const kit = { kernel: "/kit/vmlinuz", firmware: ["/kit/a", "/kit/b"] };
    const words = qemuArguments(kit, files, true);
    expect(words.slice(0, 4)).toEqual(["-L", "/kit/a", "-L", "/kit/b"]);
    expect(words.find((word) => word.startsWith("local,path=/,"))).toMatch(/,readonly=on$/);
    expect(words.slice(words.indexOf("-net"), words.indexOf("-net") + 2)).toEqual(["-net", "none"]);
    expect(words.filter((word) => word.startsWith("usb-serial"))).toHaveLength(1);
    expect(qemuArguments(kit, files, false).join(" ")).not.toMatch(/usb-serial|xhci|virtserialport/);
  });

  test("loads each module after those that it needs, each once, and none that the kernel holds", () => {
    const dep = [
      "kernel/a/one.ko: kernel/b/two-x.ko.xz kernel/c/three.ko",
      "kernel/b/two-x.ko.xz: kernel/c/three.ko",
      "kernel/c/three.ko:",
      "",
    ];
    const order = moduleOrder(dep.join("\n"), "kernel/d/four-y.ko\n", ["two_x", "one", "four_y"]);
    expect(order).toEqual(["kernel/c/three.ko", "kernel/b/two-x.ko.xz", "kernel/a/one.ko"]);
    expect(() => moduleOrder(dep.join("\n"), "", ["five"])).toThrow("no module five");
    expect(MODULES).toHaveLength(23);
  });

  test("is made of the packages that apt would install, and of the hub's own without those for development", () => {
    expect(needed("Inst a (1 Debian)\nConf a (1 Debian)\nInst b-c [1] (2 Debian)\nnothing\n")).toEqual(["a", "b-c"]);
    const lock = {
      packages: { "": {}, "node_modules/a": {}, "node_modules/b": { dev: true }, "node_modules/a/c": {} },
    };
    expect(productionPackages(JSON.stringify(lock))).toEqual(["node_modules/a", "node_modules/a/c"]);
  });

  test("gets an archive in which every member begins and ends at four bytes", () => {
    const data = Buffer.from("hello");
    const archive = cpioArchive([
      { kind: "folder", path: "bin" },
      { kind: "file", path: "bin/x", data, executable: true },
      { kind: "device", path: "console", major: 5, minor: 1 },
    ]);
    expect(members(archive)).toEqual([
      { name: "bin", mode: 0o040755, data: "", device: [0, 0] },
      { name: "bin/x", mode: 0o100755, data: "hello", device: [0, 0] },
      { name: "console", mode: 0o020600, data: "", device: [5, 1] },
      { name: "TRAILER!!!", mode: 0, data: "", device: [0, 0] },
    ]);
  });
});

/** Reads an archive by the kernel's description of the form. */
function members(archive: Buffer): unknown[] {
  const found: unknown[] = [];
  for (let at = 0; at < archive.length; ) {
    const number = (index: number): number =>
      Number.parseInt(archive.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const nameEnd = at + 110 + number(11);
    const dataAt = Math.ceil(nameEnd / 4) * 4;
    const data = archive.toString("latin1", dataAt, dataAt + number(6));
    const name = archive.toString("latin1", at + 110, nameEnd - 1);
    found.push({ name, mode: number(1), data, device: [number(9), number(10)] });
    at = Math.ceil((dataAt + number(6)) / 4) * 4;
  }
  return found;
}

describe("the report", () => {
  const plan = makePlan([], false).slice(1, 2);
  const result: DeviceResult = {
    ...{ id: "stand-in-hid", transport: "hid", gadget: "hid", readBy: "stand-in", node: "/dev/hidraw0" },
    ...{ steps: ["exchanged 20", "again 20"], compared: 40, seconds: 2.34, problem: null },
  };
  const hub = { records: 1, sessions: 1, brokenOff: 0, integrity: "ok" };
  const end: GuestMessage = { type: "end", hub, problem: null };

  test("is read line by line, and noise is no message", () => {
    expect(parseMessage(JSON.stringify(end))).toEqual(end);
    for (const noise of ["", "[  1.0] usb 1-1", '{"type":"other"}', '{"type":"end"', "null", "3"]) {
      expect(parseMessage(noise)).toBeNull();
    }
  });

  test("is good where each device was read and the machine went off", () => {
    expect(judge(plan, [{ type: "device", result }, end], null)).toEqual({ results: [result], hub, problems: [] });
  });

  test.each<[string, readonly GuestMessage[], string | null]>([
    ["a device failed", [{ type: "device", result: { ...result, problem: "cut" } }, end], null],
    ["a device was not reported", [end], null],
    ["a device was reported twice", [{ type: "device", result }, { type: "device", result }, end], null],
    ["the end is missing", [{ type: "device", result }], null],
    [
      "the second machine says that something was wrong",
      [
        { type: "device", result },
        { ...end, problem: "no hub" },
      ],
      null,
    ],
    [
      "the store is damaged",
      [
        { type: "device", result },
        { ...end, hub: { ...hub, integrity: "row 1" } },
      ],
      null,
    ],
    ["the machine had to be switched off", [{ type: "device", result }, end], "after 1 s"],
  ])("is bad where %s", (_why, messages, off) => {
    expect(judge(plan, messages, off).problems).toHaveLength(1);
  });

  test("is shown as a table", () => {
    const table = resultTable([result, { ...result, id: "b", node: null, problem: "cut" }]).split("\n");
    expect(table).toHaveLength(4);
    expect(table[1]).toBe(
      "stand-in-hid  hid        hid     /dev/hidraw0  stand-in  exchanged 20, again 20  40        2.3  ok",
    );
    expect(table[2]).toMatch(/^b {13}hid {8}hid {5}- {13}.*FAILED$/);
  });
});

describe("the comparison", () => {
  test("finds what is missing and what is too much, with repetitions", () => {
    expect(difference(["a", "a", "b"], ["a", "a", "b"])).toBeNull();
    expect(difference(["a", "a", "b"], ["a", "b", "b"])).toMatch(
      /missing 1, such as a; not in the meter 1, such as b$/,
    );
    expect(difference([], ["x"])).toMatch(/holds 0, the store 1; not in the meter 1/);
    expect(invented(["a", "b"], ["a"])).toBeNull();
    expect(invented(["a", "b"], ["a", "a"])).toMatch(/not in the meter 1, such as a/);
  });
});
