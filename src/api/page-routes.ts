import { readFile } from "node:fs/promises";
import type { Log } from "../domain/clock.js";
import type { App } from "./app.js";

/** The live page's files, and how browsers are told what they are. */
const FILES = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/live.js", "live.js", "text/javascript; charset=utf-8"],
  ["/format.js", "format.js", "text/javascript; charset=utf-8"],
  ["/pairing.js", "pairing.js", "text/javascript; charset=utf-8"],
  ["/stream.js", "stream.js", "text/javascript; charset=utf-8"],
  ["/style.css", "style.css", "text/css; charset=utf-8"],
] as const;

/** Only this hub may serve what the page runs and loads, and nobody may frame it. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The live page: static files from the folder beside this one. It holds no data; it asks for them with a token. A hub
 * without these files serves everything else.
 */
export async function pageRoutes(app: App, log: Log): Promise<void> {
  for (const [path, file, type] of FILES) {
    const content = await readFile(new URL(`../web/${file}`, import.meta.url)).catch((error: unknown) => {
      log.error({ file, error: String(error) }, "a file of the live page is missing");
      return null;
    });
    if (content === null) continue;
    app.get(path, { schema: { hide: true } }, async (_request, reply) =>
      reply.header("content-type", type).header("content-security-policy", POLICY).send(content),
    );
  }
}
