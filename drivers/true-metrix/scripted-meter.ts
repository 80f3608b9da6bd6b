import { latin1, latin1Bytes } from "../../src/kit/bytes.js";
import type { HidSimulator } from "../../src/kit/driver.js";

/** A text in parentheses with its sum, put together apart from the codec. */
export function framed(text: string): string {
  let sum = 0;
  for (const character of `(${text})`) sum += character.charCodeAt(0);
  return `(${text})${(sum % 256).toString(16).toUpperCase().padStart(2, "0")}`;
}

/** The frame with the sum of a memory of these results. */
export function sumOf(results: readonly string[]): string {
  let sum = 0;
  for (const character of results.join("")) sum += character.charCodeAt(0);
  return framed(`x5${(sum % 65_536).toString(16).toUpperCase().padStart(4, "0")}`);
}

/** A memory as it is sent. */
export function memoryOf(results: readonly string[]): string {
  return `${results.map((digits) => framed(`g5${digits}`)).join("")}${sumOf(results)}`;
}

/** Three results of May 2024: 104 mg/dL on the 6th at 7:31, 93 on the 5th at 19:02, 121 of control solution on the 4th at 12:00. */
export const RESULTS = ["52702DB06800", "520C76E05D00", "51A84B007901"] as const;
export const STAMPS = ["2024-05-06T07:31:00", "2024-05-05T19:02:00", "2024-05-04T12:00:00"] as const;

/** Reports of 64 bytes that carry this text. */
export function reportsOf(text: string): Uint8Array[] {
  return Array.from({ length: Math.ceil(text.length / 63) }, (_, index) => {
    const piece = latin1Bytes(text.slice(index * 63, index * 63 + 63));
    const report = new Uint8Array(64);
    report[0] = piece.length;
    report.set(piece, 1);
    return report;
  });
}

/** What a scripted meter answers to each word; `times` counts how often the word was said before. */
export type Script = (word: string, times: number) => string;

/** A meter of three results that answers as a True Metrix Air; `change` replaces an answer. */
export function scriptedMeter(
  change: (answer: string, word: string, times: number) => string = (answer) => answer,
  memory: string = memoryOf(RESULTS),
): Pick<HidSimulator, "receive" | "reportBytes"> & { readonly words: string[] } {
  const answers: Readonly<Record<string, string>> = {
    I: framed("iBLU"),
    Z1: framed("z1TM4410359"),
    V: framed("v1.07"),
    T: framed("t090708060524"),
    G: memory,
  };
  const words: string[] = [];
  return {
    reportBytes: 64,
    words,
    receive(report, send) {
      const word = /^\((.*)\)..$/.exec(latin1(report.slice(3)))?.[1] ?? "?";
      const times = words.filter((one) => one === word).length;
      words.push(word);
      for (const one of reportsOf(change(answers[word] ?? "", word, times))) send(one);
    },
  };
}
