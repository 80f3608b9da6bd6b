import type { HidSimulator } from "../../../src/kit/driver.js";

/** What answers at the other end. */
export type ScriptedAnswerer = Pick<HidSimulator, "receive">;

/** Sends a report. */
export type Send = (report: Uint8Array) => void;

/**
 * A meter for tests that answers each word with that message: a text is sent as it stands, a list is a log of these
 * records. Words that are not in the script are declined. Sums are made here, apart from the codec.
 */
export function scriptedReader(script: Readonly<Record<string, string | readonly string[]>>): ScriptedAnswerer {
  return {
    receive(report, send) {
      const [, type = 0, length = 0] = report;
      if (type === 0x01) {
        sendReports(0x71, "\x01", send);
        return;
      }
      const said = script[String.fromCharCode(...report.slice(3, 3 + length))];
      sendReports(0x60, said === undefined ? "CKSM:00000000\r\nCMD Fail!\r\n" : accepted(messageOf(said)), send);
    },
  };
}

/** The meter, with each of its reports changed on the way: none, itself, or others come of it. */
export function rigged(
  inner: ScriptedAnswerer,
  change: (report: Uint8Array, question: string, asked: number) => readonly Uint8Array[],
): ScriptedAnswerer {
  let asked = 0;
  return {
    receive(report, send) {
      const question = report[1] === 0x01 ? "INIT" : String.fromCharCode(...report.slice(3, 3 + (report[2] ?? 0)));
      asked += 1;
      const mine = asked;
      inner.receive(report, (answer) => {
        for (const one of change(answer, question, mine)) send(one);
      });
    },
  };
}

/** A message with its checksum and the word that it was done. */
export function accepted(message: string): string {
  return `${message}CKSM:${sumOf(message)}\r\nCMD OK\r\n`;
}

/** A log of these records. */
export function logOf(records: readonly string[]): string {
  if (records.length === 0) return "Log Empty\r\n";
  const lines = records.map((record) => `${record}\r\n`).join("");
  return `${lines}${records.length},${sumOf(lines)}\r\n`;
}

/** Text in reports of 64 bytes, as many as it takes. */
export function sendReports(type: number, text: string, send: Send, content = 62): void {
  for (let at = 0; at < Math.max(1, text.length); at += content) send(reportOf(type, text.slice(at, at + content)));
}

/** One report, padded with zeros. */
export function reportOf(type: number, text: string): Uint8Array {
  const report = new Uint8Array(64);
  report.set([type, text.length, ...Array.from(text, (character) => character.charCodeAt(0))]);
  return report;
}

/** The plain sum of all bytes in eight hex digits. */
export function sumOf(text: string): string {
  const sum = Array.from(text, (character) => character.charCodeAt(0)).reduce((a, b) => a + b, 0);
  return sum.toString(16).toUpperCase().padStart(8, "0");
}

function messageOf(said: string | readonly string[]): string {
  return typeof said === "string" ? said : logOf(said);
}
