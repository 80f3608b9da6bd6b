import type { Mutant } from "./mutant.js";

const ENGINE = "test/sync/engine.test.ts";
const RESTORED = "test/sync/restored.test.ts";
const RULES = "src/store/rules.test.ts";
const MERGE = "src/sync/merge.test.ts";
const LEASE = "src/store/lease.test.ts";
const SIMULATOR = "test/simulator/seeds.test.ts";
const SYNC_RECORDS = "src/store/sync-records.ts";
const FIRST = "src/store/migrations/0001-first.ts";
/** The newest text of the guards of `records`. */
const GUARDS = "src/store/migrations/0002-heard-here.ts";

/** Each trap of sync engines that can be fallen into here, as naive code. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: "P1",
    what: "an acknowledgement marks the version that the record has by then",
    edits: [
      {
        file: SYNC_RECORDS,
        find: `version_synced: eb
        .case()
        .when("version_synced", "<", slot("pushed"))
        .then(eb.val(slot("pushed")))
        .else(eb.ref("version_synced"))
        .end(),`,
        put: `version_synced: eb.ref("version"),`,
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P2",
    what: "body and version are read by two statements",
    edits: [
      {
        file: "src/sync/push.ts",
        find: "const page = upTo(await dirtyPage(context.store, after, size), BATCH_CHARACTERS);",
        put: `const bodies = upTo(await dirtyPage(context.store, after, size), BATCH_CHARACTERS);
      const page = [];
      for (const body of bodies) {
        const [now] = await dirtyPage(context.store, body.row - 1, 1);
        page.push({ ...body, version: now?.row === body.row ? now.version : body.version });
      }`,
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P3",
    what: "an edit forgets to raise the version, and no trigger minds",
    edits: [
      { file: "src/store/records.ts", find: `version: eb("version", "+", 1),`, put: "" },
      { file: GUARDS, find: "WHEN NEW.version IS NOT OLD.version + 1 THEN", put: "WHEN 0 THEN" },
    ],
    caughtBy: [ENGINE, RULES],
  },
  {
    id: "P4",
    what: "taking a state from the cloud raises the version",
    edits: [
      {
        file: SYNC_RECORDS,
        find: `changed_why: slot("why"),
    })`,
        put: `changed_why: slot("why"),
      version: 2,
    })`,
      },
      { file: GUARDS, find: "WHEN NEW.version IS NOT OLD.version THEN RAISE(", put: "WHEN 0 THEN RAISE(" },
    ],
    caughtBy: [ENGINE, RULES],
  },
  {
    id: "P5",
    what: "a batch is confirmed as a whole, whatever its results say",
    edits: [
      {
        file: "src/sync/push.ts",
        find: `if (result?.status === "accepted") accepted.push({ row: row.row, pushed: row.version, rev: result.rev });`,
        put: `if (result !== undefined) accepted.push({ row: row.row, pushed: row.version, rev: result.rev ?? "none" });`,
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P6",
    what: "a state that was stored although its answer was lost is taken for somebody else's",
    edits: [
      {
        file: "src/sync/apply.ts",
        find: "if (row.rev !== null && unconfirmed.some((state) => sameSide(state, remote))) return",
        put: "if (Math.random() > 2) return",
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P6b",
    what: "a state that a merge left as it was is forgotten when it is pushed and its answer is lost",
    edits: [
      {
        file: "src/sync/apply.ts",
        find: "return kept === undefined ? since : [kept, ...since];",
        put: "return since;",
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P7",
    what: "an edit in the cloud between pull and push is passed over: its rev is taken, the own copy stands",
    edits: [
      {
        file: "src/sync/push.ts",
        find: `else if (result?.status === "conflict") {`,
        put: `else if (result?.status === "conflict") accepted.push({ row: row.row, pushed: row.version - 1, rev: result.rev });
    else if (result?.status === "never") {`,
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P7b",
    what: "what a pull that was rolled back did not bring is taken for what the cloud's changes lack",
    edits: [
      {
        file: "src/sync/round.ts",
        find: "before = pulledAll ? conflicting : new Map();",
        put: "before = conflicting;",
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P8",
    what: "the cursor is stored before its page",
    edits: [
      {
        file: "src/sync/pull.ts",
        find: "    const report = await fenced(",
        put: `    await fenced(context, (tx) => setSyncState(tx, "cursor", page.cursor));
    const report = await fenced(`,
      },
      { file: "src/sync/pull.ts", find: "if ((await syncState(tx)).cursor !== cursor)", put: "if (Math.random() > 2)" },
    ],
    caughtBy: [SIMULATOR],
  },
  {
    id: "P9",
    what: "the cursor is a time of the hub's own clock",
    edits: [
      {
        file: "src/sync/pull.ts",
        find: `await setSyncState(tx, "cursor", page.cursor);`,
        put: `await setSyncState(tx, "cursor", new Date(nowMs).toISOString());`,
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P11",
    what: "after a restore the fence is counted on from the backup's, and reaches the one of a worker that is still alive",
    edits: [
      { file: "src/store/lease.ts", find: "Math.max((held?.fence ?? 0) + 1, now)", put: "(held?.fence ?? 0) + 1" },
      {
        file: "src/store/lease.ts",
        find: `    .where("holder", "=", slot("holder"))
`,
        put: "",
      },
    ],
    caughtBy: [LEASE],
  },
  {
    id: "P12a",
    what: "a cloud that went back without saying so is never noticed",
    edits: [
      {
        file: "src/sync/round.ts",
        find: `if (comparison.found === "different") {`,
        put: `if (comparison.found === "different" && full) {`,
      },
    ],
    caughtBy: [RESTORED],
  },
  {
    id: "P12b",
    what: "after a refused cursor the cloud is still believed to hold what it had confirmed",
    edits: [
      {
        file: "src/sync/pull.ts",
        find: `await forgetEverything(context, "the cloud lost its sequence of changes");`,
        put: `await fenced(context, (tx) => setSyncState(tx, "cursor", null));`,
      },
      {
        file: "src/sync/round.ts",
        find: `if (comparison.found === "different") {`,
        put: `if (comparison.found === "different" && full) {`,
      },
    ],
    caughtBy: [RESTORED],
  },
  {
    id: "P12c",
    what: "what a restored cloud says is believed to be newer than what it had confirmed",
    edits: [
      {
        file: "src/sync/apply.ts",
        find: `return { side: sideOf(confirmed), kind: "doubtful",`,
        put: `return { side: sideOf(confirmed), kind: "agreed",`,
      },
    ],
    caughtBy: [RESTORED],
  },
  {
    id: "P12d",
    what: "a state that the cloud fell back to is not recognised as one that was seen before",
    edits: [
      {
        file: "src/sync/apply.ts",
        find: "if (states.some((state) => wroteIt(state) && sameSide(sideOf(state), remote)))",
        put: "if (Math.random() > 2)",
      },
    ],
    caughtBy: [RESTORED],
  },
  {
    id: "P13",
    what: "a deletion in the cloud is passed over",
    edits: [
      {
        file: "src/sync/apply.ts",
        find: `    ...unchanged(row),
    deleted: remote.deleted ? 1 : 0,
    fields: fieldsText(remote.fields),`,
        put: `    ...unchanged(row),
    fields: fieldsText(remote.fields),`,
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P14",
    what: "a record can be deleted outright, so that nothing of it is left to be pushed",
    edits: [
      {
        file: FIRST,
        find: "CREATE TRIGGER records_guard_delete BEFORE DELETE ON records WHEN glucohub_role() IS NOT 'migrate'",
        put: "CREATE TRIGGER records_guard_delete BEFORE DELETE ON records WHEN 0",
      },
    ],
    caughtBy: [RULES],
  },
  {
    id: "P15",
    what: "a record that was changed meanwhile is overwritten by the page, and no trigger minds",
    edits: [
      {
        file: "src/sync/apply.ts",
        find: "if (row.version === row.version_synced) return takeClean(",
        put: "if (row.version >= 0) return takeClean(",
      },
      { file: GUARDS, find: "WHEN OLD.version > OLD.version_synced AND NOT EXISTS (", put: "WHEN 0 AND NOT EXISTS (" },
    ],
    caughtBy: [ENGINE, RULES],
  },
  {
    id: "P16",
    what: "a page is rolled back for as long as somebody keeps writing",
    edits: [{ file: "src/sync/round.ts", find: "rollbacks < PATIENCE", put: "rollbacks >= 0" }],
    caughtBy: [ENGINE],
  },
  {
    id: "P17a",
    what: "a merge is the own copy as a whole",
    edits: [
      {
        file: "src/sync/apply.ts",
        find: "const { side, conflicts } = merge(base, sideOf(row), remote);",
        put: "const { side, conflicts } = { side: sideOf(row), conflicts: [] };",
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P17b",
    what: "a field that both sides changed takes the cloud's value, unlisted",
    edits: [
      {
        file: "src/sync/merge.ts",
        find: `  conflicts.push(values);
  return local;`,
        put: "  return remote;",
      },
    ],
    caughtBy: [ENGINE, MERGE],
  },
  {
    id: "P17c",
    what: "the losing side of a conflict is not kept in the history, and no trigger minds",
    edits: [
      { file: "src/sync/apply.ts", find: "  await recordRemote(tx, row, remote);\n", put: "" },
      { file: GUARDS, find: "WHEN OLD.version > OLD.version_synced AND NOT EXISTS (", put: "WHEN 0 AND NOT EXISTS (" },
    ],
    caughtBy: [ENGINE, RULES],
  },
  {
    id: "P17d",
    what: "a hub that only has a reading from the cloud stands up for its value against the one that heard the meter",
    edits: [
      { file: "src/sync/apply.ts", find: `return states[0]?.origin === "local";`, put: "return states.length > 0;" },
      {
        file: "src/store/migrations/0002-heard-here.ts",
        find: "ORDER BY h.seq LIMIT 1) IS 'local'",
        put: "ORDER BY h.seq LIMIT 1) IS NOT NULL",
      },
    ],
    caughtBy: ["test/sync/two-hubs.test.ts"],
  },
  {
    id: "P17e",
    what: "a value that the cloud insists on is pushed against for ever",
    edits: [
      { file: "src/sync/apply.ts", find: "if (disputed) await reject(", put: "if (Math.random() > 2) await reject(" },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P18",
    what: "the rev of an acknowledgement is not kept, so that the own echo is somebody's edit",
    edits: [
      {
        file: SYNC_RECORDS,
        find: `      rev: slot("rev"),
      base_fields: null,`,
        put: "      base_fields: null,",
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P19",
    what: "a worker that lost the lease writes on",
    edits: [
      { file: "src/store/lease.ts", find: `if (changed !== 1) throw new Problem("LEASE_LOST");`, put: "void changed;" },
      {
        file: FIRST,
        find: "`(SELECT fence FROM lease WHERE name = 'sync') IS glucohub_fence()`",
        put: "`(1 OR glucohub_fence())`",
      },
      {
        file: GUARDS,
        find: "`(SELECT fence FROM lease WHERE name = 'sync') IS glucohub_fence()`",
        put: "`(1 OR glucohub_fence())`",
      },
      { file: "src/sync/pull.ts", find: "if ((await syncState(tx)).cursor !== cursor)", put: "if (Math.random() > 2)" },
    ],
    caughtBy: [ENGINE, RULES],
  },
  {
    id: "P22",
    what: "reading a meter again changes every record that is known",
    edits: [
      {
        file: "src/store/records.ts",
        find: `conflict.column("id").doNothing()`,
        put: `conflict.column("id").doUpdateSet((eb) => ({ version: eb("records.version", "+", 1), changed_at: eb.ref("excluded.changed_at") }))`,
      },
    ],
    caughtBy: ["src/ingest/session.test.ts"],
  },
  {
    id: "P23",
    what: "two readings of one minute are one",
    edits: [
      {
        file: "src/ingest/normalise.ts",
        find: `    reading.index,
    reading.asSent,
`,
        put: "",
      },
      { file: "src/ingest/normalise.ts", find: "return derivedId(...parts, occurrence);", put: "return key;" },
    ],
    caughtBy: ["src/ingest/normalise.test.ts"],
  },
  {
    id: "P25",
    what: "a record that the cloud refuses for good is sent again and again",
    edits: [{ file: "src/sync/push.ts", find: "    await reject(tx, refused);\n", put: "" }],
    caughtBy: [ENGINE],
  },
  {
    id: "P26",
    what: "the version is computed outside the database",
    edits: [{ file: "src/store/records.ts", find: `version: eb("version", "+", 1),`, put: "version: 2," }],
    caughtBy: [ENGINE],
  },
  {
    id: "P27",
    what: "who rings while a round is ending is told that one is running",
    edits: [
      {
        file: "src/sync/engine.ts",
        find: "    next ??= (running ?? Promise.resolve())",
        put: "    if (running !== null) return running;\n    next ??= (running ?? Promise.resolve())",
      },
    ],
    caughtBy: [ENGINE],
  },
  {
    id: "P28",
    what: "a commit returns before it is on the disk",
    edits: [
      {
        file: "src/store/connection.ts",
        find: `raw.pragma("synchronous = FULL");`,
        put: `raw.pragma("synchronous = NORMAL");`,
      },
    ],
    caughtBy: ["src/store/connection.test.ts"],
  },
  {
    id: "P29",
    what: "the unpushed records are paged by offset while acknowledgements take them away",
    edits: [
      {
        file: SYNC_RECORDS,
        find: `.where("row", ">", slot("after")) .orderBy("row") .limit(slot("limit")), ); /** Records with changes`,
        put: `.orderBy("row").limit(slot("limit")).offset(slot("after"))); /** Records with changes`,
      },
      { file: "src/sync/push.ts", find: "after = last.row;", put: "after += page.length;" },
    ],
    caughtBy: [ENGINE],
  },
];
