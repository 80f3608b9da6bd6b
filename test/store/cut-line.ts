import type { AddressInfo } from "node:net";
import { createServer, connect as dial, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A line between a hub and its database that breaks at a chosen word. */
export interface CutLine {
  /** The database's address by way of the line. */
  readonly url: string;
  /**
   * Breaks every connection when a hub sends that word: before the database has it, or behind its answer, which the hub
   * then never sees. Resolves when it happened.
   */
  cutAt(word: string, when: "before" | "after"): Promise<void>;
}

/** Lays a line to the server behind a socket's folder. */
export async function cutLine(folder: string, url: string): Promise<CutLine> {
  const open = new Set<Socket>();
  let cut: { readonly word: string; readonly when: "before" | "after"; readonly done: () => void } | null = null;
  const breakAll = (): void => {
    cut?.done();
    cut = null;
    for (const socket of open) socket.destroy();
  };
  const server = createServer((hub) => {
    const database = dial(`${folder}/.s.PGSQL.5432`);
    let answering = false;
    for (const socket of [hub, database]) {
      open.add(socket);
      socket.on("close", () => {
        open.delete(socket);
        hub.destroy();
        database.destroy();
      });
      socket.on("error", () => undefined);
    }
    hub.on("data", (bytes) => {
      if (cut !== null && bytes.includes(cut.word)) {
        if (cut.when === "before") return breakAll();
        answering = true;
      }
      database.write(bytes);
    });
    database.on("data", (bytes) => {
      if (answering) breakAll();
      else hub.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    breakAll();
    server.close();
  });
  const by = new URL(url);
  by.searchParams.delete("host");
  by.hostname = "127.0.0.1";
  by.port = String((server.address() as AddressInfo).port);
  return {
    url: by.href,
    cutAt: (word, when) =>
      new Promise((done) => {
        cut = { word, when, done };
      }),
  };
}
