import express from "express";
import expressPouch from "express-pouchdb";
import { pouchIn } from "./pouchdb-parts.mjs";

/**
 * PouchDB's own server over HTTP: `node pouchdb-server.mjs FOLDER` prints its address; ends at SIGTERM. With no more of
 * its interface than replication needs.
 */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("Usage: pouchdb-server FOLDER");
const app = express();
app.use(expressPouch(pouchIn(folder), { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: "/dev/null" }));
const server = app.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
});
// Longer than any client is busy with itself: a connection closed meanwhile looks like a request that failed.
server.keepAliveTimeout = 600_000;
process.once("SIGTERM", () => process.exit());
