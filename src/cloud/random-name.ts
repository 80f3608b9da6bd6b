import { randomInt } from "node:crypto";

/** Gives numbers from 0 up to 1, 1 not included. */
export type Random = () => number;

/** Randomness of the machine's own, for names that nobody may guess or repeat. */
export const systemRandom: Random = () => randomInt(2 ** 47) / 2 ** 47;

/** So many random characters of a-z and 0-9. */
export function randomName(random: Random, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 36).toString(36)).join("");
}

/** A random UUID (version 4, RFC 9562 section 5.4). */
export function randomId(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  hex[12] = "4";
  hex[16] = (8 + Math.floor(random() * 4)).toString(16);
  const text = hex.join("");
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}
