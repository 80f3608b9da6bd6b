import { describe, expect, test } from "vitest";
import { silentLog } from "../../../src/domain/clock.js";
import { Problem } from "../../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { VirtualClock } from "../../../src/kit/virtual-clock.js";
import { type Answerer, inVirtualTime, lineTo } from "../../../test/helpers/simulated-line.js";
import { QuestionLine } from "./question-line.js";
import { askTwice, Unproven } from "./twice.js";

const QUESTION = Uint8Array.of(1);
const line = (bytes: Uint8Array): number => latin1(bytes).indexOf(";") + 1;

/** What each question is answered with, and how many milliseconds later. */
function answering(clock: VirtualClock, script: readonly (readonly [string, number] | null)[]): Answerer {
  let asked = 0;
  return {
    receive(_, send) {
      const entry = script[asked];
      asked += 1;
      if (entry == null) return;
      void clock.sleep(entry[1]).then(() => send(latin1Bytes(entry[0])));
    },
  };
}

function parts(script: readonly (readonly [string, number] | null)[], patience: "full" | "probe" = "full") {
  const clock = new VirtualClock(0);
  const transport = lineTo(answering(clock, script));
  const context = { transport, clock, signal: new AbortController().signal, log: silentLog, patience };
  return { clock, questions: new QuestionLine(context, 900) };
}

const textOf = (answer: Uint8Array | Problem): string => (answer instanceof Problem ? answer.code : latin1(answer));

describe("a question", () => {
  test("whose answer came late does not have it taken for the next one's", async () => {
    const { clock, questions } = parts([
      ["late;", 5_100],
      ["now;", 200],
    ]);
    const told = await inVirtualTime(clock, async () => {
      const first = await questions.ask(QUESTION, line);
      return [textOf(first), textOf(await questions.ask(QUESTION, line))];
    });
    expect(told).toEqual(["METER_TIMEOUT", "now;"]);
  });

  test("that nobody answers tells silence, noise, and a meter that stopped apart", async () => {
    const { clock, questions } = parts([null, ["noise", 10], null, null]);
    const told = await inVirtualTime(clock, async () => {
      const codes = [];
      for (let asking = 0; asking < 4; asking += 1) {
        if (asking === 3) questions.meterAnswered();
        codes.push(textOf(await questions.ask(QUESTION, line)));
      }
      return codes;
    });
    expect(told).toEqual(["METER_TIMEOUT", "FRAME_TRUNCATED", "FRAME_MALFORMED", "METER_STALLED"]);
    expect(latin1(questions.heard)).toBe("");
  });

  test("in a probe waits no longer than the probe may, until the meter is known", async () => {
    const { clock, questions } = parts([null, ["known;", 4_000]], "probe");
    const told = await inVirtualTime(clock, async () => {
      const codes = [textOf(await questions.ask(QUESTION, line)), textOf(await questions.ask(QUESTION, line))];
      expect(clock.now()).toBe(900);
      expect(questions.verdict(new Problem("METER_STALLED")).code).toBe("FRAME_MALFORMED");
      expect(questions.verdict(new Problem("METER_TIMEOUT")).code).toBe("METER_TIMEOUT");
      questions.meterKnown();
      expect(questions.verdict(new Problem("METER_STALLED")).code).toBe("METER_STALLED");
      return [...codes, textOf(await questions.ask(QUESTION, line))];
    });
    // The second question was not even put: the time was over.
    expect(told).toEqual(["METER_TIMEOUT", "METER_TIMEOUT", "known;"]);
  });
});

describe("asking until it came twice alike", () => {
  const asked = async (...script: readonly string[]) => {
    let turn = 0;
    let heard = "";
    const answer = await askTwice(
      async () => {
        heard = script[turn] ?? "";
        turn += 1;
        return heard === ""
          ? new Problem("METER_STALLED")
          : heard === "?"
            ? new Problem("FRAME_CHECKSUM")
            : latin1Bytes(heard);
      },
      () => latin1Bytes(heard),
    );
    if (answer instanceof Uint8Array) return [latin1(answer), turn];
    expect(answer).toBeInstanceOf(Unproven);
    return [answer.problem.code, turn, latin1(answer.raw)];
  };

  test("believes two in a row and nothing else, and asks four times at most", async () => {
    expect(await asked("a", "a")).toEqual(["a", 2]);
    expect(await asked("a", "b", "b")).toEqual(["b", 3]);
    expect(await asked("a", "?", "a", "a")).toEqual(["a", 4]);
    expect(await asked("a", "b", "a", "b")).toEqual(["FRAME_CHECKSUM", 4, "b"]);
    expect(await asked("a", "?", "a", "?")).toEqual(["FRAME_CHECKSUM", 4, "?"]);
  });

  test("gives up on silence sooner, with what came last", async () => {
    expect(await asked("", "", "", "a")).toEqual(["METER_STALLED", 3, ""]);
    expect(await asked("a", "", "", "")).toEqual(["METER_STALLED", 4, "a"]);
    expect(await asked("", "", "a", "a")).toEqual(["a", 4]);
  });
});
