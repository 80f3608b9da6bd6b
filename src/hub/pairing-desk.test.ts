import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { silentLog } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { PairingStatus } from "../domain/status.js";
import type { PairingAnswer, PairingAsk } from "../transports/bluez/bluetooth.js";
import { PairingDesk } from "./pairing-desk.js";

const PORT = "ble:C0:FF:EE:00:00:01";

/** A desk whose radio does what the test says with the agent's questions. */
function deskOver(pair: (ask: PairingAsk, signal: AbortSignal) => Promise<void>) {
  const told: PairingStatus[] = [];
  const desk = new PairingDesk({
    bluetooth: { pair: (_port, ask, signal) => pair(ask, signal) },
    log: silentLog,
    nameOf: () => "meter+00123456",
    onStatus: (status) => told.push(status),
  });
  const states = (): string[] => told.map(({ state }) => state);
  return { desk, told, states };
}

/** Lets what was promised happen. */
async function until(met: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1_000 && !met(); turns += 1) await turn();
  expect(met()).toBe(true);
}

describe("pairing", () => {
  test("carries the meter's question to a person and the digits back", async () => {
    const answers: PairingAnswer[] = [];
    const { desk, told, states } = deskOver(async (ask, signal) => {
      answers.push(await ask({ type: "passkey" }, signal));
    });
    const { pairing } = desk.start(PORT);
    await until(() => states().includes("passkey"));
    expect(desk.status(pairing)).toMatchObject({ port: PORT, name: "meter+00123456", state: "passkey", digits: null });

    expect(() => desk.answer(pairing, { digits: "12345" })).toThrow("six digits");
    expect(() => desk.answer(pairing, {})).toThrow("six digits");
    desk.answer(pairing, { digits: "012345" });
    await until(() => states().includes("done"));
    expect(answers).toEqual([{ yes: true, digits: "012345" }]);
    expect(told.every((status) => status.digits === null)).toBe(true);
    expect(() => desk.answer(pairing, { digits: "012345" })).toThrow(new Problem("PAIRING_NOT_FOUND").message);
  });

  test.each([true, false])("asks whether both show the same digits, and says %s", async (yes) => {
    const answers: PairingAnswer[] = [];
    const { desk, states } = deskOver(async (ask, signal) => {
      answers.push(await ask({ type: "confirm", digits: "170025" }, signal));
      if (!yes) throw new Problem("PAIRING_FAILED", "The digits differ.");
    });
    const { pairing } = desk.start(PORT);
    await until(() => states().includes("confirm"));
    expect(desk.status(pairing)?.digits).toBe("170025");
    expect(() => desk.answer(pairing, { digits: "170025" })).toThrow("yes");
    desk.answer(pairing, { yes });
    await until(() => states().includes(yes ? "done" : "failed"));
    expect(answers).toEqual([{ yes }]);
  });

  test("a person may refuse to type digits", async () => {
    const { desk, states } = deskOver(async (ask, signal) => {
      const { yes } = await ask({ type: "passkey" }, signal);
      if (!yes) throw new Problem("PAIRING_FAILED", "Refused here.");
    });
    const { pairing } = desk.start(PORT);
    await until(() => states().includes("passkey"));
    desk.answer(pairing, { yes: false });
    await until(() => states().includes("failed"));
    expect(desk.status(pairing)?.detail).toContain("Refused here. Put the meter into pairing mode");
  });

  test("a question that the meter takes back can't be answered any more", async () => {
    const takenBack = new AbortController();
    const { desk, states } = deskOver(async (ask) => {
      await ask({ type: "passkey" }, takenBack.signal);
    });
    const { pairing } = desk.start(PORT);
    await until(() => states().includes("passkey"));
    takenBack.abort(new Problem("PAIRING_FAILED", "The meter waited too long."));
    await until(() => states().includes("failed"));
    expect(desk.status(pairing)?.detail).toContain("The meter waited too long.");
    expect(() => desk.answer(pairing, { digits: "012345" })).toThrow(Problem);
  });

  test("goes on with one meter at a time, and ends when the hub does", async () => {
    const { desk, states } = deskOver(
      (_ask, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    desk.start(PORT);
    expect(() => desk.start("ble:C0:FF:EE:00:00:02")).toThrow("Another pairing goes on, with meter+00123456");
    desk.stop();
    await until(() => states().includes("failed"));
    expect(() => desk.start("ble:C0:FF:EE:00:00:02")).not.toThrow();
    desk.stop();
  });

  test("digits that must be typed on the meter are shown, and nothing is asked", async () => {
    const { desk, told, states } = deskOver(async (ask, signal) => {
      await ask({ type: "shown", digits: "000042" }, signal);
    });
    desk.start(PORT);
    await until(() => states().includes("done"));
    expect(told.find(({ state }) => state === "shown")?.digits).toBe("000042");
  });

  test("of a pairing that nobody started nothing is known", () => {
    const { desk } = deskOver(async () => undefined);
    expect(desk.status("none")).toBeNull();
    expect(() => desk.answer("none", { yes: true })).toThrow(Problem);
  });
});
