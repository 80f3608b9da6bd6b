import { describe, expect, test } from "vitest";
import type { BleMatch, Driver } from "../kit/driver.js";
import type { Attachment, BleFacts } from "../transports/attachments.js";
import { claim, mayBeMeter, sameAttachment } from "./attachment.js";

/** What the claim looks at of a driver. */
function driver(id: string, rank: number, ...ble: BleMatch[]): Driver {
  return { id, transport: "ble", usb: [], ble, probe: { rank, withinMs: 1_000 } } as unknown as Driver;
}
const PROFILE = driver("profile", 20, { service: "1808", namePrefix: null, source: "test" });
const NAMED = driver("named", 30, { service: null, namePrefix: "OneTouch", source: "test" });
const BOTH = driver("both", 10, { service: "181f", namePrefix: "Sensor", source: "test" });
const DRIVERS = [PROFILE, NAMED, BOTH];

function near(facts: Partial<BleFacts>): Attachment {
  const ble = { address: "C0:FF:EE:00:00:01", name: null, services: [], paired: true, ...facts };
  return { transport: "ble", port: `ble:${ble.address}`, usb: null, virtual: false, ble };
}
const claimed = (facts: Partial<BleFacts>): readonly string[] =>
  claim(DRIVERS, near(facts)).drivers.map(({ id }) => id);

describe("a meter in reach of the radio", () => {
  test("is claimed by its service, by its name, and only where all that a driver asks for fits", () => {
    expect(claimed({ services: ["180a", "1808"] })).toEqual(["profile"]);
    expect(claimed({ name: "OneTouch X4Z1" })).toEqual(["named"]);
    expect(claimed({ name: "Sensor 1" })).toEqual([]);
    expect(claimed({ name: "Sensor 1", services: ["181f"] })).toEqual(["both"]);
    expect(claimed({ name: "TV in the kitchen", services: ["180a"] })).toEqual([]);
  });

  test("is shown to people only if a driver claims it: televisions and telephones are nobody's business", () => {
    const television = near({ name: "TV in the kitchen" });
    expect(mayBeMeter(television, claim(DRIVERS, television))).toBe(false);
    const meter = near({ services: ["1808"], paired: false });
    expect(mayBeMeter(meter, claim(DRIVERS, meter))).toBe(true);
  });

  test("is asked by the driver that knows its name before the one that knows only a service", () => {
    expect(claimed({ name: "OneTouch X4Z1", services: ["1808"] })).toEqual(["named", "profile"]);
  });

  test("is not to be read before somebody paired it, and then it is another attachment", () => {
    const stranger = near({ services: ["1808"], paired: false });
    expect(claim(DRIVERS, stranger)).toMatchObject({ readable: false });
    expect(claim(DRIVERS, stranger).why).toContain("`glucohub pair ble:C0:FF:EE:00:00:01`");
    const ours = near({ services: ["1808"], paired: true });
    expect(claim(DRIVERS, ours)).toMatchObject({ readable: true });
    expect(sameAttachment(stranger, ours)).toBe(false);
  });

  test("stays the same attachment while it repeats itself in another order", () => {
    const one = near({ services: ["1808", "180a"], name: "meter+1" });
    expect(sameAttachment(one, near({ services: ["180a", "1808"], name: "meter+1" }))).toBe(true);
    expect(sameAttachment(one, near({ services: ["180a", "1808"], name: "meter+2" }))).toBe(false);
  });
});
