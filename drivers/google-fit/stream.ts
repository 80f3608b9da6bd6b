/** What a stream of data points is called by: `raw:com.google.weight:com.google.android.apps.fitness:user_input`. */
export interface StreamName {
  readonly id: string;
  /** `com.google.weight`. */
  readonly type: string;
  /** Package of the app that wrote it; null for a client of the web service, which has a number. */
  readonly app: string | null;
  /** Maker and model of its device; null where the name has no place for them. */
  readonly device: { readonly manufacturer: string; readonly model: string } | null;
  /**
   * `own`: what an app or a device wrote. `merged`: Google's one stream of a type that repeats all others' points. `rest`:
   * computed from that one (estimates, daily values); nothing in it was measured.
   */
  readonly standing: "own" | "merged" | "rest";
}

const GOOGLE = "com.google.android.gms";
/** Seen of the types that are read: `merged`, `merge_weight`, `merge_heart_rate_bpm`, `merge_step_deltas`. */
const MERGED = /^merged?(_\w+)?$/;
/** Seen: `estimated_steps`, `aggregated`, `resting_heart_rate<-merge_heart_rate_bpm`. */
const COMPUTED = /^(estimated_\w+|aggregated)$|<-merge/;

/**
 * Reads a data stream's id: type, data type, package or project, then device (maker, model, number) and name of the stream,
 * each of which may be left out without leaving a gap (Google Fit REST reference, users.dataSources, dataStreamId). So
 * only an id of all seven parts names its device. Null if it is no such id.
 */
export function readStream(id: string): StreamName | null {
  const [origin = "", type = "", app = "", ...rest] = id.split(":");
  if ((origin !== "raw" && origin !== "derived") || !/^[\w.]+$/.test(type) || app === "") return null;
  const [manufacturer = "", model = ""] = rest;
  const named = rest.length >= 4 && manufacturer !== "" && model !== "";
  const stream = rest.join(":");
  const google = origin === "derived" && app === GOOGLE;
  return {
    id,
    type,
    app: /^\d+$/.test(app) ? null : app,
    device: named ? { manufacturer, model } : null,
    standing: google && MERGED.test(stream) ? "merged" : google && COMPUTED.test(stream) ? "rest" : "own",
  };
}
