import type { BlockSimulator, SimulatorOptions } from "../../src/kit/driver.js";
import { type SimulatedTest, simulatedSerial } from "../../src/kit/simulated.js";
import { letters, little, settableMemory, spoken } from "../shared/lifescan/simulated.js";

const EPOCH = "2000-01-01T00:00:00";
const BLOCK = 512;
/** How many blocks the virtual disk has; of a real one nobody has told. */
const BLOCKS = 64;
/** It marks meals and tests with control solution, shows 20 to 600 mg/dL, and keeps 500 tests (sheet b). */
const TRAITS = {
  capacity: 500,
  low: 20,
  high: 600,
  seconds: true,
  meals: ["before", "after"],
  control: true,
  ketone: false,
} as const;
/** How many tests were taken before those in its memory. */
const TAKEN_BEFORE = 700;

/**
 * A OneTouch Select Plus Flex as its protocol describes it, with a memory that its seed decides. It takes both prefixes
 * and answers with the one it was asked with. It has no word for being erased. What is written to any block but its three
 * mailboxes would be lost on a real disk: it throws.
 */
export function simulate(options: SimulatorOptions): BlockSimulator {
  const serial = simulatedSerial(options.seed, "ANNAANAN");
  const memory = settableMemory(options, TRAITS);
  const boxes = new Map<number, Uint8Array>();
  const counters = new WeakMap<SimulatedTest, number>();
  let taken = TAKEN_BEFORE;
  let declines = options.declines ?? 0;

  /** Newest first, each with its lifetime counter. */
  function tests(): readonly SimulatedTest[] {
    const all = memory.tests();
    for (const test of all.toReversed()) {
      if (counters.has(test)) continue;
      taken += 1;
      counters.set(test, taken);
    }
    return all;
  }

  /** What stands behind the prefix: status 6 and data, or a refusal. */
  function answer(lba: number, [command, ...rest]: readonly number[]): number[] {
    if (lba === 4) {
      return command === 0x04 ? [6, options.unit === "mmol/L" ? 1 : 0, 0, 0, 0] : [8];
    }
    if (lba !== 3) return [8];
    const [first, second] = rest;
    if (command === 0xe6 && first === 0x02) return text([serial, "Select Plus Flex", "SPF_01.00.02"][second ?? -1]);
    if (command === 0x20 && first === 0x02) return [6, ...little(memory.seconds(EPOCH), 4)];
    if (command === 0x20 && first === 0x01 && rest.length === 5) {
      memory.set(EPOCH, whole(rest.slice(1)));
      return [6];
    }
    if (command === 0x27) return [6, ...little(tests().length, 2)];
    const test = command === 0x31 && first === 0x02 ? tests()[whole(rest.slice(1, 3))] : undefined;
    return test === undefined ? [8] : [6, ...record(test, whole(rest.slice(1, 3)))];
  }

  function record(test: SimulatedTest, number: number): number[] {
    const { deviceTime, amount, control, meal } = test;
    return [
      ...little(memory.tests().length - 1 - number, 2),
      control ? 1 : 0,
      ...little(counters.get(test) ?? 0, 2),
      ...little(memory.seconds(EPOCH, deviceTime), 4),
      ...little(amount, 2),
      meal === "before" ? 1 : meal === "after" ? 2 : 0,
      ...[0, 0, 0x0b, 0],
    ];
  }

  return {
    serial,
    usb: { vendorId: "2766", productId: "1004", ambiguous: false, source: "both sheets" },
    inquiry: { vendor: "LifeScan", product: "OneTouch" },
    blocks: BLOCKS,
    clock: () => memory.clock(),
    get memory() {
      return memory.readings();
    },
    readBlock(lba) {
      if (lba === 0) return firstBlock();
      return Uint8Array.from(boxes.get(lba) ?? new Uint8Array(BLOCK));
    },
    writeBlock(lba, block) {
      if (lba < 3 || lba > 5 || block.length !== BLOCK) throw new RangeError(`block ${lba} is overwritten`);
      const message = heard(block);
      if (message === null) return;
      const [prefix = 0, ...words] = message;
      if (prefix !== 3 && prefix !== 4) return;
      declines -= 1;
      boxes.set(lba, filled(spoken([prefix, ...(declines >= 0 ? [7] : answer(lba, words))])));
    },
  };
}

/** The request in a block, if it is framed as it should be. */
function heard(block: Uint8Array): number[] | null {
  const length = (block[1] ?? 0) + 256 * (block[2] ?? 0);
  if (length < 7 || length > 64) return null;
  const message = [...block.subarray(3, length - 3)];
  return String(filled(spoken(message))) === String(block) ? message : null;
}

function text(words: string | undefined): number[] {
  return words === undefined ? [8] : [6, ...letters(words).flatMap((letter) => [letter, 0]), 0, 0];
}

function filled(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set(bytes);
  return block;
}

/** The beginning of a FAT16 volume, as far as somebody looks at it: jump, maker, volume number, label, mark of the end. */
function firstBlock(): Uint8Array {
  const block = new Uint8Array(BLOCK);
  block.set([0xeb, 0x3c, 0x90, ...letters("MSDOS5.0")]);
  block.set([0x12, 0x34, 0x56, 0x78], 0x27);
  block.set(letters("LIFESCAN   FAT16   "), 0x2b);
  block.set([0x55, 0xaa], BLOCK - 2);
  return block;
}

function whole(bytes: readonly number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
