import type { BleSimulator, GattAnswer, SimulatedCharacteristic, SimulatorOptions } from "../../src/kit/driver.js";
import { asReading, type MemoryTraits, type SimulatedTest, simulatedMemory } from "../../src/kit/simulated.js";
import type { GattNotice, GattUse } from "../../src/kit/transport.js";
import { dateOf, type Make } from "./simulated-make.js";
import { type Packets, packetsOf } from "./simulated-packets.js";
import { type RacpRecord, simulatedRacp } from "./simulated-racp.js";

/** More than any meter holds: what tests of long transfers may ask for. */
const MOST = 5_000;
/** An attribute that is not there, a value of the wrong length, resources that do not suffice (Core Specification). */
const ATT = { noAttribute: 0x0a, wrongLength: 0x0d, busy: 0x11 } as const;

/** The meter's side: identity, clock and records, written from the profile's facts. It can't be made to delete anything. */
export function simulatedMeter(options: SimulatorOptions, make: Make): BleSimulator {
  const serial = make.serial(options.seed);
  const memory = settableMemory(options, make.traits);
  const numbers = new WeakMap<SimulatedTest, number>();
  let taken = make.firstSequence;
  const told = (): RacpRecord[] =>
    memory.oldestFirst().map((test) => {
      const sequence = numbers.get(test) ?? taken++;
      numbers.set(test, sequence);
      const packets: Packets = packetsOf(test, sequence, make, options.unit ?? "mg/dL");
      return { sequence, ...packets };
    });
  let declines = options.declines ?? 0;
  let send: (notice: GattNotice) => void = () => undefined;
  const racp = simulatedRacp(told, options.clock, (characteristic, bytes) =>
    send({ from: { service: "1808", characteristic }, bytes: Uint8Array.from(bytes) }),
  );
  const values = new Map<string, readonly number[]>([
    ["2a29", ascii(make.manufacturer)],
    ["2a24", ascii(make.model)],
    ["2a25", ascii(serial)],
    ["2a26", ascii(make.firmware)],
    ["2a51", [0xff, 0x03]],
  ]);
  return {
    serial,
    name: make.name(serial),
    advertises: ["1808"],
    characteristics: characteristicsOf(make),
    passkey: make.passkey(options.seed),
    clock: () => memory.clock(),
    get memory() {
      return memory.oldestFirst().map((test) => inUnit(asReading(test, make.traits), options.unit ?? "mg/dL"));
    },
    connected(to) {
      send = to;
    },
    disconnected() {
      racp.stop();
      send = () => undefined;
    },
    readValue({ characteristic }): GattAnswer<Uint8Array> {
      if (characteristic === make.clock.characteristic) return Uint8Array.from(clockValue(make, memory.clock()));
      const value = values.get(characteristic);
      return value === undefined ? { att: ATT.noAttribute } : Uint8Array.from(value);
    },
    write({ service, characteristic }, bytes): GattAnswer<"done"> {
      if (service === "1808" && characteristic === "2a52") {
        if (declines > 0) {
          declines -= 1;
          return { att: ATT.busy };
        }
        return racp.write(bytes);
      }
      if (characteristic !== make.clock.characteristic) return { att: ATT.noAttribute };
      const isOwn = characteristic === "fff1";
      const date = isOwn ? bytes.subarray(4) : bytes;
      if (date.length < 7) return { att: ATT.wrongLength };
      if (date.some((byte) => byte !== 0)) memory.set(wallOf(date));
      // Asked or set, it says what it shows, a moment later.
      if (isOwn) {
        const answer = Uint8Array.from([0xc0, 0x03, 0x01, 0x00, ...dateOf(memory.clock())]);
        void options.clock.sleep(20).then(
          () => send({ from: make.clock, bytes: answer }),
          () => undefined,
        );
      }
      return "done";
    },
  };
}

/** What it has, in its order; records only for who is bonded. */
function characteristicsOf({ clock }: Make): SimulatedCharacteristic[] {
  const one = (service: string, characteristic: string, uses: GattUse[], bonded = false): SimulatedCharacteristic => ({
    service,
    characteristic,
    uses,
    bonded,
  });
  const clockUses: GattUse[] = clock.characteristic === "fff1" ? ["write", "notify"] : ["read", "write"];
  return [
    ...["2a29", "2a24", "2a25", "2a26"].map((id) => one("180a", id, ["read"])),
    one(clock.service, clock.characteristic, clockUses),
    one("1808", "2a18", ["notify"], true),
    one("1808", "2a34", ["notify"], true),
    one("1808", "2a51", ["read"]),
    one("1808", "2a52", ["write", "indicate"], true),
  ];
}

/** A memory whose clock can be set: tests that were taken before keep their stamps. */
function settableMemory(options: SimulatorOptions, traits: MemoryTraits) {
  const memory = simulatedMemory(options, {
    ...traits,
    capacity: Math.max(traits.capacity, Math.min(MOST, options.count)),
  });
  const stamped = new WeakMap<SimulatedTest, SimulatedTest>();
  let shiftMs = 0;
  const shifted = (wall: string): string => new Date(Date.parse(`${wall}Z`) + shiftMs).toISOString().slice(0, 19);
  const oldestFirst = (): SimulatedTest[] =>
    memory
      .tests()
      .map((test) => {
        const known = stamped.get(test) ?? { ...test, deviceTime: shifted(test.deviceTime) };
        stamped.set(test, known);
        return known;
      })
      .reverse();
  return {
    oldestFirst,
    clock: () => shifted(memory.clock()),
    set(wall: string): void {
      oldestFirst();
      shiftMs = Date.parse(`${wall}Z`) - Date.parse(`${memory.clock()}Z`);
    },
  };
}

/** What a hub should have of a test on a meter that is set to that unit: tenths of mmol/L. */
function inUnit<T extends ReturnType<typeof asReading>>(reading: T, unit: "mg/dL" | "mmol/L"): T {
  if (unit === "mg/dL" || reading.kind !== "glucose") return reading;
  if (reading.outOfRange !== null) return { ...reading, unit, value: reading.outOfRange === "low" ? 1.1 : 33.3 };
  return { ...reading, unit, value: Math.round((reading.value * 10) / 18) / 10 };
}

function clockValue({ clock }: Make, wall: string): number[] {
  const weekday = new Date(`${wall}Z`).getUTCDay();
  return clock.characteristic === "2a2b" ? [...dateOf(wall), weekday === 0 ? 7 : weekday, 0, 0] : dateOf(wall);
}

function wallOf([low = 0, high = 0, ...rest]: Uint8Array): string {
  const [month, day, hour, minute, second] = rest.map((part) => String(part).padStart(2, "0"));
  return `${high * 256 + low}-${month}-${day}T${hour}:${minute}:${second}`;
}

function ascii(text: string): number[] {
  return [...Buffer.from(text, "latin1")];
}
