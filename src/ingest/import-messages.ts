import type { ProblemCode } from "../domain/problem.js";
import type { ImportStatus } from "../domain/status.js";
import type { DateOrder } from "../kit/driver.js";
import type { LoggedLine } from "../kit/thread-log.js";
import type { StoreAddress } from "../store/address.js";
import type { ImportReport } from "./import-file.js";
import type { PatientMeters } from "./owner.js";

/** What an import's thread is started with. */
export interface ImportStart {
  readonly store: StoreAddress & { readonly hubId: string | null };
  readonly patients: readonly PatientMeters[];
  /** The hub's zone. */
  readonly zone: string;
  readonly file: string;
  readonly captureId: string | null;
  readonly name: string | null;
  readonly dateOrder: DateOrder | null;
}

/** What the hub says to the thread: end with what is stored. */
export type ToImporter = { readonly type: "stop" };

/** What the thread says to the hub. */
export type FromImporter =
  | { readonly type: "progress"; readonly status: ImportStatus }
  /** Something was written to the store. */
  | { readonly type: "committed" }
  | LoggedLine
  /** The store can't be had: nothing was read. */
  | { readonly type: "refused"; readonly code: ProblemCode; readonly message: string }
  | { readonly type: "ended"; readonly report: ImportReport };
