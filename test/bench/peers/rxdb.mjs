import { createRxDatabase } from "rxdb";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { BATCH, piecesOf, post, runPeer, timed } from "./records.mjs";

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 36 },
    kind: { type: "string" },
    fields: { type: "object" },
  },
};

/** RxDB in memory, so that nothing of it is durable, to the bare server by its replication protocol. */
await runPeer(async ({ records, url }) => {
  const db = await createRxDatabase({ name: "peers", storage: getRxStorageMemory(), multiInstance: false });
  const { records: collection } = await db.addCollections({ records: { schema: SCHEMA } });
  const insertMs = await timed(async () => {
    for (const piece of piecesOf(records, BATCH)) {
      const { error } = await collection.bulkInsert(piece);
      if (error.length > 0) throw new Error(`${error.length} inserts failed`);
    }
  });
  let pushed = 0;
  const pushMs = await timed(async () => {
    const state = replicateRxCollection({
      collection,
      replicationIdentifier: "bench",
      live: false,
      push: {
        batchSize: BATCH,
        async handler(rows) {
          await post(
            url,
            rows.map(({ newDocumentState: { id, kind, fields, _deleted } }) => ({
              id,
              kind,
              deleted: _deleted,
              fields,
            })),
          );
          pushed += rows.length;
          return [];
        },
      },
    });
    let fault = null;
    state.error$.subscribe((error) => {
      fault ??= error;
    });
    await state.awaitInitialReplication();
    if (fault !== null) throw fault;
  });
  return { insertMs, pushMs, pushed };
});
