import { describe, expect, test } from "vitest";
import { storeKinds } from "../../test/helpers/stores.js";
import { derivedId } from "../domain/identity.js";
import { EMPTY_FIELDS, type RecordFields } from "../domain/record.js";
import { keptTexts, knownStates } from "../store/known.js";
import { editRecord, getRecord, ingestPage, type NewRecord } from "../store/records.js";
import { changedSamples } from "./changed-samples.js";

const AT = "2026-01-02T00:00:00.000Z";
const EXPORT = { by: "healthkit", why: "imported from a file", at: AT };
const COUNT = 2_300;

const sample = (index: number, change: Partial<RecordFields> = {}): NewRecord => ({
  id: derivedId("known", index),
  kind: "glucose",
  fields: {
    ...EMPTY_FIELDS,
    time: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
    timeQuality: "exact",
    source: "healthkit",
    value: 100 + (index % 50),
    unit: "mg/dL",
    note: index % 7 === 0 ? `\u201c${index}\u201d \\ "` : null,
    ...change,
  },
  raw: null,
});

describe.each(storeKinds().map((kind) => [kind.name, kind] as const))("in %s", (_, kind) => {
  test.skipIf(!kind.available)(
    "known samples are found, and of thousands only those that read otherwise are changed",
    async () => {
      const place = await kind.place();
      const store = await place.open("local");
      try {
        const first = Array.from({ length: COUNT }, (_unused, index) => sample(index));
        await store.write((tx) => ingestPage(tx, first, null, EXPORT));
        const texts = await store.write((tx) =>
          keptTexts(tx, [...first.slice(0, 999).map(({ id }) => id), derivedId("x")]),
        );
        expect(texts.size).toBe(999);
        expect(JSON.parse(texts.get(derivedId("known", 7)) ?? "")).toEqual(first[7]?.fields);

        await editRecord(store, derivedId("known", 2), { note: "by hand" }, { by: "anna", why: "typed", at: AT });
        const again = first.map((one, index) => (index === 1_500 ? sample(index, { value: 7 }) : one));
        const changed = await store.write((tx) => changedSamples(tx, again, { ...EXPORT, why: "told differently" }));
        expect([...changed]).toEqual([[derivedId("known", 1_500), { became: "changed" }]]);
        expect((await getRecord(store, derivedId("known", 1_500))).record.value).toBe(7);
        // The person's note stands, though the export does not have it.
        expect((await getRecord(store, derivedId("known", 2))).record.note).toBe("by hand");
        // The older export once more: a state that the record had before is no news.
        expect((await store.write((tx) => changedSamples(tx, first, EXPORT))).size).toBe(0);
        const states = await store.write((tx) => knownStates(tx, [derivedId("known", 1_500)]));
        expect(states.get(derivedId("known", 1_500))?.map(({ value }) => value)).toEqual([
          first[1_500]?.fields.value,
          7,
        ]);
      } finally {
        await store.close();
        await place.remove();
      }
    },
  );
});
