/** A naive variant of the product's code, put in its place while a test loads it. The product itself knows nothing of it. */
export interface Mutant {
  /** The trap's number, and a letter where it has several variants. */
  readonly id: string;
  /** What the naive code does. */
  readonly what: string;
  /** Each text must stand in its file exactly once: a mutant that no longer applies fails instead of passing for caught. */
  readonly edits: readonly Edit[];
  /** Test files that must catch it, each on its own. */
  readonly caughtBy: readonly string[];
}

/** One replacement. */
export interface Edit {
  /** Path from the root. */
  readonly file: string;
  /** However it is broken into lines. */
  readonly find: string;
  readonly put: string;
}

/** A file's text with the mutant in it; null if the mutant does not touch that file. Throws where its text is not there once. */
export function mutated(mutant: Mutant, file: string, text: string): string | null {
  const edits = mutant.edits.filter((edit) => file.endsWith(`/${edit.file}`));
  if (edits.length === 0) return null;
  let result = text;
  for (const { find, put } of edits) {
    const pattern = new RegExp(find.trim().split(/\s+/).map(escaped).join("\\s+"), "g");
    const count = [...result.matchAll(pattern)].length;
    if (count !== 1) throw new Error(`mutant ${mutant.id} does not apply: its text stands ${count} times in ${file}`);
    result = result.replace(pattern, () => put);
  }
  return result;
}

function escaped(word: string): string {
  return word.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
}
