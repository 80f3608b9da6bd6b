import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BluetoothBench, bluetoothBench, until } from "../../../test/helpers/fake-bluez/bench.js";
import type { FakeMeter, FakeMeterOptions } from "../../../test/helpers/fake-bluez/fake-meter.js";
import { hasDbusDaemon } from "../../../test/helpers/fake-bluez/private-bus.js";
import { FEATURE, scratchMeter } from "../../../test/helpers/fake-bluez/scratch-meter.js";
import { systemClock } from "../../kit/system-clock.js";
import type { PairingAnswer, PairingAsk, PairingQuestion } from "./agent.js";
import { connectBus } from "./bus.js";
import { dbusLibrary } from "./library.js";
import { AGENT, DBUS, DBUS_PATH } from "./names.js";
import { texts } from "./plain.js";

const ADDRESS = "C0:FF:EE:00:00:01";
const never = new AbortController().signal;

let bench: BluetoothBench;

beforeEach(async () => {
  if (hasDbusDaemon()) bench = await bluetoothBench();
});

afterEach(async () => {
  if (hasDbusDaemon()) await bench.dispose();
});

function add(options: Partial<FakeMeterOptions> & { passkey?: number | null } = {}): FakeMeter {
  const { passkey = 4_711, ...rest } = options;
  return bench.bluez.addMeter(scratchMeter({ count: 1, passkey }), { address: ADDRESS, ...rest });
}

/** A person who answers all questions so, and what they were asked. */
function person(answer: PairingAnswer): { readonly asked: PairingQuestion[]; readonly ask: PairingAsk } {
  const asked: PairingQuestion[] = [];
  return {
    asked,
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  };
}

