import type { Log } from "../domain/clock.js";

/** A line of the log on its way from a thread to whoever started it. */
export interface LoggedLine {
  readonly type: "log";
  readonly level: "debug" | "info" | "warn" | "error";
  readonly facts: object;
  readonly message: string;
}

/** A log whose lines are sent elsewhere. */
export function loggingTo(send: (line: LoggedLine) => void): Log {
  const at = (level: LoggedLine["level"]) => (facts: object, message: string) =>
    send({ type: "log", level, facts, message });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
