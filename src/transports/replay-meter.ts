import type { Transcript } from "../kit/transcript.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { type ReplayChunk, type ReplayTransport, replayTransport } from "./replay.js";
import { type ReplayBle, replayBle } from "./replay-ble.js";
import { type ReplayBlock, replayBlock } from "./replay-block.js";
import { type ReplayHid, replayHid } from "./replay-hid.js";

/** The meter's side of a transcript of any kind. */
export type ReplayMeter = ReplayTransport | ReplayHid | ReplayBlock | ReplayBle;

/** Plays a transcript over the kind of transport that it was recorded from; `chunk` means something to streams only. */
export function replayMeter(transcript: Transcript, clock: VirtualClock, chunk?: ReplayChunk): ReplayMeter {
  const { transport } = transcript.headers;
  if (transport === "hid") return replayHid(transcript, clock);
  if (transport === "block") return replayBlock(transcript, clock);
  if (transport === "ble") return replayBle(transcript, clock);
  return replayTransport(transcript, clock, chunk === undefined ? {} : { chunk });
}
