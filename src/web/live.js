import * as show from "./format.js";
import { pairingDesk } from "./pairing.js";
import { eventReader } from "./stream.js";

/** How many readings the page shows. */
const SHOWN = 50;
/** Pause before the page tries to reach the hub again, milliseconds. */
const AGAIN_MS = 2_000;
/** A stream that says nothing for so long is dead (the hub says something every 15 seconds), milliseconds. */
const SILENCE_MS = 40_000;
/** How long changes gather before lists are asked for again, milliseconds. */
const GATHER_MS = 400;
const TOKEN_KEY = "glucohub-token";

const byId = (id) => document.getElementById(id);
const state = { records: new Map(), meters: [], imports: new Map(), conflicts: [], sync: null, fresh: new Set() };
const timers = new Map();
const pairings = pairingDesk({ call, part, changed: () => draw(drawMeters) });

start();

function start() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(TOKEN_KEY, given);
    // The token must not stay in the address bar, the history or a bookmark.
    history.replaceState(null, "", location.pathname);
  }
  byId("access").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(TOKEN_KEY, byId("token").value.trim());
    byId("token").value = "";
    void live();
  });
  if (sessionStorage.getItem(TOKEN_KEY) === null) askForToken("");
  else void live();
}

function askForToken(why) {
  sessionStorage.removeItem(TOKEN_KEY);
  byId("board").hidden = true;
  byId("access").hidden = false;
  if (why !== "") byId("access-why").textContent = why;
  connection("asked", "Token needed");
  byId("token").focus();
}

function connection(kind, text) {
  const pill = byId("connection");
  pill.dataset.state = kind;
  if (pill.textContent !== text) pill.textContent = text;
  byId("stale").hidden = kind !== "lost";
}

