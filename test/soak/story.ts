/** What happened, in order, to be told if it ends badly. */
export interface Story {
  tell(line: string): void;
  /** The last lines, oldest first, each with its time. */
  last(count: number): string;
}

const KEPT = 2_000;

/** An empty story. */
export function makeStory(): Story {
  const lines: string[] = [];
  return {
    tell(line) {
      lines.push(`${new Date().toISOString().slice(11, 23)} ${line}`);
      if (lines.length > KEPT) lines.splice(0, lines.length - KEPT);
    },
    last: (count) => lines.slice(-count).join("\n"),
  };
}
