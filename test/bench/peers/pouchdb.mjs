import { pouchIn } from "./pouchdb-parts.mjs";
import { BATCH, piecesOf, runPeer, timed } from "./records.mjs";

/** PouchDB in LevelDB, to PouchDB's server over LevelDB. */
await runPeer(async ({ records, folder, url }) => {
  const PouchDB = pouchIn(folder);
  const db = new PouchDB("local");
  const remote = new PouchDB(`${url}/records`, { prefix: undefined });
  await remote.info();
  const insertMs = await timed(async () => {
    for (const piece of piecesOf(records, BATCH)) {
      const results = await db.bulkDocs(piece.map(({ id, kind, fields }) => ({ _id: id, kind, fields })));
      const failed = results.find((result) => "error" in result);
      if (failed !== undefined) throw new Error(`an insert failed: ${JSON.stringify(failed)}`);
    }
  });
  const pushMs = await timed(async () => {
    await db.replicate.to(remote, { batch_size: BATCH });
  });
  const { doc_count: pushed } = await remote.info();
  return { insertMs, pushMs, pushed };
});
