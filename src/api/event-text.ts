/** How long a client waits before it connects again, milliseconds. */
export const RETRY_MS = 2_000;

/**
 * An event as it stands in a stream (HTML standard, section 9.2, server-sent events). JSON text holds no line break, so
 * one `data` line is enough.
 */
export function eventText(id: number, type: string, data: unknown): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The stream's beginning: how soon a client that lost it may come back. */
export function retryText(ms: number): string {
  return `retry: ${ms}\n\n`;
}

/** A line that readers skip. */
export function commentText(text: string): string {
  return `: ${text}\n\n`;
}
