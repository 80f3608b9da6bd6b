/** Longest name that is shown, characters. */
const LONGEST = 200;

/**
 * The name of an uploaded file for messages: from `X-Filename` (plain or percent-encoded), else `Content-Disposition`
 * (RFC 6266; `filename*` before `filename`), else `import`. Without folders and without characters that can't be shown.
 */
export function fileName(xFilename: string | undefined, disposition: string | undefined): string {
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition ?? "")?.[1];
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition ?? "");
  const given = xFilename ?? extended;
  const name = given === undefined ? (plain?.[1]?.replace(/\\(.)/g, "$1") ?? plain?.[2] ?? "") : decoded(given);
  const base = name.split(/[/\\]/).at(-1) ?? "";
  const shown = base.replace(/\p{C}/gu, "").trim().slice(0, LONGEST);
  return shown === "" || /^\.+$/.test(shown) ? "import" : shown;
}

function decoded(text: string): string {
  // Node reads header bytes as latin1; most programs send UTF-8.
  const bytes = Buffer.from(text, "latin1").toString("utf8");
  const spelled = bytes.includes("\uFFFD") ? text : bytes;
  try {
    return decodeURIComponent(spelled);
  } catch {
    return spelled;
  }
}
