import type { GlucoRecord } from "../domain/record.js";
import type { Cli } from "./cli.js";
import { recordLine } from "./record-text.js";

/** Prints one record as data: a JSON object, or a line that begins with its id. */
export function tellRecord(cli: Cli, record: GlucoRecord, zone: string, json: boolean): Promise<void> {
  return json ? cli.out.json(record) : cli.out.print(recordLine(record, zone));
}
