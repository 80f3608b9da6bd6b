import { Problem } from "../domain/problem.js";
import { hex } from "../kit/bytes.js";
import type { Transcript, TranscriptBytes } from "../kit/transcript.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { describeLine } from "./describe-line.js";
import { ReplayEngine } from "./replay-engine.js";
import { type ReplayEvent, ReplayScript, type ScriptRules } from "./replay-script.js";

/** How the lines of a transport by reports or blocks are to be taken. */
export interface LineKind extends ScriptRules {
  readonly transport: "hid" | "block" | "ble";
  /** What the meter sends of its own accord; all else that it gives must be asked for. */
  readonly unasked: (event: ReplayEvent) => boolean;
}

/** What the hub asks the meter for. */
export interface Question {
  /** Whether a line answers it. */
  readonly answeredBy: (event: ReplayEvent & TranscriptBytes) => boolean;
  /** What the question rejects with where a line says that the meter declined it; null for any other line. */
  readonly declinedBy?: (event: ReplayEvent) => Problem | null;
  /** The question for people. */
  readonly name: string;
}

/** A replay whose every line is one report or block: the hub must do just what the transcript says, line by line. */
export class LineReplay extends ReplayEngine {
  readonly #kind: LineKind;

  /** Throws TRANSPORT_REPLAY for a transcript of another transport, or a line that is none of its. */
  constructor(transcript: Transcript, kind: LineKind, clock: VirtualClock) {
    const { transport } = transcript.headers;
    if (transport !== kind.transport) {
      throw new Problem("TRANSPORT_REPLAY", `the transcript is of ${transport} and not of ${kind.transport}`);
    }
    super(new ReplayScript(transcript, clock.now(), kind), clock);
    this.#kind = kind;
  }

  /** What the meter answers to a question. */
  async ask(question: Question, signal?: AbortSignal): Promise<Uint8Array> {
    return await this.question(() => this.#answer(question), signal);
  }

  /** What the hub has to do next, or is answered, when all that comes by itself has come; null at the end. */
  upcoming(): ReplayEvent | null {
    return this.script.upcoming((event) => this.happensAlone(event));
  }

  /** The hub sends a line; throws the difference if the transcript has another one next. */
  async send(channel: string | null, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.play(signal, () => {
      const { event, index } = this.hubsTurn();
      const wanted = event?.type === "write" && event.channel === channel ? event.bytes : null;
      const at = wanted === null ? 0 : firstDifference(wanted, bytes);
      if (at !== -1) throw this.fail(this.script.differ(event, describeLine(">", channel, bytes, at)));
      this.script.pass(index, this.clock.now());
    });
  }

  protected unasked(event: ReplayEvent): boolean {
    return this.#kind.unasked(event);
  }

  protected take(came: TranscriptBytes[]): Uint8Array {
    return Uint8Array.from(came.shift()?.bytes ?? []);
  }

  protected unread(came: readonly TranscriptBytes[]): Problem | null {
    const [first] = came;
    if (first === undefined) return null;
    const message = `the driver ended without reading ${describeLine("<", first.channel, first.bytes)}`;
    return new Problem("TRANSPORT_REPLAY", message, { unread: hex(first.bytes), reports: came.length });
  }

  /** What a question gets at once: its answer, or null if it has to wait. Throws what ended the transport. */
  #answer(question: Question): Uint8Array | null {
    this.throwIfEnded();
    const { event, dueMs, index } = this.script.next();
    if (event === null || event.type === "write" || this.happensAlone(event)) return null;
    const declined = question.declinedBy?.(event) ?? null;
    const bytes = "bytes" in event && question.answeredBy(event) ? event.bytes : null;
    if (declined === null && bytes === null) throw this.fail(this.script.differ(event, question.name));
    if (dueMs > this.clock.now()) return null;
    this.script.pass(index, dueMs);
    if (bytes === null) throw declined;
    return Uint8Array.from(bytes);
  }
}

/** Where two differ first; -1 if they are equal. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at += 1) if (a[at] !== b[at]) return at;
  return -1;
}
