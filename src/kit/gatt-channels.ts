import { Problem } from "../domain/problem.js";
import { isGattId, parseGatt } from "./gatt-text.js";
import type { TranscriptHeaders } from "./transcript.js";
import type { GattName } from "./transport.js";

/** The characteristics that the head of a transcript lists; null if it lists none. Throws TRANSCRIPT_MALFORMED for a list out of form. */
export function transcriptGatt({ others }: TranscriptHeaders): GattName[] | null {
  const text = others?.get("gatt");
  return text === undefined ? null : parseGatt(text);
}

/**
 * The channels of a conversation over Bluetooth. A characteristic's channel is its id, `2a18`; where two of the same id in
 * different services are used, the later one's is `service/characteristic`: `181f/2a52`.
 */
export class GattChannels {
  readonly #known: readonly GattName[];
  /** Which service's characteristic of an id has the id alone: the first that was used. */
  readonly #first = new Map<string, string>();

  /** @param known what the meter has, where that is known */
  constructor(known: readonly GattName[]) {
    this.#known = known;
  }

  /** The channel of a characteristic, which counts as used from now on. */
  channelOf({ service, characteristic }: GattName): string {
    const first = this.#first.get(characteristic) ?? service;
    this.#first.set(characteristic, first);
    return first === service ? characteristic : `${service}/${characteristic}`;
  }

  /**
   * The characteristic of a channel: of an id alone the one that was used first, else the first that the meter is known
   * to have; its service is empty if that is not known. Throws TRANSCRIPT_MALFORMED for what is no such channel.
   */
  nameOf(channel: string): GattName {
    const { service, characteristic } = splitChannel(channel);
    if (service !== null) return { service, characteristic };
    const known = this.#known.find((name) => name.characteristic === characteristic);
    return { service: this.#first.get(characteristic) ?? known?.service ?? "", characteristic };
  }
}

/** A channel's two parts; no service where it does not name one. Throws TRANSCRIPT_MALFORMED for what is no such channel. */
export function splitChannel(channel: string): { readonly service: string | null; readonly characteristic: string } {
  const parts = channel.split("/");
  const [characteristic = "", service = null] = [...parts].reverse();
  if (parts.length > 2 || !parts.every(isGattId)) {
    throw new Problem("TRANSCRIPT_MALFORMED", `no characteristic has the name [${channel}]: expected [2a18]`);
  }
  return { service, characteristic };
}
