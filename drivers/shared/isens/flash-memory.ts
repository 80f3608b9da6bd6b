import { isProblem, Problem } from "../../../src/domain/problem.js";
import type { SessionEvent } from "../../../src/domain/reading.js";
import { FLASH_ANSWER_BYTES, FLASH_BYTES, flashRequest, isErased, readFlash, readFlashRecord } from "./flash.js";
import { type FlashModel, readModel, SERIAL_ADDRESS } from "./flash-model.js";
import { recordEvent } from "./meter-reading.js";
import type { QuestionLine } from "./question-line.js";
import { askTwice, isEqual, Unproven } from "./twice.js";

/** Records in a row that could not be had after which the memory is given up. */
const FAILURES = 5;

/** Asks a meter of protocol 1 who it is. Throws METER_UNSUPPORTED for an unknown model, FRAME_CHECKSUM for damage. */
export async function askModel(line: QuestionLine): Promise<FlashModel> {
  const answer = await readPlace(line, SERIAL_ADDRESS, null);
  if (answer instanceof Unproven) throw line.verdict(answer.problem);
  return readModel(readFlash(answer));
}

/**
 * Reads the memory of a meter of protocol 1, place by place, each asked for until it came twice alike. How many records
 * there are is nowhere to be had: every place is read, up to an erased one where that is known to be the end. Throws, at
 * the end, what damaged a record; METER_STALLED, at once, when the meter falls silent.
 */
export async function* readPlaces(line: QuestionLine, model: FlashModel): AsyncGenerator<SessionEvent, void, void> {
  let before: Uint8Array | null = null;
  let damage: Problem | null = null;
  let failures = 0;
  for (let place = 0; place < model.capacity; place += 1) {
    const answer: Uint8Array | Unproven = await readPlace(line, model.address + place * FLASH_BYTES, before);
    if (answer instanceof Unproven) {
      failures += 1;
      damage ??= answer.problem;
      yield* answer.events();
      if (answer.isSilence || failures === FAILURES) throw answer.problem;
      continue;
    }
    failures = 0;
    before = answer;
    const data = readFlash(answer);
    if (!isErased(data)) yield recordEvent(() => readFlashRecord(data, answer), answer);
    if (model.endsAtErased && data[0] === 0xff && data[1] === 0xff) break;
  }
  if (damage !== null) throw damage;
}

/**
 * The answer for one place, proven. It does not say which place it is of, so a record that equals the one before it may be
 * a late answer to that question: it is believed only after the line was quiet and it came twice again.
 */
async function readPlace(
  line: QuestionLine,
  address: number,
  before: Uint8Array | null,
): Promise<Uint8Array | Unproven> {
  const prove = (): Promise<Uint8Array | Unproven> =>
    askTwice(
      () => askPlace(line, address),
      () => line.heard,
    );
  const answer = await prove();
  if (answer instanceof Unproven || before === null || !isEqual(answer, before)) return answer;
  if (isErased(readFlash(answer))) return answer;
  line.damaged();
  return await prove();
}

async function askPlace(line: QuestionLine, address: number): Promise<Uint8Array | Problem> {
  const whole = (bytes: Uint8Array): number => (bytes.length < FLASH_ANSWER_BYTES ? 0 : FLASH_ANSWER_BYTES);
  const answer = await line.ask(flashRequest(address), whole);
  if (answer instanceof Problem) return answer;
  try {
    readFlash(answer);
    return answer;
  } catch (error) {
    if (!isProblem(error, "FRAME_CHECKSUM")) throw error;
    line.damaged();
    return error;
  }
}
