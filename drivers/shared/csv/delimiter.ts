import type { Delimiter } from "./row-cutter.js";

const CANDIDATES: readonly Delimiter[] = [",", ";", "\t"];
/** How many lines are looked at: titles and preambles stand before the columns' names. */
const LINES = 40;

/** A comma within a number, or between two: where `;` parts the cells, there may be more of these than of `;`. */
const WITHIN_NUMBER = /(?<=\d),(?=\d)/g;

/**
 * What parts the cells of a file with this beginning: the sign that stands most often, outside quotation marks, on one
 * line, since the line of the columns' names has more of it than any other has of another. Commas between digits do not
 * count; where nothing counts, it is the comma.
 */
export function findDelimiter(head: string): Delimiter {
  let best: { readonly delimiter: Delimiter; readonly count: number } = { delimiter: ",", count: 0 };
  for (const line of head.split(/\r\n|\r|\n/, LINES)) {
    const bare = line.replace(/"(?:[^"]|"")*"/g, "").replace(WITHIN_NUMBER, "");
    for (const delimiter of CANDIDATES) {
      const count = bare.split(delimiter).length - 1;
      if (count > best.count) best = { delimiter, count };
    }
  }
  return best.delimiter;
}
