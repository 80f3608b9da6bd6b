import { DBusError, Variant } from "@jellybrick/dbus-next";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../../domain/problem.js";
import type { GattNotice } from "../../kit/transport.js";
import { addressOf, findDevice } from "./device.js";
import { gattProblem } from "./gatt-problem.js";
import { NoticeInbox } from "./notice-inbox.js";
import { ObjectTree, type TreeChange } from "./object-tree.js";
import { dictionary, plain, text, texts } from "./plain.js";
import { Refusal } from "./refusal.js";
import { fullUuid, shortUuid } from "./uuid.js";

describe("ids of services and characteristics", () => {
  // The first two as they stand in the Bluetooth SIG's assigned numbers, the third as a maker's own.
  test.each([
    ["1808", "00001808-0000-1000-8000-00805f9b34fb"],
    ["2a18", "00002a18-0000-1000-8000-00805f9b34fb"],
    ["af9df7a1-e595-11e3-96b4-0002a5d5c51b", "af9df7a1-e595-11e3-96b4-0002a5d5c51b"],
    // Of 32 bits: there is no shorter way to write it.
    ["12341808-0000-1000-8000-00805f9b34fb", "12341808-0000-1000-8000-00805f9b34fb"],
  ])("are written short where that is their own short form: %s", (short, full) => {
    expect(shortUuid(full)).toBe(short);
    expect(shortUuid(full.toUpperCase())).toBe(short);
    expect(fullUuid(short)).toBe(full);
  });

  test("are the same after both ways", () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(fullUuid(shortUuid(uuid))).toBe(uuid);
      }),
    );
  });
});

describe("values of the bus", () => {
  test("are what is inside their wrappings, and bytes are copies", () => {
    const bytes = Buffer.from([1, 2]);
    const value = plain([new Variant("a{sv}", { a: new Variant("ay", bytes), b: ["x", 1, true] }), null], Variant);
    bytes[0] = 9;
    expect(value).toEqual([
      new Map<string, unknown>([
        ["a", Uint8Array.of(1, 2)],
        ["b", ["x", 1, true]],
      ]),
      null,
    ]);
  });

  test("are not followed for ever", () => {
    let value: unknown = "x";
    for (let depth = 0; depth < 60; depth += 1) value = [value];
    expect(() => plain(value, Variant)).toThrow(RangeError);
  });

  test("of another type than expected are none", () => {
    expect([dictionary("x").size, texts("x"), texts([1, "a", null]), text(1)]).toEqual([0, [], ["a"], null]);
  });
});

const dict = (entries: Record<string, unknown>): Map<string, unknown> => new Map(Object.entries(entries));

describe("the tree of objects", () => {
  test("tells what is added, changed and removed, to who listens there or everywhere", () => {
    const tree = new ObjectTree();
    const here: TreeChange[] = [];
    const everywhere: string[] = [];
    const forget = tree.listen("/a", (change) => here.push(change));
    tree.listen(null, ({ type, path }) => everywhere.push(`${type} ${path}`));
    tree.added("/a", dict({ I: dict({ x: 1, y: 2 }) }));
    tree.added("/b", dict({ I: dict({}) }));
    tree.changed("/a", "I", dict({ x: 3 }), ["y"]);
    expect(tree.get("/a", "I")).toEqual(dict({ x: 3 }));
    tree.removed("/a", ["I", "J"]);
    expect(tree.get("/a", "I")).toBeUndefined();
    expect(here.map(({ type }) => type)).toEqual(["added", "changed", "removed"]);
    expect(everywhere).toEqual(["added /a", "added /b", "changed /a", "removed /a"]);
    expect(tree.listeners).toBe(2);
    forget();
    forget();
    expect(tree.listeners).toBe(1);
  });

  test("hears nothing of objects that were never told", () => {
    const tree = new ObjectTree();
    let told = 0;
    tree.listen(null, () => {
      told += 1;
    });
    tree.changed("/a", "I", dict({ x: 1 }), []);
    tree.removed("/a", ["I"]);
    expect([told, tree.get("/a", "I")]).toEqual([0, undefined]);
  });

  test("is a new one after a reset, and what was there is told as removed", () => {
    const tree = new ObjectTree();
    const told: string[] = [];
    tree.added("/a", dict({ I: dict({}) }));
    tree.listen(null, ({ type, path }) => told.push(`${type} ${path}`));
    tree.reset(dict({ "/c": dict({ I: dict({}) }), "/b": dict({ I: dict({}), J: dict({}) }) }));
    expect(told).toEqual(["removed /a", "added /c", "added /b", "added /b"]);
    expect(tree.all("I").map(([path]) => path)).toEqual(["/b", "/c"]);
    expect(tree.all("I", "/b").map(([path]) => path)).toEqual(["/b"]);
  });
});

