/** What a sync worker of the soak is started with. */
export interface WorkerStart {
  /** The store's file. */
  readonly path: string;
  readonly cloud: string;
  readonly token: string;
  readonly holder: string;
  /** How long its lease lasts, milliseconds. */
  readonly leaseMs: number;
}

/** What the test says to it. */
export type ToWorker = { readonly type: "ring"; readonly id: number } | { readonly type: "stop" };

/** What it says. */
export type FromWorker =
  | { readonly type: "ready" }
  | {
      readonly type: "rung";
      readonly id: number;
      /** It does not hold the lease: another worker does. */
      readonly lost: boolean;
      /** Any other problem, in words. */
      readonly problem: string | null;
    };
