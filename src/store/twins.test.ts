import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RoleConnection, type StorePlace, storeKinds } from "../../test/helpers/stores.js";
import { copied, measured } from "../../test/helpers/twins.js";
import { derivedId } from "../domain/identity.js";
import { ingestPage } from "./records.js";
import type { Store } from "./store.js";
import { linkTwinsIn, listTwins, noteTwinsSeenIn, type TwinRecord, twinsSeen } from "./twins.js";

const AT = "2024-03-06T00:00:00.000Z";
const FOUND = { rule: "by hand", by: "test", at: AT };

/** Row n is made from place n of the list, from 1. */
async function keep(store: Store, list: readonly TwinRecord[]): Promise<void> {
  const records = list.map(({ kind, fields }, index) => ({
    id: derivedId("twins", index + 1),
    kind: kind as "glucose" | "ketone",
    fields,
    raw: null,
  }));
  await store.write((tx) => ingestPage(tx, records, null, { by: "test", why: "kept", at: AT }));
}

describe.each(storeKinds())("links of twins: $name", (kind) => {
  describe.skipIf(!kind.available)("in the store", () => {
    let place: StorePlace;
    let store: Store;
    let local: RoleConnection;
    let sync: RoleConnection;
    const link = (copy: number, original: number): Promise<boolean> =>
      store.write((tx) => linkTwinsIn(tx, { meter: measured({}, original), copy: copied({}, copy) }, FOUND));

    beforeEach(async () => {
      place = await kind.place();
      store = await place.open("local");
      // 1 and 2 are a meter's, 3 and 4 an export's, 5 an export's of another kind, 6 typed by hand.
      await keep(store, [
        measured(),
        measured({ serial: "SER2" }),
        copied(),
        copied({ source: "google-fit" }),
        { ...copied({ value: 0.6, unit: "mmol/L" }), kind: "ketone" },
        copied({ source: "manual" }),
      ]);
      [local, sync] = await Promise.all([place.connection("local"), place.connection("sync")]);
    });
    afterEach(async () => {
      await Promise.all([store.close(), local.close(), sync.close()]);
      await place.remove();
    });

    test("are one for each record, and one for ever for each pair", async () => {
      expect(await link(3, 1)).toBe(true);
      expect([await link(3, 1), await link(3, 2), await link(4, 1)]).toEqual([false, false, false]);
      expect(await link(4, 2)).toBe(true);
      await local.run(`UPDATE twins SET undone_at = '${AT}', undone_by = 'nurse' WHERE copy = 3`);
      expect(await link(3, 1)).toBe(false);
      await local.run(`UPDATE twins SET undone_at = '${AT}', undone_by = 'nurse' WHERE copy = 4`);
      expect([await link(4, 1), await link(3, 2)]).toEqual([true, true]);
      expect(place.witness("SELECT copy, original, undone_by FROM twins ORDER BY 1, 2")).toBe(
        "3|1|nurse\n3|2|\n4|1|\n4|2|nurse",
      );
    });

    const insert = (copy: number, original: number, more = ""): string =>
      `INSERT INTO twins (copy, original, rule, at, by${more === "" ? "" : ", undone_at, undone_by"}) VALUES (${copy}, ${original}, 'r', '', ''${more})`;
    const refused: [string, "local" | "sync", string, RegExp][] = [
      ["two of exports", "local", insert(3, 4), /may not insert twins|permission denied/],
      ["two of meters", "local", insert(1, 2), /may not insert twins|permission denied/],
      ["a pair the wrong way round", "local", insert(1, 3), /may not insert twins|permission denied/],
      ["a record with itself", "local", insert(1, 1), /may not insert twins|permission denied/],
      ["what was typed by hand", "local", insert(6, 1), /may not insert twins|permission denied/],
      ["two kinds", "local", insert(5, 1), /may not insert twins|permission denied/],
      ["a record that is none", "local", insert(99, 1), /may not insert twins|permission denied/],
      ["a meter's record that is none", "local", insert(3, 99), /may not insert twins|permission denied/],
      [
        "a pair that is undone from the beginning",
        "local",
        insert(4, 2, ", 'x', 'x'"),
        /may not insert twins|permission denied/,
      ],
      ["by the sync worker", "sync", insert(4, 2), /may not insert twins|permission denied/],
      ["with another rule afterwards", "local", "UPDATE twins SET rule = 'other'", /undone once|permission denied/],
      [
        "with another record afterwards",
        "local",
        "UPDATE twins SET copy = 4, undone_at = 'x', undone_by = 'x'",
        /undone once|permission denied/,
      ],
      ["undone by nobody", "local", "UPDATE twins SET undone_at = 'x'", /constraint/i],
      [
        "undone by the sync worker",
        "sync",
        "UPDATE twins SET undone_at = 'x', undone_by = 'x'",
        /undone once|permission denied/,
      ],
      ["deleted", "local", "DELETE FROM twins", /never deleted|permission denied/],
      ["looked for anew unseen", "local", `UPDATE twins_seen SET "row" = 2`, /stays looked at/],
      ["never looked for", "local", "DELETE FROM twins_seen", /stays looked at|permission denied/],
    ];

    test("are refused by the database itself, in seventeen ways", async () => {
      await link(3, 1);
      await store.write((tx) => noteTwinsSeenIn(tx, 6));
      const before = place.witness("SELECT * FROM twins; SELECT * FROM twins_seen");
      expect(refused.length).toBe(17);
      for (const [what, who, text, words] of refused) {
        const connection = who === "local" ? local : sync;
        await expect(connection.run(text), what).rejects.toThrow(words);
      }
      expect(place.witness("SELECT * FROM twins; SELECT * FROM twins_seen")).toBe(before);
    });

    test("are undone once: neither again nor taken back", async () => {
      await link(3, 1);
      await local.run(`UPDATE twins SET undone_at = '${AT}', undone_by = 'nurse'`);
      for (const text of ["undone_at = NULL, undone_by = NULL", "undone_at = 'later', undone_by = 'other'"])
        await expect(local.run(`UPDATE twins SET ${text}`)).rejects.toThrow(/undone once/);
      expect((await listTwins(store, { limit: 1 })).twins).toEqual([]);
    });

    test("are listed page by page, each once", async () => {
      await link(3, 1);
      await link(4, 2);
      const first = await listTwins(store, { limit: 1 });
      const second = await listTwins(store, { limit: 1, after: first.next ?? "" });
      expect([first, second].map(({ twins }) => twins.map(({ copy }) => copy.source))).toEqual([
        ["google-fit"],
        ["healthkit"],
      ]);
      expect(second.next).toBeNull();
      for (const after of ["", "x", "dHdpbnMg", Buffer.from("twins 1e3").toString("base64url")])
        await expect(listTwins(store, { limit: 1, after })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    });

    test("are looked for from where the last search ended, and that never goes back", async () => {
      expect(await twinsSeen(store)).toEqual({ seen: 0, last: 6 });
      for (const row of [4, 2, 6, 5]) await store.write((tx) => noteTwinsSeenIn(tx, row));
      expect(await twinsSeen(store)).toEqual({ seen: 6, last: 6 });
    });
  });
});
