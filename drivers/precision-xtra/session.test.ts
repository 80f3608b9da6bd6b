import { expect, test } from "vitest";
import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { SimulatorOptions } from "../../src/kit/driver.js";
import { VirtualClock } from "../../src/kit/virtual-clock.js";
import { type Answerer, hear, inMemoryWords } from "../../test/helpers/simulated-line.js";
import { precisionXtra } from "./index.js";

const START_MS = Date.parse("2024-05-06T07:08:09Z");

function bench(more: Partial<SimulatorOptions> = {}) {
  const clock = new VirtualClock(START_MS);
  return { clock, meter: precisionXtra.simulate({ count: 5, seed: 7, clock, zone: "Europe/London", ...more }) };
}

/** The meter, what it says about itself changed on the way; `change` is told the how manieth answer it is, from 1. */
function changed({ meter }: ReturnType<typeof bench>, change: (text: string, answer: number) => string): Answerer {
  let answers = 0;
  return {
    receive(bytes, send) {
      if (latin1(bytes) !== "$colq\r\n") {
        meter.receive(bytes, send);
        return;
      }
      answers += 1;
      const answer = answers;
      let text = "";
      meter.receive(bytes, (chunk) => {
        text += latin1(chunk);
        const out = text.endsWith("CMD OK\r\n") ? change(text, answer) : "";
        if (out !== "") send(latin1Bytes(out));
      });
    },
  };
}

test.each(["mg/dL", "mmol/L"] as const)("a model that shows %s says so, and sends glucose in mg/dL", async (unit) => {
  const { clock, meter } = bench({ unit, count: 200 });
  const heard = await hear(precisionXtra, meter, clock);
  expect(heard.events[0]).toMatchObject({ identity: { displayUnit: unit, serial: meter.serial, firmware: "1.07" } });
  expect(heard.readings.map(inMemoryWords)).toEqual(meter.memory);
  expect(heard.readings.filter(({ kind }) => kind === "glucose").every((one) => one.unit === "mg/dL")).toBe(true);
  expect(heard.readings.filter(({ kind }) => kind === "ketone").length).toBeGreaterThanOrEqual(5);
});

test("the first words after plugging in may be lost or echoed", async () => {
  for (const lost of [() => "", () => "$colq\r\n"]) {
    const one = bench({ unit: "mmol/L" });
    const heard = await hear(
      precisionXtra,
      changed(one, (text, answer) => (answer === 1 ? lost() : text)),
      one.clock,
    );
    expect(heard.reason).toBeNull();
    expect(heard.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
    expect(heard.readings).toHaveLength(5);
  }
});

test("the unit, which no checksum proves, is told only when two answers in a row were alike", async () => {
  const turned = bench({ unit: "mmol/L" });
  const once = await hear(
    precisionXtra,
    changed(turned, (text, answer) => (answer === 1 ? text.replace("MMOL", "MGOL") : text)),
    turned.clock,
  );
  expect(once.events[0]).toMatchObject({ identity: { displayUnit: "mmol/L" } });
  expect(once.written.filter((word) => latin1(word) === "$colq\r\n")).toHaveLength(3);
  const restless = bench({ unit: "mmol/L" });
  const never = await hear(
    precisionXtra,
    changed(restless, (text, answer) => text.replace("1.07", `1.0${answer}`)),
    restless.clock,
  );
  expect(never.reason).toBeNull();
  expect(never.events[0]).toMatchObject({ identity: { displayUnit: null } });
  expect(never.written.filter((word) => latin1(word) === "$colq\r\n")).toHaveLength(4);
  expect(never.readings).toHaveLength(5);
});

test("the unit of another meter is not told of this one", async () => {
  const one = bench({ unit: "mmol/L" });
  const heard = await hear(
    precisionXtra,
    changed(one, (text) => text.replace(one.meter.serial ?? "", "ZZZZ999-Z9999")),
    one.clock,
  );
  expect(heard.reason).toBeNull();
  expect(heard.events[0]).toMatchObject({ identity: { displayUnit: null, serial: one.meter.serial } });
});

test("a meter that says nothing about itself is read all the same", async () => {
  const one = bench();
  const heard = await hear(
    precisionXtra,
    changed(one, () => ""),
    one.clock,
  );
  expect(heard.reason).toBeNull();
  expect(heard.events[0]).toMatchObject({ identity: { displayUnit: null } });
  expect(heard.readings.map(inMemoryWords)).toEqual(one.meter.memory);
  expect(heard.written.filter((word) => latin1(word) === "$colq\r\n")).toHaveLength(2);
});

test("a meter that told about itself and then falls silent has stalled", async () => {
  const { clock, meter } = bench();
  const heard = await hear(
    precisionXtra,
    { receive: (bytes, send) => (latin1(bytes) === "$colq\r\n" ? meter.receive(bytes, send) : undefined) },
    clock,
  );
  expect([heard.code, heard.events]).toEqual(["METER_STALLED", []]);
  expect(heard.tookMs).toBeLessThan(15_000);
});

test("only Abbott's own cable is claimed, and it is this family's alone", () => {
  expect(
    precisionXtra.usb.map(({ vendorId, productId, ambiguous }) => `${vendorId}:${productId} ${ambiguous}`),
  ).toEqual(["1a61:3420 false"]);
});
