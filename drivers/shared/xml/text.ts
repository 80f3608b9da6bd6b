/** A decoded value; `sound` is false if it has a reference that means nothing: it then stands in `text` as written. */
export interface DecodedText {
  readonly text: string;
  readonly sound: boolean;
}

/** The five entities of XML 1.0, section 4.6. There are no others: a document that declares its own is refused. */
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

/**
 * The attribute's value between `start` and `end` as its reader should see it: UTF-8, line breaks and tabs as single spaces (XML 1.0, section
 * 3.3.3), references resolved. Control characters that XML forbids, and Apple writes, are kept.
 */
export function decodeText(window: Buffer, start: number, end: number): DecodedText {
  let text = window.toString("utf8", start, end);
  if (/[\t\n\r]/.test(text)) text = text.replace(/\r\n|[\t\n\r]/g, " ");
  if (!text.includes("&")) return { text, sound: true };
  let sound = true;
  const resolved = text.replace(/&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(\w+));|&/g, (written, hex, decimal, name) => {
    const meant = name === undefined ? character(hex, decimal) : ENTITIES.get(name);
    if (meant === undefined) sound = false;
    return meant ?? written;
  });
  return { text: resolved, sound };
}

function character(hex: string | undefined, decimal: string | undefined): string | undefined {
  const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal);
  const exists = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return exists ? String.fromCodePoint(code) : undefined;
}
