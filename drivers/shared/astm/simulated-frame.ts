/** A frame as a meter sends it, from the protocol's facts and apart from the codec: `STX n text CR ETB|ETX cc CR LF`. */
export function simulatedFrame(number: number, text: string, last: boolean): Uint8Array {
  const body = `${number % 8}${text}\r${last ? "\u0003" : "\u0017"}`;
  let sum = 0;
  for (const character of body) sum += character.charCodeAt(0);
  const digits = (sum % 256).toString(16).toUpperCase().padStart(2, "0");
  return Uint8Array.from(`\u0002${body}${digits}\r\n`, (character) => character.charCodeAt(0));
}
