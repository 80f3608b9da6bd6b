import { isProblem, Problem } from "../../../src/domain/problem.js";
import { latin1, latin1Bytes } from "../../../src/kit/bytes.js";
import { ACK, ENQ, EOT, NAK } from "./control.js";
import type { AstmLink } from "./link.js";
import { wallOfParts } from "./wall.js";

/** How a family is brought into remote command mode and back into it. */
export interface RemoteTraits {
  /** The byte that interrupts the meter until it says EOT. */
  readonly attention: number;
  /** How often it is said at most. */
  readonly attentionTries: number;
  /** What is said first to come back after the meter fell out of the mode. */
  readonly before: readonly number[];
}

/** Wait for one sign on the way into the mode (sheet a, Contour Next: 2 s). */
const SIGN_MS = 2_000;
/** Wait for an answer to a word (both sheet a: 5 s). */
const ANSWER_MS = 5_000;
/** Silence after which nothing more of a wrong answer comes. */
const REST_MS = 300;
/** Tries of ENQ, and of each question. */
const TRIES = 3;
/** Askings of what no checksum protects, until two in a row are equal. */
const ASKINGS = 4;
/** ACKs that may stand before an answer: left over from an earlier one. */
const STRAY_ACKS = 2;

/**
 * Remote command mode, in which the hub asks and the meter answers. Words and most answers carry no checksum: what
 * matters is asked for until it came twice alike.
 */
export class RemoteMode {
  readonly #link: AstmLink;
  readonly #traits: RemoteTraits;

  constructor(link: AstmLink, traits: RemoteTraits) {
    this.#link = link;
    this.#traits = traits;
  }

  /**
   * Interrupts the meter until it says EOT, then ENQ until it says ACK. Throws METER_REFUSED if it declines,
   * METER_STALLED if it is silent.
   */
  async enter(): Promise<void> {
    const link = this.#link;
    await link.flush();
    let interrupted = false;
    for (let attempt = 0; attempt < this.#traits.attentionTries && !interrupted; attempt += 1) {
      await link.send(this.#traits.attention);
      interrupted = await this.#sign(EOT);
    }
    if (!interrupted) throw new Problem("METER_STALLED", "The meter can't be interrupted.");
    let refused = false;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      await link.send(ENQ);
      const answer = await link.answer(SIGN_MS);
      if (answer?.[0] === ACK) return;
      refused ||= answer?.[0] === NAK;
      await link.flush(REST_MS);
    }
    throw refused ? declined("remote commands") : new Problem("METER_STALLED", "The meter takes no remote commands.");
  }

