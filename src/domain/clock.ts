/** The passing of time, handed to whoever needs it so that tests and replays can drive it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after that many milliseconds; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Something that can be told what happens: one line, with facts. Never a reading's value together with a person. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** A log that keeps nothing, for tests and pure uses. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
