import type { SessionEvent, SourceReading } from "../../src/domain/reading.js";
import { KINDS } from "../../src/domain/record.js";
import type { FileSessionContext } from "../../src/kit/driver.js";
import { headingOf } from "../shared/csv/columns.js";
import { readRows } from "../shared/csv/read-rows.js";
import { Teller } from "../shared/export/teller.js";
import { Unfit } from "../shared/export/unfit.js";
import { jsonElements } from "../shared/json/elements.js";
import { jsonLines } from "./json-lines.js";
import { membersOf, ownReading } from "./own-record.js";
import { formOf } from "./recognise.js";

/** One record of the export: its members, or why they can't be read. */
interface Line {
  readonly where: string;
  readonly raw: Uint8Array;
  members(): Record<string, unknown>;
}

/** How much is looked at to see in which form the export is, bytes. */
const HEAD_BYTES = 4_096;

/** Reads a hub's own export in any of its forms, record by record. What no hub would have kept is told as unreadable. */
export async function* session(context: FileSessionContext): AsyncGenerator<SessionEvent, void, void> {
  const { file, entry, signal, kinds } = context;
  const identity = { manufacturer: null, model: null, serial: null, firmware: null, displayUnit: null };
  yield { type: "identity", identity, source: "file", sourceName: "Glucohub" };
  yield { type: "clock", deviceTime: null };
  if (kinds !== null && !KINDS.some((kind) => kinds.has(kind))) return;
  const teller = new Teller("glucohub-export", context);
  for await (const lines of linesOf(await headOf(context), entry.open(), signal)) {
    signal.throwIfAborted();
    const readings: SourceReading[] = [];
    for (const line of lines) {
      try {
        const reading = ownReading(line.members(), line.raw);
        if (reading === null) teller.other("deleted records");
        else if (teller.wants(reading.kind)) readings.push(reading);
      } catch (error) {
        teller.unfit(error, line.where, line.raw);
      }
    }
    if (readings.length > 0) yield { type: "readings", readings };
    yield* teller.take();
  }
  teller.end();
  yield { type: "progress", doneBytes: file.position(), totalBytes: file.sizeBytes };
}

async function headOf({ entry }: FileSessionContext): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  for await (const bytes of entry.open()) {
    head = Buffer.concat([head, bytes]);
    if (head.length >= HEAD_BYTES) break;
  }
  return head;
}

async function* linesOf(
  head: Uint8Array,
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<readonly Line[], void, void> {
  const form = formOf(head);
  if (form === "page") {
    for await (const elements of jsonElements(pieces, [["records", "*"]])) {
      yield elements.map(({ raw, offset, fault }) => ({
        where: `What stands at byte ${offset}`,
        raw,
        members: () => parsed(raw, fault),
      }));
    }
  } else if (form === "lines") {
    let number = 0;
    for await (const lines of jsonLines(pieces)) {
      yield lines.flatMap(({ bytes, cut }) => {
        number += 1;
        const members = (): Record<string, unknown> => parsed(bytes, cut ? "it is too long" : null);
        return bytes.length === 0 ? [] : [{ where: `Line ${number}`, raw: bytes, members }];
      });
    }
  } else yield* csvLines(pieces, signal);
}

async function* csvLines(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<readonly Line[], void, void> {
  let headings: readonly string[] | null = null;
  for await (const rows of readRows(pieces, signal)) {
    const lines: Line[] = [];
    for (const { cells, raw, line, damage } of rows) {
      if (headings === null) {
        headings = cells.map(headingOf);
        continue;
      }
      const known = headings;
      const members = (): Record<string, unknown> => {
        if (damage !== null) throw new Unfit(damage);
        if (cells.length !== known.length) throw new Unfit("it has not as many cells as there are columns");
        return membersOf(known, cells);
      };
      lines.push({ where: `Line ${line}`, raw, members });
    }
    yield lines;
  }
}

function parsed(bytes: Uint8Array, fault: string | null): Record<string, unknown> {
  if (fault !== null) throw new Unfit(fault);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new Unfit("it is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Unfit("it is no record");
  return value as Record<string, unknown>;
}
