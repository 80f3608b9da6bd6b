import { Problem } from "../../src/domain/problem.js";
import { concat } from "../../src/kit/bytes.js";
import type { SessionContext } from "../../src/kit/driver.js";
import type { BleTransport, GattName } from "../../src/kit/transport.js";
import { sameName } from "../shared/gatt/names.js";
import { Notices } from "../shared/gatt/notices.js";
import type { Patience } from "../shared/lifescan/patience.js";
import { type Link, type Outcome, type Question, readAnswer } from "../shared/lifescan/question.js";
import { acknowledgementOf, damageIn, frameOf, packetIn, packetOf } from "./packet.js";

/** The meter's own service, where requests are written, and where the meter notifies (both sheets). */
export const SERVICE = "af9df7a1-e595-11e3-96b4-0002a5d5c51b";
export const REQUESTS: GattName = { service: SERVICE, characteristic: "af9df7a2-e595-11e3-96b4-0002a5d5c51b" };
export const ANSWERS: GattName = { service: SERVICE, characteristic: "af9df7a3-e595-11e3-96b4-0002a5d5c51b" };

/** How long an answer is awaited, milliseconds (sheet a: five seconds for the counters, two for a record). */
const ANSWER_MS = 5_000;
/** How long nothing may come for the air to be quiet, milliseconds. */
const QUIET_MS = 200;
/** How long the meter is left alone after its clock was set, milliseconds (both sheets: about a second). */
export const AFTER_SETTING_MS = 1_000;
/** How many packets in a row may be no answer before the meter is taken for something else. */
const MOST_STRAY = 200;

/** What came: a whole message's bytes without their headers, an acknowledgement, or bytes that are neither. */
type Came = { readonly type: "acknowledgement" } | { readonly type: "message" | "noise"; readonly bytes: Uint8Array };

/**
 * The meter's link: a request is written, the meter acknowledges it with 81 and notifies its answer, which is acknowledged
 * with 81 in its turn (both sheets). One request at a time.
 */
export class VerioLink implements Link {
  readonly #context: SessionContext<BleTransport>;
  readonly #patience: Patience;
  readonly #notices: Notices;
  #bytes = 0;
  #frames = 0;
  /** The message before, by which the same one is known that comes again because its acknowledgement was lost. */
  #before = "";
  /** What has come of a message that has several packets, and how many are still to come. */
  #parts: readonly Uint8Array[] = [];
  #missing = 0;

  constructor(context: SessionContext<BleTransport>, patience: Patience) {
    this.#context = context;
    this.#patience = patience;
    this.#notices = new Notices(context);
  }

  get heard(): { readonly bytes: number; readonly frames: number } {
    return { bytes: this.#bytes, frames: this.#frames };
  }

  /** Lets what is under way come, acknowledges it and forgets it; false if it never ends. */
  async reset(): Promise<boolean> {
    this.#parts = [];
    this.#missing = 0;
    for (let stray = 0; stray < MOST_STRAY; stray += 1) {
      if ((await this.#next(this.#context.clock.now() + QUIET_MS)) === null) return true;
    }
    return false;
  }

  async exchange<T>(
    question: Question<T> & { readonly acknowledged?: true },
    message: Uint8Array,
  ): Promise<Outcome<T>> {
    const { clock, signal } = this.#context;
    await this.#context.transport.write(REQUESTS, packetOf(message), signal);
    const deadline = this.#patience.probing ? this.#patience.deadline() : clock.now() + ANSWER_MS;
    let acknowledged = false;
    let raw: Uint8Array = new Uint8Array();
    for (let stray = 0; stray < MOST_STRAY; stray += 1) {
      const came = await this.#next(deadline);
      if (came === null) break;
      if (came.type === "acknowledgement") {
        acknowledged = true;
        if (question.acknowledged === true) return await this.#afterSetting(question);
      } else if (came.type === "noise") raw = came.bytes;
      else {
        const text = String(came.bytes);
        const repeated = !acknowledged && text === this.#before;
        this.#before = text;
        if (!repeated) return this.#read(question, came.bytes);
      }
    }
    return { problem: raw.length === 0 ? new Problem("METER_STALLED") : damageIn(raw), raw };
  }

  async close(): Promise<void> {}

  /** The clock is set: the meter is left alone for a while, and may say in it that it declines. */
  async #afterSetting<T>(question: Question<T>): Promise<Outcome<T>> {
    const endMs = this.#context.clock.now() + AFTER_SETTING_MS;
    let outcome: Outcome<T> = readAnswer(question, {
      link: 0,
      message: Uint8Array.of(0x03, 0x06),
      bytes: acknowledgementOf(1),
    });
    for (let stray = 0; stray < MOST_STRAY; stray += 1) {
      const came = await this.#next(endMs);
      if (came === null) return outcome;
      if (came.type === "message") outcome = this.#read(question, came.bytes);
    }
    return outcome;
  }

  #read<T>(question: Question<T>, bytes: Uint8Array): Outcome<T> {
    const frame = frameOf(bytes);
    if (frame === null) return { problem: damageIn(bytes), raw: bytes };
    this.#frames += 1;
    return readAnswer(question, frame);
  }

  /** The next thing that comes whole, acknowledged where it must be; null if it is not there by then. */
  async #next(deadlineMs: number): Promise<Came | null> {
    for (;;) {
      const bytes = await this.#notice(deadlineMs);
      if (bytes === null) return null;
      this.#bytes += bytes.length;
      const packet = packetIn(bytes);
      if (packet.type === "acknowledgement") {
        this.#frames += 1;
        return packet;
      }
      if (packet.type === "noise" || (packet.type === "more" && packet.count !== this.#missing)) {
        return { type: "noise", bytes };
      }
      if (packet.type === "first") this.#parts = [];
      this.#parts = [...this.#parts, packet.bytes];
      this.#missing = packet.count - 1;
      await this.#context.transport.write(REQUESTS, acknowledgementOf(packet.count), this.#context.signal);
      if (this.#missing === 0) return { type: "message", bytes: concat(this.#parts) };
    }
  }

  /** The next notice of the meter's; null if none has come by then. */
  async #notice(deadlineMs: number): Promise<Uint8Array | null> {
    for (;;) {
      const notice = await this.#notices.next(this.#patience.left(deadlineMs));
      if (notice === null || sameName(notice.from, ANSWERS)) return notice?.bytes ?? null;
    }
  }
}