  /** Back into the mode after something went wrong. */
  async enterAgain(): Promise<void> {
    await this.#link.flush(REST_MS);
    for (const byte of this.#traits.before) await this.#link.send(byte);
    await this.enter();
  }

  /** Leaves the mode: the meter is then ready to be read again (sheet a). */
  async leave(): Promise<void> {
    await this.#link.send(EOT);
    await this.#link.answer(SIGN_MS);
  }

  /**
   * Says the words, of which the meter takes each but the last with ACK, and gives its answer to the last. Tries three
   * times. Throws METER_REFUSED if it declines each time, METER_STALLED or FRAME_MALFORMED if it answers otherwise.
   */
  async ask(words: readonly string[]): Promise<Uint8Array> {
    return await this.#tried(TRIES, async () => {
      for (const word of words.slice(0, -1)) await this.#taken(word);
      await this.#link.send(latin1Bytes(words.at(-1) ?? ""));
      for (let strays = 0; ; strays += 1) {
        const answer = await this.#link.answer(ANSWER_MS);
        if (answer === null) throw new Problem("METER_STALLED", "The meter stopped answering.");
        if (answer[0] === NAK) throw declined(words.join(" "));
        if (answer[0] !== ACK) return answer;
        if (strays === STRAY_ACKS) throw new Problem("FRAME_MALFORMED", "The meter agrees, but does not answer.");
      }
    });
  }

  /** Says the words, each of which the meter takes with ACK. Tries once more if one is missing (sheet a). */
  async tell(words: readonly string[]): Promise<void> {
    await this.#tried(2, async () => {
      for (const word of words) await this.#taken(word);
    });
  }

  /**
   * A setting of the meter by its letter: the digits in the answer's second field, twice alike. Throws
   * FRAME_MALFORMED if four answers do not settle it, and what `ask` throws.
   */
  async setting(letter: string, digits: RegExp): Promise<string> {
    return await twiceAlike(() => this.#once(letter, digits));
  }

  /**
   * What the meter's clock shows, to the minute: the date before and after the time, so that no midnight lies
   * between them, until two such answers are alike. Throws as `setting`.
   */
  async clock(): Promise<string> {
    return await twiceAlike(async () => {
      const date = await this.#once("D", /^\d{6}$/);
      const time = await this.#once("T", /^\d{4}$/);
      if ((await this.#once("D", /^\d{6}$/)) !== date) {
        throw new Problem("FRAME_MALFORMED", "The meter's date changes while its clock is read.");
      }
      return wallOfParts(date, time);
    });
  }

  /**
   * Sets date and time to what the wall clock shows while they are sent. Throws METER_REFUSED if the meter
   * declines.
   */
  async setClock(wallNow: () => string): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      const [date = ""] = wallNow().split("T");
      await this.tell(["W|", "D|", `${date.slice(2).replaceAll("-", "")}|\r`]);
      const [today, time = ""] = wallNow().split("T");
      await this.tell(["W|", "T|", `${time.slice(0, 5).replace(":", "")}|\r`]);
      // Over midnight the date must follow the time.
      if (today === date) return;
    }
  }

  async #once(letter: string, digits: RegExp): Promise<string> {
    const [name = "", field = ""] = latin1(await this.ask(["R|", `${letter}|`])).split("|");
    // An answer that names another letter is a late one to another question.
    const value = field.replace(/[^\x20-\x7e].*$/s, "");
    if ((/^[A-Z]$/.test(name) && name !== letter) || !digits.test(value)) {
      throw new Problem("FRAME_MALFORMED", `The meter's answer to ${letter} is not understood.`);
    }
    return value;
  }

  async #taken(word: string): Promise<void> {
    await this.#link.send(latin1Bytes(word));
    const answer = await this.#link.answer(ANSWER_MS);
    if (answer === null) throw new Problem("METER_STALLED", "The meter stopped answering.");
    if (answer[0] === NAK) throw declined(word);
    if (answer[0] !== ACK) throw new Problem("FRAME_MALFORMED", "The meter answered something else than yes or no.");
  }

  async #tried<T>(tries: number, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#link.flush();
        return await work();
      } catch (error) {
        if (attempt === tries || !isProblem(error, "METER_STALLED", "METER_REFUSED", "FRAME_MALFORMED")) throw error;
        await this.enterAgain();
      }
    }
  }

  /** Whether the next thing that comes is that control character; frames that were under way are passed over. */
  async #sign(wanted: number): Promise<boolean> {
    const piece = await this.#link.next(SIGN_MS);
    return piece?.kind === "signal" && piece.byte === wanted;
  }
}

/**
 * Asks until two answers in a row are equal: a bit turned over on the way must never count. An answer that is not
 * understood counts as different.
 */
export async function twiceAlike<T>(ask: () => Promise<T>): Promise<T> {
  let before: { readonly value: T } | null = null;
  let problem: Problem | null = null;
  for (let asking = 0; asking < ASKINGS; asking += 1) {
    try {
      const value = await ask();
      if (before !== null && before.value === value) return value;
      before = { value };
    } catch (error) {
      if (!isProblem(error, "FRAME_MALFORMED")) throw error;
      problem = error;
      before = null;
    }
  }
  throw problem ?? new Problem("FRAME_MALFORMED", "The meter says something else each time that it is asked.");
}

function declined(what: string): Problem {
  return new Problem("METER_REFUSED", `The meter declines: ${what.trim()}`);
}
