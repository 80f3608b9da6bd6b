import { pino } from "pino";
import type { Log } from "../domain/clock.js";
import type { Stream } from "./io.js";
import { plain } from "./plain.js";

/** How much a log tells. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/**
 * A log on a stream: one JSON object a line (pino's, with `time` in RFC 3339) for programs, plain lines for a terminal.
 */
export function createLog(stream: Stream, level: LogLevel): Log {
  const write = (line: string): void => {
    stream.write(stream.isTTY === true ? prettyLine(line) : line);
  };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  return {
    debug: (facts, message) => logger.debug(facts, message),
    info: (facts, message) => logger.info(facts, message),
    warn: (facts, message) => logger.warn(facts, message),
    error: (facts, message) => logger.error(facts, message),
  };
}

/** `12:03:04 warn  the message (fact: value, …)` */
function prettyLine(line: string): string {
  const { level, time, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
  const told = Object.entries(facts).map(
    ([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const tail = told.length === 0 ? "" : ` (${told.join(", ")})`;
  return `${plain(`${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg ?? "")}${tail}`)}\n`;
}
