/**
 * Cuts the text of an event stream into events (HTML standard, section 9.2, as far as our hub speaks it).
 * `push(text)` gives the events that the text completes, each `{ id, type, data }` with `data` parsed from JSON.
 */
export function eventReader() {
  let rest = "";
  return {
    push(text) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      return blocks.map(readBlock).filter((event) => event !== null);
    },
  };
}

function readBlock(block) {
  const event = { id: null, type: "message", data: null };
  const data = [];
  for (const line of block.split("\n")) {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name === "id") event.id = value;
    if (name === "event") event.type = value;
    if (name === "data") data.push(value);
  }
  if (data.length === 0) return null;
  event.data = JSON.parse(data.join("\n"));
  return event;
}
