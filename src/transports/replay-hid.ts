import type { Transcript } from "../kit/transcript.js";
import type { HidTransport } from "../kit/transport.js";
import type { VirtualClock } from "../kit/virtual-clock.js";
import { type LineKind, LineReplay } from "./line-replay.js";
import { FEATURE_CHANNEL } from "./record-hid.js";

/** The meter's side of a transcript of reports. */
export interface ReplayHid extends HidTransport {
  /**
   * To be called when the driver has ended. Throws TRANSPORT_REPLAY with the first difference if the driver sent or
   * asked for anything else than the transcript says, or if reports or events of it are left over.
   */
  finish(): void;
}

const HID: LineKind = {
  transport: "hid",
  refuses: ({ type, channel }) => {
    if (channel === FEATURE_CHANNEL) return type === "report" ? "no feature report comes unasked" : null;
    if (channel !== null) return `HID devices have no channel ${channel}`;
    return type === "read" ? "only feature reports can be asked for" : null;
  },
  unasked: (event) => event.type === "report",
};

/**
 * Plays a transcript to a driver: gives the reports that the meter sent and demands those that the hub sent, in order,
 * each whole; with times, ends and differences as `replayTransport` has them. Throws TRANSPORT_REPLAY for a transcript
 * that is not of a HID device.
 */
export function replayHid(transcript: Transcript, clock: VirtualClock): ReplayHid {
  const replay = new LineReplay(transcript, HID, clock);
  return {
    kind: "hid",
    name: `replay:${transcript.headers.driver}`,
    read: (signal) => replay.read(signal),
    write: (report, signal) => replay.send(null, report, signal),
    setFeature: (report, signal) => replay.send(FEATURE_CHANNEL, report, signal),
    getFeature: (id, length, signal) => {
      const name = `?[${FEATURE_CHANNEL}] report ${id.toString(16).padStart(2, "0")} of at most ${length} bytes`;
      const answeredBy = ({ bytes }: { readonly bytes: Uint8Array }): boolean =>
        bytes[0] === id && bytes.length <= length;
      return replay.ask({ answeredBy, name }, signal);
    },
    close: () => replay.close(),
    finish: () => replay.finish(),
  };
}