describe.skipIf(!hasDbusDaemon())("pairing", () => {
  test("asks for the digits that the meter shows, trusts it, and can read it then", async () => {
    const meter = add();
    const { asked, ask } = person({ digits: "004711", yes: true });
    await bench.bluetooth.pair(meter.port, ask, never);
    expect(asked).toEqual([{ type: "passkey" }]);
    expect(meter).toMatchObject({ paired: true, trusted: true });
    expect(bench.bluez.agentCapability).toBe("KeyboardDisplay");
    const transport = await bench.bluetooth.open(meter.port);
    expect(await transport.readValue(FEATURE)).toEqual(Uint8Array.of(0, 4));
  });

  test.each([
    ["pin", { digits: "004711", yes: true }, [{ type: "passkey" }]],
    ["confirm", { yes: true }, [{ type: "confirm", digits: "004711" }]],
    ["shown", { yes: true }, [{ type: "shown", digits: "004711" }]],
    ["authorize", { yes: true }, [{ type: "authorize" }]],
    ["nothing", { yes: true }, []],
  ] as const)("puts the question that BlueZ has: %s", async (asks, answer, questions) => {
    const meter = add({ asks });
    const { asked, ask } = person(answer);
    await bench.bluetooth.pair(meter.port, ask, never);
    expect(asked).toEqual(questions);
    expect(meter.paired).toBe(true);
  });

  test.each([
    ["wrong digits", "passkey", { digits: "004712", yes: true }, "digits"],
    ["no digits at all", "passkey", { digits: "12a", yes: true }, "rejected"],
    ["an answer without digits", "passkey", { yes: true }, "rejected"],
    ["a no to the digits", "passkey", { yes: false }, "rejected"],
    ["a no to what both show", "confirm", { yes: false }, "rejected"],
    ["a no at all", "authorize", { yes: false }, "rejected"],
  ] as const)("fails with its reason: %s", async (_, asks, answer, reason) => {
    const meter = add({ asks });
    const pairing = bench.bluetooth.pair(meter.port, person(answer).ask, never);
    await expect(pairing).rejects.toMatchObject({ code: "PAIRING_FAILED", context: { reason } });
    expect(meter.paired).toBe(false);
  });

  test.each([
    ["AuthenticationTimeout", "PAIRING_FAILED", "timeout"],
    ["AuthenticationRejected", "PAIRING_FAILED", "rejected"],
    ["AuthenticationCanceled", "PAIRING_FAILED", "canceled"],
    ["InProgress", "PAIRING_FAILED", "in-progress"],
    ["Failed", "PAIRING_FAILED", "other"],
    ["ConnectionAttemptFailed", "TRANSPORT_OPEN", "other"],
    ["NotReady", "BLUETOOTH_MISSING", "off"],
  ])("says what BlueZ says: %s", async (short, code, reason) => {
    const meter = add();
    meter.faults.pairFails = short;
    const pairing = bench.bluetooth.pair(meter.port, person({ yes: true }).ask, never);
    await expect(pairing).rejects.toMatchObject({ code, context: { reason } });
    // A pairing of somebody else's must not be broken off.
    expect(bench.bluez.called("Device1.CancelPairing")).toBe(0);
  });

  test("removes a bond that the meter has forgotten, and makes it anew", async () => {
    const meter = add({ paired: true });
    meter.faults.bondForgotten = true;
    const { ask } = person({ digits: "4711", yes: true });
    await bench.bluetooth.pair(meter.port, ask, never);
    expect(bench.bluez.called("Adapter1.RemoveDevice")).toBe(1);
    expect(meter).toMatchObject({ paired: true, trusted: true });
    const transport = await bench.bluetooth.open(meter.port);
    expect(await transport.readValue(FEATURE)).toEqual(Uint8Array.of(0, 4));
  });

  test("asks for a second pairing with the same meter only when the first is over", async () => {
    const meter = add();
    let answer: (answer: PairingAnswer) => void = () => undefined;
    const waiting = new Promise<PairingAnswer>((resolve) => {
      answer = resolve;
    });
    let asked = 0;
    const first = bench.bluetooth.pair(
      meter.port,
      () => {
        asked += 1;
        return waiting;
      },
      never,
    );
    await until(() => asked === 1);
    const second = bench.bluetooth.pair(meter.port, person({ yes: true }).ask, never);
    await expect(second).rejects.toMatchObject({ code: "PAIRING_FAILED", context: { reason: "in-progress" } });
    answer({ digits: "4711", yes: true });
    await first;
    expect(meter.paired).toBe(true);
  });

  test("is cancelled by its signal, and takes the question back", async () => {
    const meter = add();
    const controller = new AbortController();
    let taken = false;
    const pairing = bench.bluetooth.pair(
      meter.port,
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            taken = true;
            reject(signal.reason);
          });
          controller.abort(new Error("enough"));
        }),
      controller.signal,
    );
    await expect(pairing).rejects.toThrow("enough");
    expect(taken).toBe(true);
    expect(bench.bluez.called("Device1.CancelPairing")).toBe(1);
    expect(meter.paired).toBe(false);
    // And may be begun anew.
    await bench.bluetooth.pair(meter.port, person({ digits: "4711", yes: true }).ask, never);
    expect(meter.paired).toBe(true);
  });

  test("of which nobody here knows is rejected", async () => {
    const meter = add({ asks: "authorize" });
    const controller = new AbortController();
    const watching = bench.bluetooth.watch(() => undefined, controller.signal);
    await until(() => bench.bluez.agentCapability !== null);
    const asked = bench.bluez.askAgent("RequestAuthorization", "o", [meter.path]);
    await expect(asked).rejects.toMatchObject({ type: "org.bluez.Error.Rejected" });
    controller.abort();
    await watching;
  });

  test("gives its digits to BlueZ and to nobody else on the bus", async () => {
    const meter = add();
    let answer: (answer: PairingAnswer) => void = () => undefined;
    let asked = 0;
    const pairing = bench.bluetooth.pair(
      meter.port,
      () => {
        asked += 1;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
      never,
    );
    await until(() => asked === 1);
    const deaf = { signal: () => undefined, call: () => null };
    const stranger = await connectBus(await dbusLibrary(), bench.bus.address, systemClock, deaf);
    const dbus = { destination: DBUS, path: DBUS_PATH, interface: DBUS };
    const [names] = await stranger.call({ ...dbus, member: "ListNames" });
    const others = texts(names).filter((name) => name.startsWith(":"));
    expect(others).toHaveLength(3);
    for (const destination of others.slice(0, 2)) {
      const call = { destination, path: "/org/glucohub/agent", interface: AGENT, member: "RequestPasskey" };
      const refused = stranger.call({ ...call, signature: "o", body: [meter.path] });
      await expect(refused).rejects.toMatchObject({ name: "Refusal" });
    }
    stranger.close();
    expect(asked).toBe(1);
    answer({ digits: "004711", yes: true });
    await pairing;
    expect(meter.paired).toBe(true);
  });

  test("is done where BlueZ will not trust the meter", async () => {
    const meter = add();
    bench.bluez.trustFails = true;
    await bench.bluetooth.pair(meter.port, person({ digits: "4711", yes: true }).ask, never);
    expect(meter).toMatchObject({ paired: true, trusted: false });
  });

  test("leaves the meter connected for who reads it next, until the end", async () => {
    const meter = add();
    await bench.bluetooth.pair(meter.port, person({ digits: "4711", yes: true }).ask, never);
    expect(meter.connected).toBe(true);
    await bench.bluetooth.close();
    expect(meter.connected).toBe(false);
  });

  test("registers the agent once for each BlueZ", async () => {
    const controller = new AbortController();
    const watching = bench.bluetooth.watch(() => undefined, controller.signal);
    await until(() => bench.bluez.agentCapability === "KeyboardDisplay");
    expect(bench.bluez.called("AgentManager1.RegisterAgent")).toBe(1);
    await bench.bluez.vanish();
    await bench.bluez.appear();
    await until(() => bench.bluez.agentCapability === "KeyboardDisplay");
    expect(bench.bluez.called("AgentManager1.RegisterAgent")).toBe(2);
    controller.abort();
    await watching;
    await bench.bluetooth.close();
    expect(bench.bluez.agentCapability).toBeNull();
  });
});

describe.skipIf(!hasDbusDaemon())("forgetting", () => {
  test("removes the bond, and is without effect where there is none", async () => {
    const meter = add({ paired: true });
    await bench.bluetooth.forget(meter.port);
    expect(meter.paired).toBe(false);
    await bench.bluetooth.forget("ble:C0:FF:EE:00:00:09");
    expect(bench.bluez.called("Adapter1.RemoveDevice")).toBe(1);
  });
});
