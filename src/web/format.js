/** mg/dL in 1 mmol/L of glucose: molar mass 180.156 g/mol. */
const MG_DL_PER_MMOL_L = 18.0156;

const KIND_NAMES = {
  glucose: "Glucose",
  ketone: "Ketone",
  insulin: "Insulin",
  carbs: "Carbohydrates",
  heart_rate: "Heart rate",
  steps: "Steps",
  weight: "Weight",
  blood_pressure: "Blood pressure",
  hba1c: "HbA1c",
  note: "Note",
};

const MEAL_NAMES = {
  before: "before a meal",
  after: "after a meal",
  fasting: "fasting",
  bedtime: "bedtime",
  casual: "any time",
};

const SOURCE_NAMES = {
  meter: "Meter",
  cgm: "Sensor",
  healthkit: "Apple Health",
  "google-fit": "Google Fit",
  "health-connect": "Health Connect",
  file: "File",
  manual: "Typed in",
};

/** What the record is about, for people. */
export function kindText(record) {
  const name = KIND_NAMES[record.kind] ?? record.kind;
  return record.delivery === null ? name : `${name} (${record.delivery})`;
}

/** The value as measured, never rounded: `104`, `5.4`, `120/80`, `LO (<20)`, `HI (>600)`. */
export function valueText(record) {
  if (record.value === null) return "";
  if (record.outOfRange === "low") return `LO (<${record.value})`;
  if (record.outOfRange === "high") return `HI (>${record.value})`;
  return record.value2 === null ? String(record.value) : `${record.value}/${record.value2}`;
}

/** A glucose value in the other unit, rounded as meters show it, with its unit: `= 5.8 mmol/L`; empty for others. */
export function otherUnitText(record) {
  if (record.kind !== "glucose" || record.value === null) return "";
  const sign = record.outOfRange === null ? "= " : record.outOfRange === "low" ? "< " : "> ";
  if (record.unit === "mg/dL") return `${sign}${(record.value / MG_DL_PER_MMOL_L).toFixed(1)} mmol/L`;
  if (record.unit === "mmol/L") return `${sign}${Math.round(record.value * MG_DL_PER_MMOL_L)} mg/dL`;
  return "";
}

/**
 * Date and time as the clock on the wall showed them where the value was taken, and the zone: `UTC+01:00`. Where that
 * place's offset is not known, the time is in UTC and says so.
 */
export function timeText(record) {
  const offset = record.utcOffset ?? 0;
  const wall = new Date(Date.parse(record.time) + offset * 60_000).toISOString();
  return { date: wall.slice(0, 10), clock: wall.slice(11, 16), zone: zoneText(offset) };
}

function zoneText(offset) {
  if (offset === 0) return "UTC";
  const minutes = Math.abs(offset);
  const two = (number) => String(number).padStart(2, "0");
  return `UTC${offset < 0 ? "−" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** What a reader must know about the record's time; empty where it is as good as can be. */
export function timeWarning(record) {
  const shown = record.deviceTime === null ? "" : ` The device showed ${record.deviceTime.replace("T", " ")}.`;
  if (record.timeQuality === "suspect") return `Time not certain.${shown}`;
  if (record.timeQuality === "corrected") return `Time corrected for a wrong clock.${shown}`;
  return "";
}

/** Where the record comes from: `Meter, Acme One, A1`. */
export function sourceText(record) {
  const device = [record.manufacturer, record.model].filter((part) => part !== null).join(" ");
  const parts = [SOURCE_NAMES[record.source] ?? record.source, record.sourceName, device, record.serial];
  return parts.filter((part) => part !== null && part !== "").join(", ");
}

/** When within the day's meals; empty where it is not said. */
export function mealText(record) {
  return record.meal === null ? "" : (MEAL_NAMES[record.meal] ?? record.meal);
}

/** An instant for people who look now, in the viewer's own zone: `2026-11-21 10:30`; `never` for null. */
export function instantText(instant) {
  if (instant === null) return "never";
  const date = new Date(instant);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What goes on with a meter, one line. */
export function meterText(meter) {
  const { read, expected, new: fresh } = meter.progress;
  const count = expected === null ? `${read} read` : `${read} of ${expected} read`;
  if (meter.state === "reading") return `Reading: ${count}, ${fresh} new`;
  if (meter.state === "done") return `Done: ${count}, ${fresh} new`;
  if (meter.state === "failed") return `Failed after ${read} readings`;
  if (meter.state === "away") return "Not attached";
  if (meter.state === "unpaired") return "Not paired";
  return meter.state === "unclaimed" ? "Not known to any driver" : "Waiting for the meter to answer";
}

/** A meter's clock error as a warning: empty within two minutes. */
export function clockText(meter) {
  const error = meter.clockErrorMs;
  if (error === null || Math.abs(error) < 120_000) return "";
  const minutes = Math.round(Math.abs(error) / 60_000);
  const span = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
  return `Its clock is ${span} ${error > 0 ? "ahead" : "behind"}.`;
}

/** How the sync is, one line. */
export function syncText(sync) {
  if (sync.cloud === null) return "No cloud is set: everything stays on this hub.";
  const waiting = sync.pending === 1 ? "1 change waits" : `${sync.pending} changes wait`;
  if (sync.state === "running") return `In touch with the cloud; ${waiting}.`;
  if (sync.state === "waiting") return `The cloud can't be reached now; ${waiting}. The hub tries again by itself.`;
  if (sync.state === "blocked") return `The sync needs a person; ${waiting}.`;
  return sync.pending === 0 ? "In step with the cloud." : `${waiting} for the cloud.`;
}

/** How many records the cloud holds as they stand here, of a `GET /sync` answer. */
export function syncedCount(sync) {
  return Math.max(0, sync.records - sync.pending - sync.rejected);
}

/** One side of a conflict for people: a value of any field. */
export function fieldText(value) {
  if (value === null || value === undefined || value === "") return "(nothing)";
  if (value === true) return "yes";
  if (value === false) return "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}
