/** What a virtual meter can be asked and told in remote command mode. */
export interface SimulatedSettings {
  /** The answer to `R|` and this letter; null if it has no such setting. */
  read(letter: string): string | null;
  /** `W|`, the letter and the value without its delimiter; false if it is declined. */
  write(letter: string, value: string): boolean;
  /** Another word behind `R|` and its letter, such as a record's number; null if it is declined. */
  readMore?(letter: string, word: string): string | null;
}

/** What the mode answers to a byte: something to send; `declined` besides if the meter said no. */
export interface RemoteAnswer {
  readonly text: string;
  readonly declined: boolean;
}

const ACK = "\u0006";
const NAK = "\u0015";

/**
 * The meter's side of remote command mode, from the protocol's facts and apart from the codec: `R|` or `W|`, a letter and
 * `|`, then an answer, or for `W|` a value with `|` and CR. Each word but a question's last is taken with ACK.
 */
export class SimulatedRemote {
  readonly #settings: SimulatedSettings;
  #heard = "";
  #verb: "R" | "W" | null = null;
  #letter: string | null = null;

  constructor(settings: SimulatedSettings) {
    this.#settings = settings;
  }

  /** The mode begins, or begins again. */
  begin(): void {
    this.#done(null);
  }

  /** Takes one byte; null while a word is not whole, or the byte means nothing. */
  take(byte: number): RemoteAnswer | null {
    const character = String.fromCharCode(byte);
    if (this.#verb === "W" && this.#letter !== null) return this.#value(character);
    if (!/[0-9A-Z|]/.test(character)) return null;
    this.#heard += character;
    if (character !== "|") return null;
    const word = this.#heard.slice(0, -1);
    this.#heard = "";
    return this.#word(word);
  }

  #word(word: string): RemoteAnswer {
    if (this.#letter !== null) {
      const text = this.#settings.readMore?.(this.#letter, word) ?? null;
      return this.#done(text);
    }
    if (this.#verb === null) {
      if (word !== "R" && word !== "W") return this.#done(null);
      this.#verb = word;
      return { text: ACK, declined: false };
    }
    if (this.#verb === "R" && !(word === "N" && this.#settings.readMore !== undefined)) {
      return this.#done(this.#settings.read(word));
    }
    this.#letter = word;
    return { text: ACK, declined: false };
  }

  #value(character: string): RemoteAnswer | null {
    this.#heard += character;
    if (character !== "\r") return null;
    const value = /^(\d+)\|\r$/.exec(this.#heard)?.[1];
    const taken = value !== undefined && this.#settings.write(this.#letter ?? "", value);
    return this.#done(taken ? ACK : null);
  }

  #done(text: string | null): RemoteAnswer {
    this.#heard = "";
    this.#verb = null;
    this.#letter = null;
    return { text: text ?? NAK, declined: text === null };
  }
}
