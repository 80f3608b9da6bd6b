/**
 * Text that a spreadsheet would compute or split (OWASP, CSV injection): signs of a formula, also of full width and behind
 * blanks and quotes, a tab, a line break. Behind apostrophes too, so that what was guarded can be told from what looks so.
 */
const DANGEROUS = /^'*(?:[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/;

/** A text as it is written into a cell: with an apostrophe before it where a spreadsheet would take it for a formula. */
export function guardFormula(text: string): string {
  return DANGEROUS.test(text) ? `'${text}` : text;
}

/** The text that was guarded: exactly undoes `guardFormula`. */
export function unguardFormula(cell: string): string {
  return cell.startsWith("'") && DANGEROUS.test(cell.slice(1)) ? cell.slice(1) : cell;
}
