import { Problem } from "../domain/problem.js";
import { GattChannels, splitChannel, transcriptGatt } from "../kit/gatt-channels.js";
import type { Transcript, TranscriptBytes } from "../kit/transcript.js";
import type { BleTransport, GattCharacteristic, GattName, GattNotice, GattUse } from "../kit/transport.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { type GattOperation, parseRefusal } from "./gatt-refusal.js";
import { InTurn } from "./in-turn.js";
import { LineReplay } from "./line-replay.js";
import type { ReplayEvent } from "./replay-script.js";

/** The meter's side of a transcript over Bluetooth. */
export interface ReplayBle extends BleTransport {
  /**
   * To be called when the driver has ended. Throws TRANSPORT_REPLAY with the first difference if the driver wrote or
   * read anything else than the transcript says, or if notices or events of it are left over.
   */
  finish(): void;
}

/** A transcript does not say what may be done with a characteristic. What was, was; of the rest nothing is known. */
const USES: readonly GattUse[] = ["read", "write", "write-without-response", "notify", "indicate"];

/**
 * Plays a transcript to a driver: demands its writes and reads in order, and gives the notices that came and the values that
 * were read; with times, ends and differences as `replayTransport` has them. What was asked for at the same time is done one
 * after the other. The meter has what the header `gatt` lists, and anything else is METER_UNSUPPORTED; without that header it
 * has what its lines mention, in whatever service it is asked for: until then the service's name is empty. Each may be
 * subscribed to. What the meter declined (`! error GATT_REFUSED write [2a52] 0x80`) is declined here. Throws TRANSPORT_REPLAY
 * for a transcript that is not of Bluetooth or has a line without a characteristic, and TRANSCRIPT_MALFORMED for a header
 * `gatt` out of form.
 */
export function replayBle(transcript: Transcript, clock: VirtualClock): ReplayBle {
  const listed = transcriptGatt(transcript.headers);
  const known = listed ?? mentioned(transcript);
  const channels = new GattChannels(known);
  const replay = new NoticeReplay(transcript, listed, clock);
  const turns = new InTurn();
  const demandHas = ({ service, characteristic }: GattName): void => {
    const fits = (one: GattName): boolean =>
      one.characteristic === characteristic && (one.service === service || one.service === "");
    if (known.some(fits)) return;
    throw new Problem("METER_UNSUPPORTED", `the transcript has no ${service}/${characteristic}`);
  };
  const operate = <T>(
    name: GattName,
    signal: AbortSignal | undefined,
    act: (channel: string) => Promise<T>,
  ): Promise<T> =>
    turns.run(signal, async () => {
      demandHas(name);
      return await act(channels.channelOf(name));
    });
  return {
    kind: "ble",
    name: `replay:${transcript.headers.driver}`,
    advertised: transcript.headers.name ?? null,
    characteristics: known.map((name): GattCharacteristic => ({ ...name, uses: USES })),
    subscribe: (name, signal) => operate(name, signal, (channel) => replay.meetRefusal("subscribe", channel, signal)),
    next: async (signal) => {
      const bytes = await replay.read(signal);
      return { from: channels.nameOf(replay.lastChannel), bytes } satisfies GattNotice;
    },
    readValue: (name, signal) => operate(name, signal, (channel) => replay.readValue(channel, signal)),
    write: (name, bytes, signal) =>
      operate(name, signal, async (channel) => {
        await replay.send(channel, bytes, signal);
        await replay.meetRefusal("write", channel, signal);
      }),
    close: () => replay.close(),
    finish: () => replay.finish(),
  };
}

/** A replay whose reports say where they come from, and in which the meter may decline without the link's being lost. */
class NoticeReplay extends LineReplay {
  /** The channel of the notice that was taken last. */
  lastChannel = "";

  constructor(transcript: Transcript, listed: readonly GattName[] | null, clock: VirtualClock) {
    const refuses = ({ channel }: TranscriptBytes): string | null => refusesChannel(channel, listed);
    super(transcript, { transport: "ble", refuses, unasked: ({ type }) => type === "report" }, clock);
  }

  /** The value that the transcript has next for that channel. */
  async readValue(channel: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const answeredBy = (event: TranscriptBytes): boolean => event.channel === channel;
    const declinedBy = (event: ReplayEvent): Problem | null => refusalOf(event, "read", channel);
    return await this.ask({ answeredBy, declinedBy, name: `?[${channel}]` }, signal);
  }

  /** Rejects as the meter declined this if the transcript says that it did, when that is due. */
  async meetRefusal(operation: GattOperation, channel: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.throwIfEnded();
    const declinedBy = (event: ReplayEvent): Problem | null => refusalOf(event, operation, channel);
    const next = this.upcoming();
    if (next === null || declinedBy(next) === null) return;
    await this.ask({ answeredBy: () => false, declinedBy, name: `${operation} of [${channel}]` }, signal);
  }

  protected override happensAlone(event: ReplayEvent): boolean {
    return super.happensAlone(event) && !(event.type === "error" && parseRefusal(event.text) !== null);
  }

  protected override take(came: TranscriptBytes[]): Uint8Array {
    this.lastChannel = came[0]?.channel ?? "";
    return super.take(came);
  }
}

function refusalOf(event: ReplayEvent, operation: GattOperation, channel: string): Problem | null {
  const refusal = event.type === "error" ? parseRefusal(event.text) : null;
  return refusal?.operation === operation && refusal.channel === channel ? refusal.problem : null;
}

/** Why a line's channel is none of the meter's; null if it is one. */
function refusesChannel(channel: string | null, listed: readonly GattName[] | null): string | null {
  if (channel === null) return "a line over Bluetooth needs its characteristic: [2a18]";
  try {
    const { service, characteristic } = splitChannel(channel);
    const fits = (one: GattName): boolean =>
      one.characteristic === characteristic && (service === null || one.service === service);
    return listed === null || listed.some(fits) ? null : `the header gatt does not list [${channel}]`;
  } catch (error) {
    return error instanceof Problem ? error.message : String(error);
  }
}

/** The characteristics that the lines mention, in their order, refused ones too. */
function mentioned(transcript: Transcript): GattName[] {
  const found = new Map<string, GattName>();
  for (const event of transcript.events) {
    const channel =
      "bytes" in event ? event.channel : event.type === "error" ? (parseRefusal(event.text)?.channel ?? null) : null;
    if (channel === null || refusesChannel(channel, null) !== null) continue;
    const { service, characteristic } = splitChannel(channel);
    found.set(channel, { service: service ?? "", characteristic });
  }
  return [...found.values()];
}
