import { MEALS } from "../domain/record.js";
import type { CloudRecord } from "./protocol.js";

/**
 * The editor's page: these records as a table in which note, meal and value can be edited, and each record deleted or
 * brought back. Needs nothing from elsewhere; `nonce` lets its own script and style pass the page's policy.
 */
export function editorPage(records: readonly CloudRecord[], nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Glucohub cloud</title>
<style nonce="${escapeHtml(nonce)}">${STYLE}</style>
</head>
<body>
<h1>Records in the cloud</h1>
<p id="message" role="status">The ${records.length} records changed last. What is saved here reaches the hubs.</p>
<table>
<thead><tr><th>Time<th>Kind<th>Value<th>Unit<th>Meal<th>Note<th>Changed<th></tr></thead>
<tbody>
${records.map(row).join("\n")}
</tbody>
</table>
<script nonce="${escapeHtml(nonce)}">${SCRIPT}</script>
</body>
</html>
`;
}

/** Text that stands in HTML as itself, between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function row(record: CloudRecord): string {
  const { id, rev, kind, deleted, fields, changedBy, changedAt } = record;
  const show = (name: string): string => escapeHtml(String(fields[name] ?? ""));
  const meals = ["", ...MEALS].map(
    (meal) => `<option${meal === (fields["meal"] ?? "") ? " selected" : ""}>${escapeHtml(meal)}</option>`,
  );
  return `<tr data-id="${escapeHtml(id)}" data-rev="${escapeHtml(rev)}"${deleted ? ' class="deleted"' : ""}>
<td>${show("time")}<td>${escapeHtml(kind)}
<td><input name="value" type="number" step="any" aria-label="Value" value="${show("value")}">
<td>${show("unit")}${fields["control"] === true ? " (control)" : ""} ${show("outOfRange")}
<td><select name="meal" aria-label="Meal">${meals.join("")}</select>
<td><input name="note" aria-label="Note" value="${show("note")}">
<td>${escapeHtml(changedAt)} by ${escapeHtml(changedBy)}
<td><button data-do="save">Save</button> <button data-do="${deleted ? "restore" : "delete"}">${deleted ? "Restore" : "Delete"}</button>
</tr>`;
}

const STYLE = `
body { font: 16px/1.4 system-ui, sans-serif; margin: 1rem; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #ccc; padding: .25rem .5rem; text-align: left; }
input[name=value] { width: 6em; }
.deleted td { text-decoration: line-through; color: #666; }
.failed { color: #a00; font-weight: bold; }
`;

/**
 * Sends only what was changed in a row, on the rev that the row shows: an edit of what someone else has changed in the
 * meantime is refused, and the page says so. An empty input is null: unknown.
 */
const SCRIPT = `
"use strict";
const message = document.getElementById("message");
function changed(row) {
  const patch = {};
  for (const input of row.querySelectorAll("input")) {
    if (input.value === input.defaultValue) continue;
    const empty = input.value === "";
    patch[input.name] = empty ? null : input.type === "number" ? Number(input.value) : input.value;
  }
  const meal = row.querySelector("select");
  if (!meal.selectedOptions[0].defaultSelected) patch.meal = meal.value === "" ? null : meal.value;
  return patch;
}
document.querySelector("tbody").addEventListener("click", async (event) => {
  const what = event.target.dataset.do;
  if (what === undefined) return;
  const row = event.target.closest("tr");
  const patch = what === "save" ? changed(row) : { deleted: what === "delete" };
  const answer = await fetch(location.origin + "/editor/records/" + row.dataset.id, {
    method: "PATCH",
    headers: { "Content-Type": "application/json", "If-Match": '"' + row.dataset.rev + '"' },
    body: JSON.stringify(patch),
  });
  if (answer.ok) return location.reload();
  message.className = "failed";
  message.textContent = "Not saved: " + (await answer.json()).message;
});
`;
