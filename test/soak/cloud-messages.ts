import type { FaultKind } from "./fault-plan.js";

/** A place in the life of a request; `answering` is when half of the answer is on its way. */
export type Moment = `${"push" | "pull"}-${"before" | "after" | "answering"}`;

/** Every moment at which a hub can be struck. */
export const MOMENTS: readonly Moment[] = [
  "push-before",
  "pull-after",
  "push-answering",
  "pull-before",
  "push-after",
  "pull-answering",
];

/** A blow that falls at a moment of a request, dealt by the cloud's process itself so that it can't come late. */
export interface Blow {
  readonly pid: number;
  readonly signal: NodeJS.Signals;
  readonly moment: Moment;
  /** How many such moments pass before. */
  readonly skip: number;
  /** The request stays where it is until it is released. */
  readonly hold: boolean;
}

/** What the cloud's process is started with. */
export interface CloudStart {
  readonly path: string;
  readonly token: string;
  /** Port at which hubs find it; 0 for any. */
  readonly port: number;
  readonly seed: number;
  /** From the first request on. */
  readonly rate: number;
  readonly kinds: readonly FaultKind[] | null;
}

/** What the test says to the cloud's process. Each is answered with `done`. */
export type ToCloud = { readonly id: number } & (
  | { readonly type: "faults"; readonly rate: number; readonly kinds: readonly FaultKind[] | null }
  | { readonly type: "arm"; readonly blow: Blow | null }
  | { readonly type: "release" }
  /** No more faults; done when nothing is late any more. */
  | { readonly type: "calm" }
  /** Gives the field `patient` of so many records, oldest first, the text with a number; done with how many. */
  | { readonly type: "bulk"; readonly count: number; readonly text: string }
  /** Makes so many records; done with how many. */
  | { readonly type: "fill"; readonly count: number }
);

/** A message without its number. */
export type CloudOrder = ToCloud extends infer Message
  ? Message extends { readonly id: number }
    ? Omit<Message, "id">
    : never
  : never;

/** What the cloud's process says. */
export type FromCloud =
  /** `url` is for hubs, with faults; `desk` for people, without. */
  | { readonly type: "ready"; readonly url: string; readonly desk: string; readonly port: number }
  | { readonly type: "fault"; readonly kind: FaultKind }
  | { readonly type: "struck"; readonly moment: Moment; readonly signal: NodeJS.Signals }
  | { readonly type: "done"; readonly id: number; readonly count: number };
