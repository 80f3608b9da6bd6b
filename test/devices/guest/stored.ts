import { join } from "node:path";
import Database from "better-sqlite3";
import type { SimulatedReading } from "../../../src/kit/driver.js";
import type { HubEnd } from "../report.js";

/** Looks into a hub's store while the hub writes it, without the hub's own code. */
export class Stored {
  readonly #database: Database.Database;

  /** @param data the hub's data folder */
  constructor(data: string) {
    this.#database = new Database(join(data, "glucohub.db"), { readonly: true });
  }

  /** A meter's readings as the text of `wordsOf`, sorted. */
  readings(driver: string, serial: string | null): readonly string[] {
    const rows = this.#database
      .prepare(
        `SELECT r.kind, r.fields FROM records r JOIN captures c ON c.id = r.capture
         WHERE c.driver = ? AND json_extract(c.device, '$.serial') IS ? AND r.deleted = 0`,
      )
      .all(driver, serial) as readonly { readonly kind: string; readonly fields: string }[];
    return rows.map(({ kind, fields }) => wordsOf({ kind, ...JSON.parse(fields) })).sort();
  }

  /** How many of a meter's sessions were kept and broke off. */
  brokenOff(driver: string, serial: string | null): number {
    return this.#number(
      "SELECT count(*) FROM captures WHERE outcome <> 'done' AND driver = ? AND json_extract(device, '$.serial') IS ?",
      ...[driver, serial],
    );
  }

  /** What stands in it in the end. */
  summary(): HubEnd {
    return {
      records: this.#number("SELECT count(*) FROM records"),
      sessions: this.#number("SELECT count(*) FROM captures"),
      brokenOff: this.#number("SELECT count(*) FROM captures WHERE outcome <> 'done'"),
      integrity: String(this.#database.pragma("integrity_check", { simple: true })),
    };
  }

  #number(sql: string, ...values: readonly (string | null)[]): number {
    return Number(
      this.#database
        .prepare(sql)
        .pluck()
        .get(...values),
    );
  }
}

/** What is compared of a reading: all that a simulator says of it. */
export function wordsOf(reading: SimulatedReading | Readonly<Record<string, unknown>>): string {
  const { deviceTime, kind, value, unit, outOfRange, control, meal } = reading as SimulatedReading;
  return JSON.stringify({ deviceTime: deviceTime ?? "", kind, value, unit, outOfRange, control, meal });
}
