/** Control characters (C0 without tab, DEL, C1) and those that turn the direction of text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const HARMFUL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text of a device, a file or a cloud as it may stand on a terminal's line: no character in it moves the cursor, breaks
 * the line or rewrites what was shown before.
 */
export function plain(text: string): string {
  return text.replace(HARMFUL, (character) => (character === "\n" || character === "\r" ? " " : "\ufffd"));
}

/** Rows as aligned columns, one line each, without spaces at the end; `head` is the first. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? "")].length)));
  return all.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function padded(cell: string, width: number): string {
  return cell + " ".repeat(Math.max(0, width - [...cell].length));
}
