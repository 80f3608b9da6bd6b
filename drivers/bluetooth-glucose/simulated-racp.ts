import type { Clock } from "../../src/domain/clock.js";
import type { GattAnswer } from "../../src/kit/driver.js";
import type { Packets } from "./simulated-packets.js";

/** A record as it is asked for. */
export interface RacpRecord extends Packets {
  readonly sequence: number;
}

/** A control point. */
export interface SimulatedRacp {
  write(bytes: Uint8Array): GattAnswer<"done">;
  /** What is being sent stops. */
  stop(): void;
}

/** What a notice takes: several go in one connection event. */
const NOTICE_MS = 2;
/** "Procedure already in progress", of the profile. */
const IN_PROGRESS = 0x80;
/** Answers to requests (sheets, "RACP"). */
const SAYS = { done: 1, opUnknown: 2, operatorWrong: 3, operatorUnknown: 4, operandWrong: 5, none: 6, noFilter: 9 };

/** Answers requests for records, one at a time, at the pace of the air. Asked to delete, it says that it does not know how. */
export function simulatedRacp(
  records: () => readonly RacpRecord[],
  clock: Clock,
  send: (characteristic: "2a18" | "2a34" | "2a52", bytes: readonly number[]) => void,
): SimulatedRacp {
  let running: symbol | null = null;
  const say = (op: number, code: number): void => send("2a52", [6, 0, op, code]);

  async function report(chosen: readonly RacpRecord[]): Promise<void> {
    const mine = Symbol("report");
    running = mine;
    const next = async (act: () => void): Promise<void> => {
      await clock.sleep(NOTICE_MS);
      if (running === mine) act();
    };
    for (const { measurement, context } of chosen) {
      await next(() => send("2a18", measurement));
      if (context !== null) await next(() => send("2a34", context));
      if (running !== mine) return;
    }
    await next(() => {
      running = null;
      say(1, SAYS.done);
    });
  }

  return {
    stop() {
      running = null;
    },
    write(bytes) {
      const [op = 0, operator = 0] = bytes;
      if (op === 3) {
        running = null;
        say(3, operator === 0 ? SAYS.done : SAYS.operatorWrong);
        return "done";
      }
      if (running !== null) return { att: IN_PROGRESS };
      if (op !== 1 && op !== 4) say(op, SAYS.opUnknown);
      else {
        const chosen = choose(records(), operator, bytes.subarray(2));
        if (typeof chosen === "number") say(op, chosen);
        else if (op === 4) send("2a52", [5, 0, chosen.length % 256, Math.floor(chosen.length / 256)]);
        else if (chosen.length === 0) say(1, SAYS.none);
        // Whoever stops the clock stops the meter with it.
        else report(chosen).catch(() => undefined);
      }
      return "done";
    },
  };
}

/** The records of a range, or the code of what is wrong with it. */
function choose(all: readonly RacpRecord[], operator: number, operand: Uint8Array): readonly RacpRecord[] | number {
  if (operator === 0) return SAYS.operatorWrong;
  if (operator > 6) return SAYS.operatorUnknown;
  if (operator === 1 || operator > 4) {
    if (operand.length > 0) return SAYS.operandWrong;
    return operator === 1 ? all : operator === 5 ? all.slice(0, 1) : all.slice(-1);
  }
  const [filter, a = 0, b = 0, c = 0, d = 0] = operand;
  if (operand.length === 0) return SAYS.operandWrong;
  if (filter !== 1) return SAYS.noFilter;
  if (operand.length !== (operator === 4 ? 5 : 3)) return SAYS.operandWrong;
  const [one, other] = [a + 256 * b, c + 256 * d];
  if (operator === 4 && one > other) return SAYS.operandWrong;
  return all.filter(({ sequence }) =>
    operator === 2 ? sequence <= one : operator === 3 ? sequence >= one : sequence >= one && sequence <= other,
  );
}
