import { createRequire } from "node:module";
import { BATCH, piecesOf, post, runPeer, timed } from "./records.mjs";

// Published for bundlers: only as CommonJS does Node.js find its parts.
const require = createRequire(import.meta.url);
const { appSchema, Database, Model, tableSchema } = require("@nozbe/watermelondb");
const { default: SQLiteAdapter } = require("@nozbe/watermelondb/adapters/sqlite");
const { synchronize } = require("@nozbe/watermelondb/sync");
// Standard output is for the figures.
require("@nozbe/watermelondb/utils/common").logger.silence();

class Kept extends Model {
  static table = "records";
}

const SCHEMA = appSchema({
  version: 1,
  tables: [
    tableSchema({
      name: "records",
      columns: [
        { name: "kind", type: "string" },
        { name: "fields", type: "string" },
      ],
    }),
  ],
});

/** WatermelonDB in SQLite, by the library that we use too, to the bare server; it pushes the whole store in one call. */
await runPeer(async ({ records, folder, url }) => {
  const adapter = new SQLiteAdapter({ schema: SCHEMA, dbName: `${folder}/watermelon`, jsi: false });
  const database = new Database({ adapter, modelClasses: [Kept] });
  const collection = database.get("records");
  const insertMs = await timed(async () => {
    for (const piece of piecesOf(records, BATCH)) {
      const made = piece.map(({ id, kind, fields }) =>
        collection.prepareCreate((record) => {
          record._raw.id = id;
          record._setRaw("kind", kind);
          record._setRaw("fields", JSON.stringify(fields));
        }),
      );
      await database.write(() => database.batch(made));
    }
  });
  let pushed = 0;
  const pushMs = await timed(() =>
    synchronize({
      database,
      pullChanges: async () => ({ changes: {}, timestamp: Date.now() }),
      async pushChanges({ changes }) {
        for (const piece of piecesOf(changes.records.created, BATCH)) {
          await post(
            url,
            piece.map(({ id, kind, fields }) => ({ id, kind, deleted: false, fields: JSON.parse(fields) })),
          );
          pushed += piece.length;
        }
      },
    }),
  );
  return { insertMs, pushMs, pushed };
});
