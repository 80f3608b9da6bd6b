import * as z from "zod";
import type { Log } from "../domain/clock.js";
import { Problem } from "../domain/problem.js";
import type { HubEvent } from "../domain/status.js";
import { lastChange } from "../store/queries.js";
import { type App, answers, docs } from "./app.js";
import { BUFFER_BYTES, EventFeed, STALL_MS } from "./event-feed.js";
import { RETRY_MS, retryText } from "./event-text.js";
import type { HubPorts } from "./ports.js";

/** How often a silent stream says that it lives, milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Measures of the event streams; tests take smaller ones. */
export interface StreamTuning {
  readonly heartbeatMs?: number;
  readonly bufferBytes?: number;
  readonly stallMs?: number;
}

/** What the streams work with. */
export interface StreamOptions {
  readonly ports: HubPorts;
  readonly log: Log;
  readonly tuning: StreamTuning;
  /** True while the token in this header is in force: a stream must not outlive it. */
  allowed(header: string | undefined): Promise<boolean>;
}

/** `GET /events`; returns what ends every stream. */
export function eventRoutes(app: App, { ports, log, tuning, allowed }: StreamOptions): () => void {
  const { heartbeatMs = HEARTBEAT_MS, bufferBytes = BUFFER_BYTES, stallMs = STALL_MS } = tuning;
  const open = new Set<{ end(): void }>();

  app.get(
    "/events",
    {
      exposeHeadRoute: false,
      schema: {
        ...docs({
          summary: "Server-sent events record, meter, sync, import, conflict; resumes after Last-Event-ID",
          tag: "events",
        }),
        response: {
          ...answers(200, z.string()),
          200: { description: "The stream.", content: { "text/event-stream": { schema: z.string() } } },
        },
      },
    },
    async (request, reply) => {
      const resumeAfter = lastEventId(request.headers["last-event-id"]);
      // From here on nothing is missed: what is told while the answer is prepared waits in `held`.
      let take = (event: HubEvent): void => void held.push(event);
      const held: HubEvent[] = [];
      const unsubscribe = ports.subscribe((event) => take(event));
      try {
        const newest = await lastChange(ports.store);
        const [sync, meters] = await Promise.all([ports.sync(), ports.meters()]);
        reply.hijack();
        const out = reply.raw;
        // A place beyond the newest belongs to another life of the store (a backup was restored): begin anew.
        const from = resumeAfter === null ? newest : resumeAfter > newest ? 0 : resumeAfter;
        const feed = new EventFeed({ store: ports.store, log, out, from, bufferBytes, stallMs });
        const beat = setInterval(() => {
          feed.beat();
          allowed(request.headers.authorization).then(
            (still) => still || out.end(),
            (error) => log.warn({ error: String(error) }, "a token could not be checked"),
          );
        }, heartbeatMs);
        const stop = (): void => {
          open.delete(out);
          clearInterval(beat);
          unsubscribe();
        };
        open.add(out);
        out.on("error", () => out.destroy());
        out.once("close", stop);
        if (out.destroyed) return stop();
        out.writeHead(200, {
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
          "x-accel-buffering": "no",
          connection: "close",
        });
        out.write(retryText(RETRY_MS));
        feed.tell({ type: "sync", data: sync });
        for (const meter of meters) feed.tell({ type: "meter", data: meter });
        // Records that wait are in the store by now, and are told from there in their order.
        for (const event of held) if (event.type !== "record") feed.tell(event);
        take = (event) => feed.tell(event);
        await feed.catchUp();
      } catch (error) {
        unsubscribe();
        throw error;
      }
    },
  );

  return () => {
    for (const stream of open) stream.end();
  };
}

/** The header's place in the sequence; null if there is none. Throws REQUEST_INVALID for one that the hub never gave. */
function lastEventId(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined || text === "") return null;
  if (!/^\d{1,15}$/.test(text))
    throw new Problem("REQUEST_INVALID", "header Last-Event-ID: must be an id of this stream.");
  return Number(text);
}
