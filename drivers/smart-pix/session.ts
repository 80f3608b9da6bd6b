import type { Log } from "../../src/domain/clock.js";
import { Problem } from "../../src/domain/problem.js";
import type { SessionEvent } from "../../src/domain/reading.js";
import type { Kind } from "../../src/domain/record.js";
import type { FileSessionContext } from "../../src/kit/driver.js";
import { createNames } from "../shared/roche/names.js";
import { type ReportReader, readReport } from "../shared/roche/read-report.js";
import { Unfit } from "../shared/roche/unfit.js";
import { Tokenizer } from "../shared/xml/tokenizer.js";
import { displayUnit, type ReportedDevice, readDevice, readTest } from "./codec.js";
import { type Element, Elements } from "./elements.js";

/** Root of every report (sheet a). */
export const ROOT = "IMPORT";
/** How much is taken at a time, so that few elements wait to be told. */
const PIECE_BYTES = 16_384;

/**
 * Reads a report, element by element. Throws IMPORT_MALFORMED if it does not name its meter before the tests, names two,
 * or is no XML; IMPORT_TRUNCATED if it ends before its end tag; what stood before is told.
 */
export async function* session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void> {
  yield* readReport(context, new Report(context.kinds, context.log));
}

class Report implements ReportReader {
  readonly #kinds: ReadonlySet<Kind> | null;
  readonly #log: Log;
  readonly #nameOf = createNames();
  #elements: Element[] = [];
  readonly #tokenizer = new Tokenizer(new Elements((element) => this.#elements.push(element)), ROOT);
  #device: ReportedDevice | null = null;

  constructor(kinds: ReadonlySet<Kind> | null, log: Log) {
    this.#kinds = kinds;
    this.#log = log;
  }

  *push(bytes: Uint8Array): Generator<SessionEvent, void, void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield* this.#piece(bytes.subarray(at, at + PIECE_BYTES));
  }

  *#piece(bytes: Uint8Array): Generator<SessionEvent, void, void> {
    let damage: { readonly error: unknown } | null = null;
    try {
      this.#tokenizer.push(bytes);
    } catch (error) {
      // What stood before the damage is told first.
      damage = { error };
    }
    const elements = this.#elements;
    this.#elements = [];
    for (const element of elements) yield* this.#tell(element);
    if (damage !== null) throw damage.error;
  }

  end(): readonly SessionEvent[] {
    this.#tokenizer.end();
    if (this.#device === null) throw new Problem("IMPORT_MALFORMED", "The report does not name its meter.");
    return [];
  }

  *#tell(element: Element): Generator<SessionEvent, void, void> {
    const [, section, entry, ...deeper] = element.path.split("/");
    if (section === undefined) return;
    if (entry === undefined) yield* this.#section(section, element);
    else if (section === "BGDATA" && entry === "BG" && deeper.length === 0) yield* this.#test(element);
    else if (section === "BGDATA") yield unreadable(element, "what it is is not known");
    // What stands in other sections was told as one with its section.
  }

  *#section(name: string, element: Element): Generator<SessionEvent, void, void> {
    if (name === "DEVICE") yield* this.#meet(readDevice(element));
    else if (name === "BGDATA") return;
    else if (name === "IP") yield unreadable(element, "an insulin pump's data are not read");
    else if (!element.empty || element.attributes.has("Val")) yield unreadable(element, "what it is is not known");
    else this.#log.info({ element: element.path }, "an element of the report that says nothing about readings");
  }

  *#meet(device: ReportedDevice): Generator<SessionEvent, void, void> {
    if (this.#device !== null) {
      if (this.#device.serial === device.serial && this.#device.glucoseUnit === device.glucoseUnit) return;
      throw new Problem("IMPORT_MALFORMED", "The report names two meters: whose its readings are is not known.");
    }
    this.#device = device;
    this.#log.info({ clock: device.clock }, "what the meter's clock showed when it was read out");
    yield {
      type: "identity",
      identity: {
        manufacturer: "Roche",
        model: device.model,
        serial: device.serial,
        firmware: null,
        displayUnit: displayUnit(device),
      },
      source: "file",
      sourceName: "Smart Pix report",
    };
    // What the meter's clock showed when it was read out says nothing now: nobody knows when that was.
    yield { type: "clock", deviceTime: null };
  }

  *#test(element: Element): Generator<SessionEvent, void, void> {
    const device = this.#device;
    if (device === null) throw new Problem("IMPORT_MALFORMED", "The report does not name its meter before its tests.");
    try {
      const nameOf = (called: string): string => this.#nameOf(`smart-pix ${device.serial} ${called}`);
      const readings = readTest(element, device, nameOf);
      yield {
        type: "readings",
        readings: readings.filter(({ kind }) => this.#kinds === null || this.#kinds.has(kind)),
      };
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      yield unreadable(element, error.message);
    }
  }
}

function unreadable(element: Element, why: string): SessionEvent {
  const detail = `The ${element.path} at byte ${element.offset} can't be read: ${why}.`;
  return { type: "unreadable", unreadable: { code: "IMPORT_MALFORMED", detail, raw: element.raw } };
}
