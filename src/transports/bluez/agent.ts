import type { Log } from "../../domain/clock.js";
import { until, wordsOf } from "../bounded.js";
import type { BluezLink } from "./bluez-link.js";
import type { BusAnswer, BusSaying } from "./bus.js";
import { RELEASE_MS } from "./limits.js";
import { AGENT, AGENT_MANAGER, BLUEZ_PATH } from "./names.js";
import { text } from "./plain.js";
import { Refusal } from "./refusal.js";

/**
 * What is asked of a person during a pairing: the digits that the meter shows (`passkey`), whether both show the same
 * (`confirm`), to type these on the meter (`shown`), or whether to pair at all (`authorize`).
 */
export type PairingQuestion =
  | { readonly type: "passkey" }
  | { readonly type: "confirm"; readonly digits: string }
  | { readonly type: "shown"; readonly digits: string }
  | { readonly type: "authorize" };

export interface PairingAnswer {
  /** The digits that the meter shows, to `passkey`. */
  readonly digits?: string;
  /** False: no pairing. */
  readonly yes: boolean;
}

/** Puts a question to a person; the signal is aborted when the answer is no longer wanted. */
export type PairingAsk = (question: PairingQuestion, signal: AbortSignal) => Promise<PairingAnswer>;

/** A pairing under way, for which the agent answers. */
interface Pairing {
  readonly ask: PairingAsk;
  readonly over: AbortSignal;
  /** A person said no, or what they typed is no number. */
  refused(): void;
  /** Aborted when BlueZ takes the question back. */
  question: AbortController;
  shown: string | null;
}

/** Our own object on the bus. */
const AGENT_PATH = "/org/glucohub/agent";
const NOTHING: BusAnswer = { signature: "", body: [] };

/**
 * Answers BlueZ's questions about pairings (its doc/org.bluez.Agent.rst), as the default agent with a display and a
 * keyboard. What nobody here asked to pair is rejected.
 */
export class PairingAgent {
  readonly #link: BluezLink;
  readonly #log: Log;
  /** By the path of the device. */
  readonly #pairings = new Map<string, Pairing>();
  #registered: Promise<void> | null = null;
  #forget: (() => void) | null = null;

  constructor(link: BluezLink, log: Log) {
    this.#link = link;
    this.#log = log;
    link.answer = (saying) => this.#answer(saying);
  }

  /** Registers the agent, now and whenever BlueZ appears; resolves when BlueZ has taken it, or would not. */
  async register(): Promise<void> {
    this.#forget ??= this.#link.onUp(() => {
      this.#registered = this.#register();
    });
    await this.#registered;
  }

  /** True while that device is being paired. */
  pairs(path: string): boolean {
    return this.#pairings.has(path);
  }

  /** Answers for the device with what `ask` says, until the returned function is called; `refused` if a person says no. */
  begin(path: string, ask: PairingAsk, over: AbortSignal, refused: () => void): () => void {
    const pairing: Pairing = { ask, over, refused, question: new AbortController(), shown: null };
    this.#pairings.set(path, pairing);
    return () => {
      pairing.question.abort();
      if (this.#pairings.get(path) === pairing) this.#pairings.delete(path);
    };
  }

  /** Gives the agent up, as far as somebody listens. */
  async close(): Promise<void> {
    this.#forget?.();
    for (const { question } of this.#pairings.values()) question.abort();
    if (this.#registered === null || this.#link.trouble !== null) return;
    const call = { path: BLUEZ_PATH, interface: AGENT_MANAGER, member: "UnregisterAgent", ms: RELEASE_MS };
    await this.#link.call({ ...call, signature: "o", body: [AGENT_PATH] }).catch(() => undefined);
  }

  async #register(): Promise<void> {
    const manager = { path: BLUEZ_PATH, interface: AGENT_MANAGER };
    try {
      const body = [AGENT_PATH, "KeyboardDisplay"];
      await this.#link.call({ ...manager, member: "RegisterAgent", signature: "os", body });
      await this.#link.call({ ...manager, member: "RequestDefaultAgent", signature: "o", body: [AGENT_PATH] });
    } catch (error) {
      this.#log.warn({ said: wordsOf(error) }, "BlueZ takes no pairing agent");
    }
  }

  #answer({ path, interface: name, member, body }: BusSaying): Promise<BusAnswer> | null {
    if (path !== AGENT_PATH || name !== AGENT) return null;
    return this.#dispatch(member, text(body[0]) ?? "", body[1]);
  }

  async #dispatch(member: string, device: string, detail: unknown): Promise<BusAnswer> {
    // Neither names a device: BlueZ takes back whatever it asked last.
    if (member === "Cancel" || member === "Release") {
      for (const { question } of this.#pairings.values()) question.abort();
      return NOTHING;
    }
    const pairing = this.#pairings.get(device);
    if (pairing === undefined) throw rejected("nobody here asked for this pairing");
    switch (member) {
      case "RequestPasskey":
        return { signature: "u", body: [Number(await this.#digits(pairing))] };
      case "RequestPinCode":
        return { signature: "s", body: [await this.#digits(pairing)] };
      case "DisplayPasskey":
      case "DisplayPinCode":
        this.#show(pairing, sixDigits(detail));
        return NOTHING;
      case "RequestConfirmation":
        await this.#ask(pairing, { type: "confirm", digits: sixDigits(detail) });
        return NOTHING;
      case "RequestAuthorization":
        await this.#ask(pairing, { type: "authorize" });
        return NOTHING;
      case "AuthorizeService":
        return NOTHING;
      default:
        throw new Refusal("org.freedesktop.DBus.Error.UnknownMethod", member);
    }
  }

  async #digits(pairing: Pairing): Promise<string> {
    const { digits = "" } = await this.#ask(pairing, { type: "passkey" });
    // The passkey is a number from 0 to 999999 (Core Specification, volume 3, part H, section 2.3.5.3).
    if (!/^\d{1,6}$/.test(digits)) {
      pairing.refused();
      throw rejected("no six digits");
    }
    return digits.padStart(6, "0");
  }

  /** Shows digits that are typed on the meter: BlueZ goes on at once, and tells the same ones again at each key. */
  #show(pairing: Pairing, digits: string): void {
    if (pairing.shown === digits) return;
    pairing.shown = digits;
    // What is rejected here ends the pairing by `refused`.
    this.#ask(pairing, { type: "shown", digits }).catch(() => undefined);
  }

  async #ask(pairing: Pairing, question: PairingQuestion): Promise<PairingAnswer> {
    pairing.question.abort();
    pairing.question = new AbortController();
    const signal = AbortSignal.any([pairing.over, pairing.question.signal]);
    const asked = pairing.ask(question, signal);
    const answer = await until(signal, asked).catch((error: unknown) => {
      throw new Refusal("org.bluez.Error.Canceled", wordsOf(error));
    });
    if (answer.yes) return answer;
    pairing.refused();
    throw rejected("a person said no");
  }
}

function rejected(said: string): Refusal {
  return new Refusal("org.bluez.Error.Rejected", said);
}

function sixDigits(detail: unknown): string {
  return String(detail).padStart(6, "0");
}
