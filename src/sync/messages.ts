import type { LoggedLine } from "../kit/thread-log.js";
import type { StoreAddress } from "../store/address.js";
import type { CloudSettings } from "./clouds/index.js";
import type { EngineState } from "./engine.js";

/** What the sync worker's thread is started with. */
export interface WorkerStart {
  readonly store: StoreAddress;
  readonly cloud: CloudSettings;
  readonly holder: string;
  readonly alone: boolean;
}

/** What the hub says to the thread. */
export type ToWorker =
  | { readonly type: "ring"; readonly id: number; readonly why: string; readonly now: boolean; readonly full: boolean }
  | { readonly type: "stop" };

/** What the thread says to the hub. */
export type FromWorker =
  | { readonly type: "state"; readonly state: EngineState }
  /** The round asked for has ended. */
  | { readonly type: "rung"; readonly id: number }
  /** Something was written to the store. */
  | { readonly type: "committed" }
  | LoggedLine;
