/**
 * Says in a few words what a file begins like, for a person who dropped the wrong one: `a PDF document`. Never shows
 * the content itself: it may be about a person's health.
 *
 * @param head the file's first bytes
 */
export function sniff(head: Uint8Array): string {
  if (head.length === 0) return "an empty file";
  const text = Buffer.from(head).toString("latin1");
  for (const [start, name] of MAGIC) if (text.startsWith(start)) return name;
  const begin = text.replace(/^(\xef\xbb\xbf|\s)+/, "");
  const root =
    /^(?:<\?xml[^>]*>|<!--[\s\S]*?-->|<!DOCTYPE[^>[]*(?:\[[\s\S]*?\])?\s*>|\s)*<([A-Za-z_][\w.:-]{0,60})/.exec(begin);
  if (root?.[1] !== undefined) return `a document of <${root[1]}>`;
  if (/^[[{]/.test(begin)) return "a JSON document";
  return [...head].some((byte) => byte < 9) ? "a binary file" : "a text file";
}

/** First bytes of kinds that people drop by mistake; each is its format's published signature. */
const MAGIC = [
  ["%PDF-", "a PDF document"],
  ["\x89PNG", "a PNG picture"],
  ["\xff\xd8\xff", "a JPEG picture"],
  ["GIF8", "a GIF picture"],
  ["SQLite format 3\0", "an SQLite database"],
  ["PK\x03\x04", "a zip archive"],
  ["\x1f\x8b", "a gzip file"],
  ["7z\xbc\xaf\x27\x1c", "a 7-Zip archive"],
  ["Rar!", "a RAR archive"],
  ["\xd0\xcf\x11\xe0", "an old Office document"],
] as const;
