import type { Clock } from "../domain/clock.js";
import { GattChannels } from "../kit/gatt-channels.js";
import { printGatt } from "../kit/gatt-text.js";
import type { BleTransport, GattName } from "../kit/transport.js";
import { type GattOperation, printRefusal } from "./gatt-refusal.js";
import { InTurn } from "./in-turn.js";
import { type RecordHeaders, type Recording, type Refusal, TranscriptLog } from "./transcript-log.js";

/** A meter over Bluetooth whose conversation is written down. */
export interface RecordingBle extends BleTransport, Recording {}

/**
 * Passes everything through to `inner` and writes it down: `>[2a52]` a write, `<[2a18]` a notice when it is taken, `?[2a29]` a
 * value that was read; not subscriptions, but that one was declined. What the meter has goes into the header `gatt`, and the
 * name that it gives itself into `name`, unless the headers say one. What is asked for at the same time is passed on one
 * after the other, so that the lines stand in the order in which things were done. Throws TRANSCRIPT_MALFORMED at once for
 * headers that can't be written.
 */
export function recordBle(inner: BleTransport, clock: Clock, headers: RecordHeaders): RecordingBle {
  const { others = new Map<string, string>(), ...known } = headers;
  const unnamed = inner.advertised === null || known.name !== undefined;
  const named = unnamed ? known : { ...known, name: inner.advertised };
  const gatt = printGatt(inner.characteristics);
  const log = new TranscriptLog(clock, { ...named, others: new Map([...others, ["gatt", gatt]]) });
  const channels = new GattChannels(inner.characteristics);
  const turns = new InTurn();
  const has = (name: GattName): boolean =>
    inner.characteristics.some((one) => one.service === name.service && one.characteristic === name.characteristic);
  const declined =
    (operation: GattOperation, channel: string): Refusal =>
    (error) =>
      printRefusal(operation, channel, error);
  return {
    kind: "ble",
    name: inner.name,
    advertised: inner.advertised,
    characteristics: inner.characteristics,
    subscribe: (name, signal) =>
      turns.run(signal, () => {
        const act = (): Promise<void> => inner.subscribe(name, signal);
        // A name that the meter does not have is declined here, and nothing of it goes over the air.
        if (!has(name)) return act();
        return log.attempt(signal, act, declined("subscribe", channels.channelOf(name)));
      }),
    next: (signal) =>
      log.hear(
        signal,
        () => inner.next(signal),
        ({ from, bytes }) => ({ channel: channels.channelOf(from), bytes }),
      ),
    readValue: (name, signal) =>
      turns.run(signal, () => {
        const act = (): Promise<Uint8Array> => inner.readValue(name, signal);
        if (!has(name)) return act();
        const channel = channels.channelOf(name);
        return log.receive("read", channel, signal, act, declined("read", channel));
      }),
    write: (name, bytes, signal) =>
      turns.run(signal, () => {
        const act = (): Promise<void> => inner.write(name, bytes, signal);
        if (!has(name)) return act();
        const channel = channels.channelOf(name);
        return log.send(channel, bytes, signal, act, declined("write", channel));
      }),
    close: () => inner.close(),
    transcript: () => log.transcript(),
    text: () => log.text(),
  };
}
