/** One event of the hub's stream. */
export interface StreamEvent {
  readonly id: string | null;
  readonly type: string;
  readonly data: unknown;
}

/** Cuts the text of an event stream into events, however it was torn. */
export function eventReader(): { push(text: string): StreamEvent[] };
