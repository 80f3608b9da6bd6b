import { randomUUID } from "node:crypto";
import type { Log } from "../domain/clock.js";
import { asProblem, Problem } from "../domain/problem.js";
import type { PairingStatus } from "../domain/status.js";
import type { Bluetooth, PairingAnswer, PairingQuestion } from "../transports/bluez/bluetooth.js";

/** How many pairings are remembered, so that whoever started one can still ask how it ended. */
const REMEMBERED = 50;

/** What a person says to a pairing's question: the six digits, or whether what is shown is right. */
export interface PairingReply {
  readonly digits?: string | undefined;
  readonly yes?: boolean | undefined;
}

/** What the desk works with. */
export interface PairingDeskOptions {
  readonly bluetooth: Pick<Bluetooth, "pair">;
  readonly log: Log;
  /** The meter's name at a port, as far as one is known. */
  readonly nameOf: (port: string) => string | null;
  readonly onStatus: (status: PairingStatus) => void;
}

interface Pairing {
  status: PairingStatus;
  /** Takes the person's answer while a question is open. */
  answer: ((answer: PairingAnswer) => void) | null;
  readonly abort: AbortController;
}

/** Carries the questions of pairings to people, and their answers back. One meter is paired at a time. */
export class PairingDesk {
  readonly #options: PairingDeskOptions;
  readonly #pairings = new Map<string, Pairing>();

  constructor(options: PairingDeskOptions) {
    this.#options = options;
  }

  /** Begins to pair with the meter at that port. Throws PAIRING_FAILED while another pairing goes on. */
  start(port: string): PairingStatus {
    const busy = [...this.#pairings.values()].find(({ status }) => isOpen(status));
    if (busy !== undefined) {
      const who = busy.status.name ?? busy.status.port;
      throw new Problem("PAIRING_FAILED", `Another pairing goes on, with ${who}; it ends by itself within a minute.`);
    }
    const pairing: Pairing = {
      status: {
        pairing: randomUUID(),
        port,
        name: this.#options.nameOf(port),
        state: "connecting",
        digits: null,
        detail: "Connecting to the meter.",
      },
      answer: null,
      abort: new AbortController(),
    };
    this.#pairings.set(pairing.status.pairing, pairing);
    const oldest = this.#pairings.keys().next().value;
    if (this.#pairings.size > REMEMBERED && oldest !== undefined) this.#pairings.delete(oldest);
    void this.#run(pairing);
    return pairing.status;
  }

  /** Null for one that nobody started, or that was long ago. */
  status(id: string): PairingStatus | null {
    return this.#pairings.get(id)?.status ?? null;
  }

  /**
   * Gives a person's answer. Throws PAIRING_NOT_FOUND if no question of that pairing is open, and REQUEST_INVALID for one
   * that does not fit the question.
   */
  answer(id: string, reply: PairingReply): PairingStatus {
    const pairing = this.#pairings.get(id);
    if (pairing?.answer == null) throw new Problem("PAIRING_NOT_FOUND");
    const { digits, yes } = reply;
    if (pairing.status.state === "passkey" && yes !== false) {
      if (digits === undefined || !/^\d{6}$/.test(digits))
        throw new Problem("REQUEST_INVALID", "digits: must be the six digits that the meter shows.");
      pairing.answer({ yes: true, digits });
    } else if (yes === undefined) throw new Problem("REQUEST_INVALID", "yes: must be true or false.");
    else pairing.answer({ yes });
    return pairing.status;
  }

  /** Ends whatever goes on. */
  stop(): void {
    for (const { abort } of this.#pairings.values()) abort.abort(new Problem("TRANSPORT_CANCELED"));
  }

  async #run(pairing: Pairing): Promise<void> {
    const { bluetooth, log } = this.#options;
    const { port } = pairing.status;
    this.#tell(pairing, {});
    try {
      await bluetooth.pair(port, (question, signal) => this.#ask(pairing, question, signal), pairing.abort.signal);
      log.info({ port }, "a meter was paired");
      this.#tell(pairing, {
        state: "done",
        digits: null,
        detail: "Paired. The meter is read whenever it is in reach.",
      });
    } catch (error) {
      const { code, message, remedy } = asProblem(error);
      log.warn({ port, code }, "a meter was not paired");
      this.#tell(pairing, { state: "failed", digits: null, detail: `${message.replace(/[.\s]*$/, "")}. ${remedy}` });
    }
    pairing.answer = null;
  }

  async #ask(pairing: Pairing, question: PairingQuestion, signal: AbortSignal): Promise<PairingAnswer> {
    this.#tell(pairing, QUESTIONS[question.type](question));
    // What is only shown needs no answer: the meter ends it.
    if (question.type === "shown") return { yes: true };
    try {
      return await new Promise<PairingAnswer>((resolve, reject) => {
        pairing.answer = resolve;
        const over = (): void => reject(signal.reason);
        if (signal.aborted) over();
        signal.addEventListener("abort", over, { once: true });
      });
    } finally {
      pairing.answer = null;
      this.#tell(pairing, { state: "connecting", digits: null, detail: "The answer was given to the meter." });
    }
  }

  #tell(pairing: Pairing, change: Partial<PairingStatus>): void {
    pairing.status = { ...pairing.status, ...change };
    this.#options.onStatus(pairing.status);
  }
}

/** True while the pairing goes on. */
export function isOpen({ state }: PairingStatus): boolean {
  return state !== "done" && state !== "failed";
}

type Told = Pick<PairingStatus, "state" | "digits" | "detail">;

/** What each question of the agent asks of a person. */
const QUESTIONS: Readonly<Record<PairingQuestion["type"], (question: PairingQuestion) => Told>> = {
  passkey: () => ({ state: "passkey", digits: null, detail: "Type the six digits that the meter shows." }),
  confirm: (question) => ({
    state: "confirm",
    digits: digitsOf(question),
    detail: "Does the meter show the same six digits?",
  }),
  shown: (question) => ({ state: "shown", digits: digitsOf(question), detail: "Type these digits on the meter." }),
  authorize: () => ({ state: "confirm", digits: null, detail: "The meter asks to be paired. Is it yours?" }),
};

function digitsOf(question: PairingQuestion): string | null {
  return "digits" in question ? question.digits : null;
}
