import { Problem } from "../../../src/domain/problem.js";
import { ACK, ENQ, EOT, NAK } from "./control.js";
import { FRAME_NUMBERS, type Frame } from "./frame.js";
import type { AstmLink } from "./link.js";

/** The first frame of a transmission has the number 1 (sheet b). */
const FIRST_NUMBER = 1;
/** A damaged frame is asked for twice more. */
const AGAIN = 2;
/** Frames that may stay damaged before the transmission is given up. */
const LOST_FRAMES = 8;
/** Frames of one transmission: a memory of 10,000 results and room around it. */
const MOST_FRAMES = 12_000;
/** Control characters out of place, and repetitions of one frame, that are passed over. */
const STRAYS = 8;

/** What a transmission brings: frames in their order, and what could not be had whole. */
export type Received =
  | { readonly type: "frame"; readonly frame: Frame }
  | { readonly type: "lost"; readonly problem: Problem; readonly raw: Uint8Array };

/**
 * Receives a transmission whose enquiry stands open: takes the line with ACK, answers each frame with ACK after the caller
 * is done with it, and ends with the meter's EOT. A damaged frame or one out of turn is refused with NAK, which makes the
 * meter send it again, and told as lost if it stays so; a frame that comes again because the meter did not hear its ACK is
 * dropped. Throws METER_STALLED at silence, METER_REFUSED if the meter declines before its first frame.
 *
 * @param answerMs how long each frame is waited for
 */
export async function* receive(link: AstmLink, answerMs: number): AsyncGenerator<Received, void, void> {
  const turn = new Turn();
  let reply: number | null = ACK;
  let strays = 0;
  for (;;) {
    if (reply !== null) await link.send(reply);
    const piece = await link.next(answerMs);
    reply = null;
    if (piece === null) {
      // Before the first frame a NAK would mean something else: no, thanks.
      if (!turn.begun || !turn.mayAskAgain()) {
        if (turn.damage !== null) {
          yield { type: "lost", ...turn.damage };
          throw turn.damage.problem;
        }
        throw new Problem("METER_STALLED", "The meter stopped before the end of its transmission.");
      }
      reply = NAK;
      continue;
    }
    if (piece.kind === "signal") {
      if (piece.byte === EOT) return;
      if (piece.byte === NAK && !turn.begun) throw new Problem("METER_REFUSED", "The meter declines to send.");
      strays += 1;
      if (strays > STRAYS) throw new Problem("FRAME_MALFORMED", "The meter says nothing but control characters.");
      // It asks once more: the first answer was not heard (sheet a).
      if (piece.byte === ENQ && !turn.begun) reply = ACK;
      continue;
    }
    strays = 0;
    const judged = piece.kind === "frame" ? turn.judge(piece.frame) : piece;
    if (judged === "repeated") {
      reply = ACK;
    } else if (judged === "next" && piece.kind === "frame") {
      yield { type: "frame", frame: piece.frame };
      reply = ACK;
    } else if (typeof judged === "object") {
      turn.note(judged.problem, judged.raw);
      reply = NAK;
      if (turn.mayAskAgain()) continue;
      yield { type: "lost", problem: judged.problem, raw: judged.raw };
      turn.giveUp(piece.kind === "frame" ? piece.frame : null);
      reply = ACK;
    }
  }
}

/** Whose turn it is: the number that must come next, and how patient one still is. */
class Turn {
  begun = false;
  damage: { readonly problem: Problem; readonly raw: Uint8Array } | null = null;
  #expected = FIRST_NUMBER;
  #last: Frame | null = null;
  #again = 0;
  #repeats = 0;
  #lost = 0;
  #taken = 0;

  judge(frame: Frame): "next" | "repeated" | { readonly problem: Problem; readonly raw: Uint8Array } {
    // What was given up as damaged may come once more, whole, if the meter did not hear that it may go on.
    const recovered = this.#last === null && this.begun && frame.number === before(this.#expected);
    if (frame.number === this.#expected || recovered) {
      this.#taken += 1;
      if (this.#taken > MOST_FRAMES) throw new Problem("FRAME_MALFORMED", "The meter sends on without end.");
      this.#settle(frame);
      return "next";
    }
    if (frame.number === this.#last?.number && frame.text === this.#last.text) {
      this.#repeats += 1;
      if (this.#repeats > STRAYS) throw new Problem("FRAME_MALFORMED", "The meter repeats one frame without end.");
      return "repeated";
    }
    const problem = new Problem("FRAME_MALFORMED", `Frame ${frame.number} came where ${this.#expected} was due.`);
    return { problem, raw: frame.raw };
  }

  note(problem: Problem, raw: Uint8Array): void {
    this.damage = { problem, raw };
  }

  mayAskAgain(): boolean {
    this.#again += 1;
    return this.#again <= AGAIN;
  }

  /** The meter is told to go on without what is due, or with what came in its place. */
  giveUp(instead: Frame | null): void {
    this.#lost += 1;
    if (this.#lost > LOST_FRAMES && this.damage !== null) throw this.damage.problem;
    const due = this.#expected;
    this.#settle(instead);
    if (instead === null) this.#expected = after(due);
  }

  #settle(frame: Frame | null): void {
    this.begun = true;
    this.damage = null;
    this.#again = 0;
    this.#repeats = 0;
    this.#last = frame;
    if (frame !== null) this.#expected = after(frame.number);
  }
}

function after(number: number): number {
  return (number + 1) % FRAME_NUMBERS;
}

function before(number: number): number {
  return (number + FRAME_NUMBERS - 1) % FRAME_NUMBERS;
}