/** Keeps a stream open for ever, bringing everything up to date whenever it opens. */
async function live() {
  byId("access").hidden = true;
  byId("board").hidden = false;
  for (;;) {
    try {
      await follow();
    } catch (error) {
      if (error instanceof Refused) return askForToken("The hub does not accept this token. Please give another one.");
      console.warn(error);
    }
    connection("lost", "Not connected");
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

class Refused extends Error {}

async function call(path, options = {}) {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY) ?? ""}`, ...options.headers };
  const answer = await fetch(`/api/v1${path}`, { ...options, headers, cache: "no-store" });
  if (answer.status === 401) throw new Refused();
  if (!answer.ok) {
    const problem = await answer.json().catch(() => null);
    throw new Error(problem === null ? `The hub answered ${answer.status}.` : `${problem.detail} ${problem.remedy}`);
  }
  return answer;
}

/** Opens the stream first and asks for the lists then, so that nothing falls between. */
async function follow() {
  const watch = new AbortController();
  let silence = setTimeout(() => watch.abort(), SILENCE_MS);
  try {
    const answer = await call("/events", { signal: watch.signal });
    const waiting = [];
    let loaded = false;
    const load = reload().then(() => {
      loaded = true;
      for (const event of waiting) take(event);
      connection("live", "Live");
    });
    load.catch(() => watch.abort());
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    const events = eventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(silence);
      silence = setTimeout(() => watch.abort(), SILENCE_MS);
      for (const event of events.push(decoder.decode(value, { stream: true }))) {
        if (loaded) take(event);
        else waiting.push(event);
      }
    }
    await load;
  } finally {
    clearTimeout(silence);
    watch.abort();
  }
}

async function reload() {
  const [{ records }] = await Promise.all([json(`/records?limit=${SHOWN}`), loadMeters(), loadConflicts(), loadSync()]);
  state.records = new Map(records.map((record) => [record.id, record]));
  draw(drawRecords);
}

async function json(path) {
  return (await call(path)).json();
}

async function loadMeters() {
  state.meters = (await json("/meters")).meters;
  draw(drawMeters);
}

async function loadConflicts() {
  state.conflicts = (await json("/conflicts")).conflicts;
  draw(drawConflicts);
}

async function loadSync() {
  state.sync = await json("/sync");
  draw(drawSync);
}

/** Runs something soon, once for many calls. */
function soon(work, ms = GATHER_MS) {
  if (timers.has(work)) return;
  timers.set(
    work,
    setTimeout(async () => {
      timers.delete(work);
      try {
        await work();
      } catch (error) {
        console.warn(error);
      }
    }, ms),
  );
}

/** Draws with the next frame, once for many changes; at once where the page is not in view and has no frames. */
function draw(work) {
  if (timers.has(work)) return;
  timers.set(work, true);
  const run = () => {
    timers.delete(work);
    work();
  };
  if (document.hidden) setTimeout(run, 0);
  else requestAnimationFrame(run);
}

function take({ type, data }) {
  if (type === "record") takeRecord(data);
  if (type === "meter") takeMeter(data);
  if (type === "pairing") pairings.take(data);
  if (type === "import") {
    state.imports.set(data.import, data);
    draw(drawImports);
  }
  if (type === "sync") {
    state.sync = { records: state.sync?.records ?? 0, ...data };
    draw(drawSync);
    soon(loadSync);
  }
  if (type === "conflict") soon(loadConflicts, 0);
}

function takeRecord(record) {
  if (record.deleted) {
    // One less is shown: the one that follows in the list must come up.
    if (state.records.delete(record.id)) soon(reloadRecords);
  } else {
    if (!state.records.has(record.id)) state.fresh.add(record.id);
    state.records.set(record.id, record);
    const kept = newestFirst([...state.records.values()]).slice(0, SHOWN);
    state.records = new Map(kept.map((one) => [one.id, one]));
  }
  draw(drawRecords);
  soon(loadSync);
}

async function reloadRecords() {
  const { records } = await json(`/records?limit=${SHOWN}`);
  state.records = new Map(records.map((record) => [record.id, record]));
  draw(drawRecords);
}

function takeMeter(meter) {
  const same = (other) =>
    (meter.port !== null && other.port === meter.port) ||
    (meter.serial !== null && other.serial === meter.serial && other.driver === meter.driver);
  const at = state.meters.findIndex(same);
  const others = state.meters.filter((other) => !same(other));
  state.meters = others.toSpliced(at === -1 ? 0 : at, 0, meter);
  draw(drawMeters);
  // The hub's own list is the truth: a meter that was told apart by its serial may have stood here under its port.
  if (meter.state !== "reading") soon(loadMeters);
}

function newestFirst(records) {
  return records.sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
}

/** An element with text; everything that the page shows goes through here, so nothing is ever read as markup. */
function part(tag, className, text) {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function fill(list, items) {
  byId(list).replaceChildren(...items);
}

function drawRecords() {
  const all = newestFirst([...state.records.values()]);
  const readings = all.filter((record) => !record.control);
  const controls = all.filter((record) => record.control);
  fill("readings", readings.map(recordCard));
  fill("controls", controls.map(recordCard));
  byId("no-readings").hidden = readings.length > 0;
  byId("control-section").hidden = controls.length === 0;
}

function recordCard(record) {
  const card = part("li", state.fresh.has(record.id) ? "fresh" : "");
  const row = part("div", "row");
  const value = part("span", "value", show.valueText(record));
  if (record.unit !== null) value.append(" ", part("span", "unit", record.unit));
  const { date, clock, zone } = show.timeText(record);
  const when = part("time", "when", `${date} ${clock}`);
  when.dateTime = record.time;
  when.append(" ", part("span", "other", zone));
  row.append(value, when);
  card.append(row);
  const facts = [show.kindText(record), show.otherUnitText(record), show.mealText(record)].filter(Boolean);
  card.append(part("p", "", facts.join(" · ")));
  if (record.control) card.append(part("p", "warning", "Control solution, not a patient's reading"));
  const warning = show.timeWarning(record);
  if (warning !== "") card.append(part("p", "warning", warning));
  if (record.note !== null) card.append(part("p", "", record.note));
  if (record.patient !== null) card.append(part("p", "", `Patient ${record.patient}`));
  card.append(part("p", "other", show.sourceText(record)));
  return card;
}

function drawMeters() {
  fill("meters", state.meters.map(meterCard));
  byId("no-meters").hidden = state.meters.length > 0;
}

function meterCard(meter) {
  const card = part("li", "");
  const row = part("div", "row");
  const name = [meter.manufacturer, meter.model].filter((word) => word !== null).join(" ");
  row.append(part("strong", "", name === "" ? (meter.driver ?? "Unknown device") : name));
  row.append(part("span", meter.state === "failed" ? "bad" : "", show.meterText(meter)));
  card.append(row);
  if (meter.state === "reading" && meter.progress.expected !== null) {
    card.append(bar(meter.progress.read, meter.progress.expected, "Readings read"));
  }
  const place = [meter.serial, meter.port, meter.virtual ? "virtual meter" : null].filter((word) => word !== null);
  if (place.length > 0) card.append(part("p", "other", place.join(" · ")));
  if (meter.detail !== "") card.append(part("p", meter.state === "failed" ? "warning" : "other", meter.detail));
  const clock = show.clockText(meter);
  if (clock !== "") card.append(part("p", "warning", clock));
  if (meter.state === "unpaired") card.append(pairings.partOf(meter.port));
  else card.append(part("p", "other", `Last read: ${show.instantText(meter.lastRead)}`));
  return card;
}

function bar(done, total, label) {
  const element = part("progress", "");
  element.max = Math.max(total, 1);
  element.value = done;
  element.setAttribute("aria-label", label);
  return element;
}

function drawImports() {
  const imports = [...state.imports.values()].reverse();
  fill("imports", imports.map(importCard));
  byId("imports-section").hidden = imports.length === 0;
}

function importCard(status) {
  const card = part("li", "");
  const row = part("div", "row");
  const words = { running: "Importing", done: "Done", partial: "Read only in part", failed: "Failed" };
  row.append(part("strong", "", status.name));
  row.append(part("span", status.state === "failed" ? "bad" : "", words[status.state] ?? status.state));
  card.append(row);
  if (status.state === "running") card.append(bar(status.doneBytes, status.totalBytes, `Import of ${status.name}`));
  const unreadable = status.unreadable === 0 ? "" : `, ${status.unreadable} unreadable (kept for inspection)`;
  card.append(part("p", "", `${status.new} new, ${status.known} known before${unreadable}`));
  if (status.problem !== null) {
    card.append(part("p", "warning", `${status.problem.detail} ${status.problem.remedy}`));
  }
  return card;
}

function drawConflicts() {
  fill("conflicts", state.conflicts.map(conflictCard));
  byId("conflicts-section").hidden = state.conflicts.length === 0;
}

function conflictCard(conflict) {
  const card = part("li", "");
  const record = state.records.get(conflict.record);
  const name = conflict.field === "deleted" ? "removal" : conflict.field;
  const of = record === undefined ? "" : `: ${show.kindText(record)} ${show.valueText(record)} ${record.unit ?? ""}`;
  card.append(part("strong", "", `Two people changed the ${name} of one record${of}`));
  card.append(part("p", "other", `Before: ${show.fieldText(conflict.base)}`));
  const choice = part("div", "choice");
  const problem = part("p", "bad");
  problem.setAttribute("role", "alert");
  const buttons = [
    side("Here", conflict.local, conflict.localBy, conflict.localAt, "Keep mine", "local"),
    side("In the cloud", conflict.remote, conflict.remoteBy, conflict.remoteAt, "Keep theirs", "remote"),
  ];
  choice.append(...buttons);
  card.append(choice, problem);
  return card;

  function side(where, value, by, at, label, keep) {
    const box = part("div", "");
    box.append(part("p", "", `${where}: `), part("p", "when", show.fieldText(value)));
    box.append(part("p", "other", `${by}, ${show.instantText(at)}`));
    const button = part("button", "", label);
    button.type = "button";
    button.setAttribute("aria-label", `${label}: ${name} ${show.fieldText(value)}`);
    button.addEventListener("click", () => resolve(keep));
    box.append(button);
    return box;
  }

  async function resolve(keep) {
    const all = choice.querySelectorAll("button");
    for (const button of all) button.disabled = true;
    try {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ keep });
      await call(`/conflicts/${encodeURIComponent(conflict.id)}/resolve`, { method: "POST", headers, body });
      await Promise.all([loadConflicts(), loadSync()]);
    } catch (error) {
      problem.textContent = error instanceof Refused ? "The hub does not accept this page's token." : error.message;
      for (const button of all) button.disabled = false;
    }
  }
}

function drawSync() {
  const { sync } = state;
  if (sync === null) return;
  byId("sync-line").textContent = show.syncText(sync);
  const counts = [
    ["Waiting", String(sync.pending)],
    ["In the cloud", sync.cloud === null ? "none" : String(show.syncedCount(sync))],
    ["Refused by the cloud", String(sync.rejected)],
    ["Conflicts", String(sync.conflicts)],
    ["Last success", show.instantText(sync.lastSuccess)],
  ];
  byId("sync-counts").replaceChildren(
    ...counts.flatMap(([name, text]) => [part("dt", "", name), part("dd", "", text)]),
  );
  byId("sync-error").hidden = sync.lastError === null;
  byId("sync-error").textContent = sync.lastError ?? "";
}
