import { cellsOf } from "./lines.js";

/** How many columns the report has at least, in any language (sheet b: ten). */
const COLUMNS = 9;

/**
 * True if these first bytes of a file begin a report: a line of its own, then `serial;date;time` and a row of columns'
 * names. Also true for one in another language, so that its refusal can say what is wrong with it.
 */
export function isReport(head: Uint8Array): boolean {
  const lines = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("latin1").split("\n");
  const [, second = [], third = []] = lines.map((line) => cellsOf(Buffer.from(line, "latin1")));
  if (lines.length < 3 || second.length < 3 || third.length < COLUMNS) return false;
  const names = third.map((cell) => cell.toLowerCase());
  if (["date", "time", "result", "unit"].every((name) => names.includes(name))) return true;
  const [serial = "", date = "", time = "", ...rest] = second;
  const isOurs =
    serial !== "" && /^\d\d\.\d\d\.\d{4}$/.test(date) && /^\d\d:\d\d$/.test(time) && rest.every((cell) => cell === "");
  return isOurs && third.every((cell) => !/\d/.test(cell));
}
