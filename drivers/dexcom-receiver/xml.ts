/** Longest description that is looked at, characters. */
const LONGEST = 2_000;

/**
 * The attributes of the last element of that name in the text: `<Name First='1' Second="2"/>`, the only shape of XML that
 * the receiver sends (sheet a). Null if there is none of that shape. Entities stay as they are written.
 */
export function attributes(text: string, name: string): ReadonlyMap<string, string> | null {
  const from = text.lastIndexOf(`<${name}`);
  if (from < 0) return null;
  const element = text.slice(from + 1 + name.length, from + LONGEST);
  const found = new Map<string, string>();
  const attribute = /\s+([A-Za-z]{1,40})\s*=\s*(?:'([^'<>]{0,200})'|"([^"<>]{0,200})")/y;
  let end = 0;
  for (let match = attribute.exec(element); match !== null; match = attribute.exec(element)) {
    found.set(match[1] ?? "", match[2] ?? match[3] ?? "");
    end = attribute.lastIndex;
  }
  return /^\s*\/?>/.test(element.slice(end)) ? found : null;
}