describe("a device's object", () => {
  const device = (address: string, more: Record<string, unknown> = {}): Map<string, unknown> =>
    dict({ "org.bluez.Device1": dict({ Address: address, ...more }) });
  const adapter = (powered: boolean): Map<string, unknown> =>
    dict({ "org.bluez.Adapter1": dict({ Powered: powered }) });

  test("is found by its address; of several the bonded one, then that of an adapter that is on", () => {
    const tree = new ObjectTree();
    tree.added("/org/bluez/hci0", adapter(false));
    tree.added("/org/bluez/hci1", adapter(true));
    tree.added("/org/bluez/hci0/dev_1", device("C0:FF:EE:00:00:01"));
    tree.added("/org/bluez/hci1/dev_1", device("c0:ff:ee:00:00:01"));
    expect(findDevice(tree, "C0:FF:EE:00:00:01")?.path).toBe("/org/bluez/hci1/dev_1");
    tree.changed("/org/bluez/hci0/dev_1", "org.bluez.Device1", dict({ Paired: true }), []);
    expect(findDevice(tree, "C0:FF:EE:00:00:01")?.path).toBe("/org/bluez/hci0/dev_1");
    expect(findDevice(tree, "C0:FF:EE:00:00:02")).toBeNull();
  });

  test("is found by the address that it was seen with, where its own came to light at the pairing", () => {
    const tree = new ObjectTree();
    tree.added("/org/bluez/hci0", adapter(true));
    tree.added("/org/bluez/hci0/dev_5A_00_00_00_00_01", device("C0:FF:EE:00:00:01", { Paired: true }));
    expect(findDevice(tree, addressOf("ble:5a:00:00:00:00:01"))?.address).toBe("C0:FF:EE:00:00:01");
  });

  test("whose keys do not last is not paired", () => {
    const tree = new ObjectTree();
    tree.added("/org/bluez/hci0/dev_1", device("C0:FF:EE:00:00:01", { Paired: true, Bonded: false }));
    expect(findDevice(tree, "C0:FF:EE:00:00:01")?.paired).toBe(false);
  });
});

describe("an operation that BlueZ declined", () => {
  const failed = (short: string, said: string): unknown =>
    gattProblem(new Refusal(short.includes(".") ? short : `org.bluez.Error.${short}`, said), "meter", "write");

  // Words of BlueZ's src/gatt-client.c, of its older versions, and of ones that tell the code with a name behind it.
  test.each([
    ["NotPermitted", "Not paired", "METER_UNPAIRED", 0x05],
    ["NotPermitted", "ATT error: 0x05", "METER_UNPAIRED", 0x05],
    ["Failed", "Operation failed with ATT error: 0x0f (Insufficient Encryption)", "METER_UNPAIRED", 0x0f],
    ["Failed", "Operation failed with ATT error: 0x08", "METER_UNPAIRED", 0x08],
    ["NotAuthorized", "Operation Not Authorized", "METER_UNPAIRED", 0x08],
    ["NotPermitted", "Read not permitted", "GATT_REFUSED", 0x02],
    ["NotPermitted", "Write not permitted", "GATT_REFUSED", 0x03],
    ["NotSupported", "Operation is not supported", "GATT_REFUSED", 0x06],
    ["InvalidArguments", "Invalid Length", "GATT_REFUSED", 0x0d],
    ["Failed", "Operation failed with ATT error: 0x80", "GATT_REFUSED", 0x80],
    ["Failed", "Operation failed with ATT error: 0xfe (Procedure Already in Progress)", "GATT_REFUSED", 0xfe],
    ["Failed", "Failed to initiate write", "GATT_REFUSED", null],
  ])("is a problem with its code: %s, %s", (short, said, code, att) => {
    expect(failed(short, said)).toMatchObject({ code, context: { att } });
  });

  test.each([
    ["Failed", "Not connected"],
    ["Failed", "No ATT transport"],
    ["NotConnected", "Not Connected"],
    ["org.freedesktop.DBus.Error.UnknownObject", "Method does not exist"],
  ])("is a lost link: %s, %s", (type, said) => {
    expect(failed(type, said)).toMatchObject({ code: "TRANSPORT_GONE" });
  });

  test("stays what it is where it is no refusal", () => {
    const problem = new Problem("TRANSPORT_GONE");
    expect(gattProblem(problem, "meter", "write")).toBe(problem);
    const foreign = new DBusError("org.bluez.Error.Failed", "x");
    expect(gattProblem(foreign, "meter", "write")).toBe(foreign);
  });
});

describe("the inbox of notices", () => {
  const notice = (number: number): GattNotice => ({
    from: { service: "1808", characteristic: "2a18" },
    bytes: Uint8Array.of(number),
  });
  const gone = new Problem("TRANSPORT_GONE");

  test("gives everything once and in order, however pushes and reads alternate", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 60 }), async (steps) => {
        const inbox = new NoticeInbox();
        const came: number[] = [];
        let pushed = 0;
        let reading: Promise<unknown> | null = null;
        for (const push of steps) {
          if (push) {
            expect(inbox.push(notice(pushed))).toBe(true);
            pushed += 1;
          } else {
            // One reader at a time.
            if (reading !== null && came.length === pushed) continue;
            await reading;
            reading = inbox.next().then(({ bytes }) => came.push(bytes[0] ?? -1));
            reading.catch(() => undefined);
          }
          await Promise.resolve();
        }
        inbox.end(gone);
        await reading?.catch(() => undefined);
        while (came.length < pushed) came.push((await inbox.next()).bytes[0] ?? -1);
        expect(came).toEqual(Array.from({ length: pushed }, (_, number) => number));
        await expect(inbox.next()).rejects.toBe(gone);
      }),
    );
  });

  test("refuses what is more than it may hold, and a second reader", async () => {
    const inbox = new NoticeInbox(2);
    expect([inbox.push(notice(1)), inbox.push(notice(2)), inbox.push(notice(3))]).toEqual([true, true, false]);
    expect((await inbox.next()).bytes).toEqual(Uint8Array.of(1));
    await inbox.next();
    const waiting = inbox.next();
    await expect(inbox.next()).rejects.toMatchObject({ code: "INTERNAL" });
    inbox.push(notice(4));
    expect((await waiting).bytes).toEqual(Uint8Array.of(4));
  });

  test("drops what stands there only where that is wished", async () => {
    const inbox = new NoticeInbox();
    inbox.push(notice(1));
    inbox.end(gone, true);
    await expect(inbox.next()).rejects.toBe(gone);
  });
});
