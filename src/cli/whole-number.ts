import { InvalidArgumentError } from "commander";

/** Makes the reader of an option's whole number within bounds; what is none is wrong usage. */
export function readWhole(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^-?\d{1,15}$/.test(text) && number >= least && number <= most) return number;
    const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`A whole number ${bounds} is expected.`);
  };
}
