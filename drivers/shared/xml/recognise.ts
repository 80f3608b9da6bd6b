/**
 * True if these first bytes of a file begin an XML document whose type or root element has that name, whatever
 * declarations, instructions and comments stand before it.
 */
export function beginsDocument(head: Uint8Array, root: string): boolean {
  let rest = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  for (;;) {
    rest = rest.trimStart();
    const ending = rest.startsWith("<?") ? "?>" : rest.startsWith("<!--") ? "-->" : null;
    if (ending === null) {
      const named = /^<(?:!DOCTYPE\s+)?([^\s[>/]+)[\s[>/]/.exec(rest);
      return named?.[1] === root;
    }
    const end = rest.indexOf(ending);
    if (end === -1) return false;
    rest = rest.slice(end + ending.length);
  }
}
