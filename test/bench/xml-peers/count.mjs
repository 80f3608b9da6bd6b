import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";

/**
 * Runs a SAX parser over the file named on the command line and prints "records metadata sum milliseconds" of its
 * glucose, as every program of this folder does.
 *
 * @param {(handlers: {open(name: string, attributes: Record<string, string>): void, close(name: string): void}) =>
 *   {write(text: string): void, close(): void}} start
 */
export function count(start) {
  let [records, metadata, sum, inside] = [0, 0, 0, false];
  const parser = start({
    open(name, attributes) {
      if (name === "Record") {
        inside = attributes.type === "HKQuantityTypeIdentifierBloodGlucose";
        if (!inside) return;
        records += 1;
        sum += Number(attributes.value);
      } else if (inside && name === "MetadataEntry") metadata += 1;
    },
    close(name) {
      if (name === "Record") inside = false;
    },
  });
  const file = openSync(process.argv[2], "r");
  const bytes = Buffer.alloc(1 << 20);
  const decoder = new StringDecoder("utf8");
  const from = performance.now();
  for (let got = readSync(file, bytes); got > 0; got = readSync(file, bytes)) {
    parser.write(decoder.write(bytes.subarray(0, got)));
  }
  parser.close();
  console.log(`${records} ${metadata} ${sum} ${(performance.now() - from).toFixed(3)}`);
  closeSync(file);
}
