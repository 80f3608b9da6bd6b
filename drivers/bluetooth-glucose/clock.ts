import { isProblem, Problem } from "../../src/domain/problem.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { BleTransport, GattName } from "../../src/kit/transport.js";
import { readDateTime } from "../shared/gatt/date-time.js";
import { CURRENT_TIME, findCharacteristic, GLUCOSE, sameName } from "../shared/gatt/names.js";
import type { Notices } from "../shared/gatt/notices.js";
import type { Row } from "./rows.js";

/** How a meter's clock is reached. */
export type ClockWay = { readonly kind: "value" | "own"; readonly name: GattName };

/** What a clock shows, or why it can't be read, with its bytes. */
export interface ClockShown {
  readonly deviceTime: string | null;
  readonly fault: { readonly problem: Problem; readonly raw: Uint8Array } | null;
}

/** Where i-SENS keeps the clock: in older meters, and in newer ones (both sheets). */
const OWN_CLOCKS: readonly GattName[] = [
  { service: "fff0", characteristic: "fff1" },
  {
    service: "c4dea010-5a9d-11e9-8647-d663bd873d93",
    characteristic: "c4dea3bc-5a9d-11e9-8647-d663bd873d93",
  },
];
/** Word for the clock there; a date of zeros behind it asks, any other one sets (both sheets). */
const OWN_WORD = [0xc0, 0x03, 0x01, 0x00] as const;
const OWN_DATE_AT = OWN_WORD.length;
const OWN_ANSWER_MS = 5_000;

/** Where a meter's clock can be read: at the Current Time Service, in the Glucose Service, or at a place of its maker's. */
export function clockWay(transport: BleTransport, { ownClock }: Row): ClockWay | null {
  for (const name of [CURRENT_TIME, GLUCOSE.dateTime]) {
    if (findCharacteristic(transport, name, "read") !== null) return { kind: "value", name };
  }
  const own = OWN_CLOCKS.find((name) => findCharacteristic(transport, name, "write") !== null);
  return ownClock && own !== undefined ? { kind: "own", name: own } : null;
}

/** What the clock shows. A meter that declines, or does not answer, shows none. Throws what the transport throws. */
export async function readClock(
  way: ClockWay | null,
  { transport, signal, log }: SessionContext<BleTransport>,
  notices: Notices,
): Promise<ClockShown> {
  const none = { deviceTime: null, fault: null };
  if (way === null) return none;
  let raw: Uint8Array | null;
  try {
    raw =
      way.kind === "value"
        ? await transport.readValue(way.name, signal)
        : await askOwnClock(way.name, transport, signal, notices);
  } catch (error) {
    if (!isProblem(error, "GATT_REFUSED")) throw error;
    log.warn({ att: error.context["att"] ?? null }, "the meter does not tell what its clock shows");
    return none;
  }
  if (raw === null) {
    log.warn({}, "the meter does not answer what its clock shows");
    return none;
  }
  try {
    const deviceTime = way.kind === "value" ? readDateTime(raw) : readOwnClock(raw);
    return { deviceTime, fault: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { deviceTime: null, fault: { problem: error, raw } };
  }
}

/** The words that set a clock at the maker's own place to that date and time of seven bytes. */
export function ownClockWords(time: Uint8Array): Uint8Array {
  return Uint8Array.from([...OWN_WORD, ...time]);
}

async function askOwnClock(
  name: GattName,
  transport: BleTransport,
  signal: AbortSignal,
  notices: Notices,
): Promise<Uint8Array | null> {
  await transport.subscribe(name, signal);
  await transport.write(name, ownClockWords(new Uint8Array(7)), signal);
  // Whatever else was switched on may come between; this is asked before it is.
  for (let taken = 0; taken < 8; taken += 1) {
    const notice = await notices.next(OWN_ANSWER_MS);
    if (notice === null) return null;
    if (sameName(notice.from, name)) return notice.bytes;
  }
  return null;
}

function readOwnClock(raw: Uint8Array): string {
  const [word, kind] = OWN_WORD;
  if (raw[0] !== word || raw[1] !== kind) throw new Problem("FRAME_MALFORMED", "The answer is not that of a clock.");
  return readDateTime(raw, OWN_DATE_AT);
}
