import fc from "fast-check";
import { expect, test } from "vitest";
import { commentText, eventText, retryText } from "../api/event-text.js";
import { eventReader } from "./stream.js";

test("the page reads what the hub writes, however the stream is torn", () => {
  const event = fc.record({
    id: fc.nat(),
    type: fc.constantFrom("record", "meter", "sync"),
    data: fc.jsonValue({ maxDepth: 2 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 6 }), fc.array(fc.nat(400), { maxLength: 8 }), (events, cuts) => {
      const text =
        retryText(2_000) + events.map(({ id, type, data }) => commentText("here") + eventText(id, type, data)).join("");
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const reader = eventReader();
      const read = places.flatMap((place, index) => reader.push(text.slice(places[index - 1] ?? 0, place)));
      const expected = events.map(({ id, type, data }) => ({
        id: String(id),
        type,
        data: JSON.parse(JSON.stringify(data)) as unknown,
      }));
      expect(read).toEqual(expected);
    }),
  );
});
