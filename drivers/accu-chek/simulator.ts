import type { MeterSimulator, SimulatedReading, SimulatorOptions } from "../../src/kit/driver.js";
import { asReading, type SimulatedTest, simulatedMemory, simulatedSerial } from "../../src/kit/simulated.js";
import {
  counted,
  listed,
  type SimulatedObject,
  type SimulatedSegment,
  simulatedDevice,
  timeBytes,
  two,
} from "../shared/ieee11073/simulated-device.js";

/** A Guide: 720 tests, HI above 600; below which number it says LO is not known, and taken as 20. */
const TRAITS = {
  capacity: 720,
  low: 20,
  high: 600,
  seconds: true,
  meals: ["before", "after", "fasting", "bedtime"],
  control: true,
  ketone: false,
} as const;
/** Entries in one event: as many as fit into the kilobyte that known programs read at once. */
const ENTRIES_PER_EVENT = 80;
const STORE = 5;
/** Codes of meals. */
const MEALS = { before: 29260, after: 29264, fasting: 29268, casual: 29272, bedtime: 29300 } as const;

/** A numeric object: its type in partition 2, and mg/dL. */
function numeric(handle: number, code: number): SimulatedObject {
  return {
    classId: 6,
    handle,
    attributes: [
      [0x092f, [...two(2), ...two(code)]],
      [0x0996, two(0x0852)],
      [
        0x0a55,
        listed([
          [...two(0x0a4c), ...two(2)],
          [...two(0x0990), ...two(8)],
        ]),
      ],
    ],
  };
}

/** An object of partition 128 that says something about a test. */
function enumeration(handle: number, code: number): SimulatedObject {
  return { classId: 5, handle, attributes: [[0x092f, [...two(128), ...two(code)]]] };
}

/** How entries are laid out: an absolute time, and one object's attributes of two bytes each. */
export function entryMap(object: SimulatedObject, attributes: readonly number[]): number[] {
  const [, type = []] = object.attributes.find(([id]) => id === 0x092f) ?? [];
  const element = [
    ...two(object.classId),
    ...type,
    ...two(object.handle),
    ...listed(attributes.map((id) => [...two(id), 0, 2])),
  ];
  return [0x80, 0x00, ...listed([element])];
}

/** The objects of a Guide, with the handles that a captured one has; not in the order of their handles. */
export const OBJECTS = {
  store: { classId: 61, handle: STORE, attributes: [[0x0951, two(4)]] },
  glucose: numeric(1, 29296),
  control: numeric(2, 29136),
  status: enumeration(3, 29144),
  meal: enumeration(4, 29256),
} as const satisfies Record<string, SimulatedObject>;

/** What a Guide tells of itself, as its attributes. */
export function guideAttributes(serial: string, clock: string): readonly (readonly [number, readonly number[]])[] {
  const text = (value: string): number[] => counted([...value].map((letter) => letter.charCodeAt(0)));
  return [
    [0x0928, [...text("Roche\0"), ...text("925\0")]],
    [0x0984, counted([0, 0x60, 0x19, 0, 1, 2, 3, 4])],
    [
      0x092d,
      listed([
        [0, 1, 0, 0, ...text(`serial-number: ${serial}`)],
        [0, 3, 0x10, 0, ...text("hw-revision: G\0\0\0\0")],
        [0, 5, 0, 0, ...text("fw-revision: v1.9.6\0")],
      ]),
    ],
    [0x0987, timeBytes(clock)],
    [0x0a45, [0xc0, 0, 0x1f, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x64, 0, 0, 0, 0, 0, 0]],
  ];
}

/**
 * An Accu-Chek Guide as its protocol describes it, with a memory that its seed decides: segments for tests, for control
 * solution, for failures and for meals, the oldest entry first. It begins when it is plugged in, and has no word for being
 * erased.
 */
export function simulate(options: SimulatorOptions): MeterSimulator {
  const serial = simulatedSerial(options.seed, "925NNNNNNNN");
  const memory = settableMemory(options);
  const told = (): SimulatedTest[] => {
    const oldestFirst = [...memory.tests()].reverse();
    return [...oldestFirst.filter(({ control }) => !control), ...oldestFirst.filter(({ control }) => control)];
  };
  const device = simulatedDevice({
    objects: Object.values(OBJECTS),
    storeHandle: STORE,
    attributes: () => guideAttributes(serial, memory.clock()),
    segments: () => segmentsOf(told()),
    setClock(time) {
      const digits = time.slice(0, 7).map((byte) => byte.toString(16).padStart(2, "0"));
      const [century = "", year = "", month = "", day = "", hour = "", minute = "", second = ""] = digits;
      memory.set(`${century}${year}-${month}-${day}T${hour}:${minute}:${second}`);
      return true;
    },
    declines: options.declines ?? 0,
    entriesPerEvent: ENTRIES_PER_EVENT,
    clock: options.clock,
    seed: options.seed,
  });
  return {
    serial,
    usb: { vendorId: "173a", productId: "21d5", ambiguous: false, source: "a Guide (sheet a)" },
    clock: () => memory.clock(),
    get memory(): SimulatedReading[] {
      return told().map((test) => asReading(test, TRAITS));
    },
    ...device,
  };
}

function segmentsOf(tests: readonly SimulatedTest[]): SimulatedSegment[] {
  const entry = ({ deviceTime, amount }: SimulatedTest): number[] => {
    const word = amount < TRAITS.low ? 0x0802 : amount > TRAITS.high ? 0x07fe : amount;
    return [...timeBytes(deviceTime), ...two(word), 0, 0];
  };
  const results = entryMap(OBJECTS.glucose, [0x0a4c, 0x0947]);
  const controls = entryMap(OBJECTS.control, [0x0a4c, 0x0947]);
  const meals = tests.flatMap(({ deviceTime, meal }) =>
    meal === null ? [] : [[...timeBytes(deviceTime), ...two(MEALS[meal])]],
  );
  return [
    { instance: 0, label: "PMSegGluc ", map: results, entries: tests.filter(({ control }) => !control).map(entry) },
    { instance: 1, label: "PMSegCtrl ", map: controls, entries: tests.filter(({ control }) => control).map(entry) },
    { instance: 2, label: "PMSegError", map: entryMap(OBJECTS.status, [0x0a66]), entries: [] },
    { instance: 3, label: "PMSegCMeal", map: entryMap(OBJECTS.meal, [0x0a49]), entries: meals },
  ];
}

/** A memory whose clock can be set: tests that were taken before keep their stamps. */
function settableMemory(options: SimulatorOptions) {
  const memory = simulatedMemory(options, TRAITS);
  const stamped = new WeakMap<SimulatedTest, SimulatedTest>();
  let shiftMs = 0;
  const shifted = (wall: string): string => new Date(Date.parse(`${wall}Z`) + shiftMs).toISOString().slice(0, 19);
  const tests = (): SimulatedTest[] =>
    memory.tests().map((test) => {
      const known = stamped.get(test) ?? { ...test, deviceTime: shifted(test.deviceTime) };
      stamped.set(test, known);
      return known;
    });
  return {
    tests,
    clock: () => shifted(memory.clock()),
    set(wall: string): void {
      tests();
      shiftMs = Date.parse(`${wall}Z`) - Date.parse(`${memory.clock()}Z`);
    },
  };
}
