import { expect, test } from "vitest";
import { fakeHub, PAIRING } from "../../test/api/fake-hub.js";

test("a pairing is begun, asked how it goes, and answered", async () => {
  const hub = await fakeHub();
  const begun = await hub.call("POST", "/api/v1/pairings", { port: PAIRING.port });
  expect(begun.status).toBe(202);
  expect(begun.headers.get("location")).toBe(`/api/v1/pairings/${PAIRING.pairing}`);
  expect(await begun.json()).toEqual(PAIRING);

  const asked = await hub.call("GET", `/api/v1/pairings/${PAIRING.pairing}`);
  expect(await asked.json()).toEqual(PAIRING);

  const answered = await hub.call("POST", `/api/v1/pairings/${PAIRING.pairing}`, { digits: "012345" });
  expect(await answered.json()).toEqual({ ...PAIRING, state: "done" });
  expect(hub.pairingReplies).toEqual([{ digits: "012345" }]);
});

test("a pairing that nobody began is not found", async () => {
  const hub = await fakeHub();
  const none = "00000000-0000-4000-8000-000000000000";
  for (const answer of [
    await hub.call("GET", `/api/v1/pairings/${none}`),
    await hub.call("POST", `/api/v1/pairings/${none}`, { yes: true }),
  ]) {
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: "PAIRING_NOT_FOUND" });
  }
});

test("a meter is forgotten by its port", async () => {
  const hub = await fakeHub();
  const answer = await hub.call("DELETE", `/api/v1/pairings?port=${encodeURIComponent(PAIRING.port)}`);
  expect(answer.status).toBe(204);
  expect(hub.unpaired).toEqual([PAIRING.port]);
});

test("what is no Bluetooth meter's port is refused", async () => {
  const hub = await fakeHub();
  const bad = ["/dev/ttyUSB0", "ble:", "ble:c0:ff:ee:00:00:01", "ble:C0:FF:EE:00:00:01/../x"];
  for (const port of bad) {
    const answer = await hub.call("POST", "/api/v1/pairings", { port });
    expect([port, answer.status]).toEqual([port, 400]);
  }
});

test("the event stream tells of pairings", async () => {
  const hub = await fakeHub();
  const stream = await hub.call("GET", "/api/v1/events");
  const reader = stream.body?.getReader();
  let text = "";
  while (hub.listeners.size === 0) await reader?.read();
  hub.tell({ type: "pairing", data: PAIRING });
  while (!text.includes("event: pairing")) text += Buffer.from((await reader?.read())?.value ?? []).toString();
  await reader?.cancel();
  expect(text).toContain(JSON.stringify(PAIRING));
});
