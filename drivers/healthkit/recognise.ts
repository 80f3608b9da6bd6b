/**
 * True if these first bytes of a file begin a HealthKit export: an XML document whose type or root element is
 * `HealthData`. (Its twin in the archive, `export_cda.xml`, is a `ClinicalDocument`.)
 */
export function isHealthData(head: Uint8Array): boolean {
  let rest = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  for (;;) {
    rest = rest.trimStart();
    const ending = rest.startsWith("<?") ? "?>" : rest.startsWith("<!--") ? "-->" : null;
    if (ending === null) return /^<(?:!DOCTYPE\s+)?HealthData[\s[>/]/.test(rest);
    const end = rest.indexOf(ending);
    if (end === -1) return false;
    rest = rest.slice(end + ending.length);
  }
}
