import { Problem } from "../domain/problem.js";
import { unhex } from "./bytes.js";

/** Bytes of a key. */
const KEY_BYTES = 16;
/** What a key may be called: `libre2.authEnc`. */
const NAME = /^[a-z][A-Za-z0-9]*(?:[.-][A-Za-z0-9]+)*$/;

/**
 * The keys in a key file's text: a line for each, `name: 32 hex digits`; empty lines and what follows a `#` mean nothing.
 * Throws SETTINGS_INVALID with the number of the first wrong line, and never with what stands in it: a key is a secret.
 */
export function parseKeyFile(text: string): ReadonlyMap<string, Uint8Array> {
  const keys = new Map<string, Uint8Array>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    const said = line.replace(/#.*$/, "").trim();
    if (said === "") continue;
    const colon = said.indexOf(":");
    const name = said.slice(0, Math.max(0, colon)).trim();
    if (!NAME.test(name)) throw wrong(index, "is not of the form `name: 32 hex digits`");
    if (keys.has(name)) throw wrong(index, `names the key ${name} a second time`);
    keys.set(name, keyOf(said.slice(colon + 1).trim(), name, index));
  }
  return keys;
}

function keyOf(digits: string, name: string, index: number): Uint8Array {
  const plain = digits.replaceAll(" ", "");
  if (!/^[0-9A-Fa-f]*$/.test(plain)) throw wrong(index, `has something else than hex digits for the key ${name}`);
  if (plain.length !== 2 * KEY_BYTES) {
    throw wrong(index, `has ${plain.length} hex digits for the key ${name}; a key has ${2 * KEY_BYTES}`);
  }
  return unhex(plain);
}

function wrong(index: number, what: string): Problem {
  return new Problem("SETTINGS_INVALID", `Line ${index + 1} of the key file ${what}.`, { line: index + 1 });
}
