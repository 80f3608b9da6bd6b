import type { Clock } from "../../../src/domain/clock.js";
import { isProblem, Problem } from "../../../src/domain/problem.js";
import { hex } from "../../../src/kit/bytes.js";
import type { BleTransport, GattName, GattNotice } from "../../../src/kit/transport.js";
import { sameName } from "./names.js";
import type { Notices } from "./notices.js";
import {
  abortRequest,
  countRequest,
  RACP_CODE,
  type RacpAnswer,
  type RacpRange,
  type RacpRequest,
  racpProblem,
  readRacpAnswer,
  reportRequest,
} from "./racp.js";

/** How long nothing may come while a request runs: what the profile gives a procedure (sheets: 30 s). */
export const RACP_QUIET_MS = 30_000;
/** Before a request is written again that met another one still running (sheet a: 1 s). */
const AGAIN_MS = 1_000;
/** How long an answer to an abort is awaited. */
const ABORT_MS = 5_000;
/** Codes of the attribute protocol: a procedure is already in progress; the profile's own (sheet b), and the common one. */
const IN_PROGRESS: ReadonlySet<unknown> = new Set([0x80, 0xfe]);
/** More than a meter with 65,536 records and as many contexts could send, each of them twice. */
const MOST_NOTICES = 300_000;

/** What carries a procedure. */
export interface RacpContext {
  readonly transport: BleTransport;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notices: Notices;
  /** The control point, which is subscribed to already. */
  readonly point: GattName;
}

/**
 * Requests to a Record Access Control Point, one at a time. All throw RACP_REFUSED, RACP_ABORTED (`op` and `code` in the
 * context), METER_STALLED when nothing comes for 30 s (FRAME_MALFORMED or FRAME_TRUNCATED if something came at the control
 * point that is no answer), and what the transport throws. "No records" is no error. Records are asked for and never
 * changed: no request deletes.
 */
export class RacpProcedure {
  readonly #context: RacpContext;
  /** Notices that came while no report ran: they are the next one's. */
  readonly #early: GattNotice[] = [];
  /** What came at the control point and is no answer, since the last request. */
  #damaged: Problem | null = null;
  #strangers: Uint8Array[] = [];

  constructor(context: RacpContext) {
    this.#context = context;
  }

  /** How many records the meter has in that range. */
  async count(range: RacpRange): Promise<number> {
    const request = countRequest(range);
    await this.#write(request);
    for (let taken = 0; taken < MOST_NOTICES; taken += 1) {
      const notice = await this.#next();
      const answer = this.#answer(notice);
      if (answer === null) this.#early.push(notice);
      else if (answer.kind === "count") return answer.count;
      else if (answer.kind === "end" && answer.op === request.op) {
        if (answer.code === RACP_CODE.noRecords) return 0;
        throw racpProblem(answer.op, answer.code);
      }
    }
    throw endless();
  }

  /**
   * Sends for the records of that range and gives every notice of another characteristic as it comes. Returns `none` where
   * the meter says that it has no such records. A late answer to an earlier request is passed over.
   */
  async *report(range: RacpRange): AsyncGenerator<GattNotice, "done" | "none", void> {
    yield* this.#early.splice(0);
    const request = reportRequest(range);
    await this.#write(request);
    for (let taken = 0; taken < MOST_NOTICES; taken += 1) {
      const notice = await this.#next();
      const answer = this.#answer(notice);
      if (answer === null) yield notice;
      else if (answer.kind === "end" && answer.op === request.op) {
        if (answer.code === RACP_CODE.success) return "done";
        if (answer.code === RACP_CODE.noRecords) return "none";
        throw racpProblem(answer.op, answer.code);
      }
    }
    throw endless();
  }

  /** What comes within that time of quiet although the meter has said that it was all, notice by notice. */
  async *stragglers(quietMs: number): AsyncGenerator<GattNotice, void, void> {
    for (let taken = 0; taken < MOST_NOTICES; taken += 1) {
      const notice = await this.#context.notices.next(quietMs);
      if (notice === null) return;
      if (!sameName(notice.from, this.#context.point)) yield notice;
    }
  }

  /** Asks the meter to stop what it is sending; true if it says so within a bound. What comes before is the next report's. */
  async abort(): Promise<boolean> {
    const { transport, notices, point, signal, clock } = this.#context;
    const request = abortRequest();
    await transport.write(point, request.bytes, signal);
    const deadline = clock.now() + ABORT_MS;
    for (let left = ABORT_MS; left > 0; left = deadline - clock.now()) {
      const notice = await notices.next(left);
      if (notice === null) return false;
      const answer = this.#answer(notice);
      if (answer === null) this.#early.push(notice);
      else if (answer.kind === "end" && answer.op === request.op) return answer.code === RACP_CODE.success;
    }
    return false;
  }

  /** What came at the control point and is no answer, to be told; each once. */
  takeStrangers(): readonly Uint8Array[] {
    return this.#strangers.splice(0);
  }

  async #write({ bytes }: RacpRequest): Promise<void> {
    this.#damaged = null;
    const { transport, point, signal, clock } = this.#context;
    try {
      await transport.write(point, bytes, signal);
    } catch (error) {
      if (!isProblem(error, "GATT_REFUSED") || !IN_PROGRESS.has(error.context["att"])) throw error;
      // A transfer of an earlier conversation still runs: it is stopped.
      await this.abort();
      await clock.sleep(AGAIN_MS, signal);
      await transport.write(point, bytes, signal);
    }
  }

  async #next(): Promise<GattNotice> {
    const notice = await this.#context.notices.next(RACP_QUIET_MS);
    if (notice === null) {
      throw this.#damaged ?? new Problem("METER_STALLED", "The meter stopped sending before it said that it was done.");
    }
    return notice;
  }

  /** What a notice says at the control point, `nothing` for what is no answer; null for one of another characteristic. */
  #answer({ from, bytes }: GattNotice): RacpAnswer | { readonly kind: "nothing" } | null {
    if (!sameName(from, this.#context.point)) return null;
    try {
      return readRacpAnswer(bytes);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#strangers.push(bytes);
      this.#damaged = new Problem(error.code, error.message, { ...error.context, answer: hex(bytes.subarray(0, 32)) });
      return { kind: "nothing" };
    }
  }
}

function endless(): Problem {
  return new Problem("FRAME_MALFORMED", "The meter does not stop sending.");
}
