/** How many records an invented export holds of each type, of a thousand; about what stands in a phone of eight years. */
const MIX: readonly (readonly [type: string, unit: string, source: number, ofThousand: number])[] = [
  ["HeartRate", "count/min", 0, 595],
  ["StepCount", "count", 1, 90],
  ["DistanceWalkingRunning", "km", 1, 80],
  ["ActiveEnergyBurned", "kcal", 0, 90],
  ["BasalEnergyBurned", "kcal", 0, 60],
  ["BloodGlucose", "mg/dL", 2, 50],
  ["InsulinDelivery", "IU", 3, 15],
  ["DietaryCarbohydrates", "g", 4, 15],
  ["BodyMass", "kg", 5, 5],
];

const PASSED_OVER = new Set(["DistanceWalkingRunning", "ActiveEnergyBurned", "BasalEnergyBurned"]);

/** Names of apps and devices as exports spell them: a curly apostrophe and a no-break space among them. */
const SOURCES = [
  'sourceName="Jo\u2019s Apple\u00a0Watch" sourceVersion="10.6.1" device="&lt;&lt;HKDevice: 0xADDRESS&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,7, software:10.6.1&gt;"',
  'sourceName="Jo\u2019s iPhone" sourceVersion="17.6.1" device="&lt;&lt;HKDevice: 0xADDRESS&gt;, name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone14,7, software:17.6.1&gt;"',
  'sourceName="Dexcom G7" sourceVersion="3821" device="&lt;&lt;HKDevice: 0xADDRESS&gt;, name:Dexcom G7, manufacturer:Dexcom, model:G7&gt;"',
  'sourceName="Loop" sourceVersion="57"',
  'sourceName="Diary" sourceVersion="4.2"',
  'sourceName="Scales &amp; Co" sourceVersion="12"',
];

const FIRST_MS = Date.UTC(2017, 10, 23, 6);
const LINES = 512;

/** What an invented export holds, counted while it was written. */
export interface ExportCounts {
  readonly bytes: number;
  readonly records: number;
  /** Of types that are imported. */
  readonly wanted: number;
  readonly glucose: number;
  readonly glucoseMetadata: number;
  /** Sum of the glucose values. */
  readonly glucoseSum: number;
}

/**
 * The text of an invented export.xml of about that many records, in pieces of some hundred lines; equal counts give equal
 * texts. Mix, sizes, metadata (one entry for two records) and order (a type after the other, inside of it not quite
 * by time) follow what is known of real exports. Or of nothing but glucose. `counts` tells the totals once the last piece was taken.
 */
export function exportText(
  records: number,
  onlyGlucose = false,
): { pieces(): Generator<string, void, void>; counts(): ExportCounts } {
  const random = parkMiller();
  const totals = { bytes: 0, records: 0, wanted: 0, glucose: 0, glucoseMetadata: 0, glucoseSum: 0 };
  function* lines(): Generator<string, void, void> {
    yield HEAD;
    for (const [type, unit, source, share] of MIX) {
      if (onlyGlucose && type !== "BloodGlucose") continue;
      const ofThousand = onlyGlucose ? 1000 : share;
      const count = Math.max(1, Math.round((records * ofThousand) / 1000));
      const step = Math.floor((8 * 365 * 86_400) / count);
      for (let index = 0; index < count; index += 1) {
        const ms = FIRST_MS + (index * step + random(step)) * 1000;
        yield recordText(type, unit, SOURCES[source] ?? "", ms, random, totals);
      }
    }
    yield "</HealthData>\n";
  }
  function* pieces(): Generator<string, void, void> {
    let piece: string[] = [];
    for (const line of lines()) {
      piece.push(line);
      if (piece.length < LINES) continue;
      yield told(piece.join(""));
      piece = [];
    }
    yield told(piece.join(""));
  }
  function told(text: string): string {
    totals.bytes += Buffer.byteLength(text);
    return text;
  }
  return { pieces, counts: () => ({ ...totals }) };
}

interface Totals {
  records: number;
  wanted: number;
  glucose: number;
  glucoseMetadata: number;
  glucoseSum: number;
}

function recordText(
  type: string,
  unit: string,
  source: string,
  ms: number,
  random: (below: number) => number,
  totals: Totals,
): string {
  const spans = type !== "BloodGlucose" && type !== "HeartRate" && type !== "BodyMass";
  const start = stamp(ms);
  const end = spans ? stamp(ms + (30 + random(570)) * 1000) : start;
  const value = amountOf(type, random);
  const named = source.replace("ADDRESS", (0x281000000 + random(0xffffff) * 16).toString(16));
  const tag = ` <Record type="HKQuantityTypeIdentifier${type}" ${named} unit="${unit}" creationDate="${end}" startDate="${start}" endDate="${end}" value="${value}"`;
  totals.records += 1;
  if (!PASSED_OVER.has(type)) totals.wanted += 1;
  const entries = metadataOf(type, random, totals.records);
  if (type === "BloodGlucose") {
    totals.glucose += 1;
    totals.glucoseSum += value;
    totals.glucoseMetadata += entries.length;
  }
  if (entries.length === 0) return `${tag}/>\n`;
  const inside = entries.map(([key, text]) => `  <MetadataEntry key="${key}" value="${text}"/>\n`);
  return `${tag}>\n${inside.join("")} </Record>\n`;
}

function amountOf(type: string, random: (below: number) => number): number {
  if (type === "BloodGlucose") return 45 + random(240);
  if (type === "HeartRate") return 48 + random(90);
  if (type === "StepCount") return 1 + random(900);
  if (type === "InsulinDelivery") return (1 + random(200)) / 20;
  if (type === "BodyMass") return (700 + random(60)) / 10;
  return (1 + random(90_000)) / 1000;
}

function metadataOf(type: string, random: (below: number) => number, number: number): [key: string, text: string][] {
  if (type === "HeartRate") return random(100) < 80 ? [["HKMetadataKeyHeartRateMotionContext", `${random(3)}`]] : [];
  if (type === "BloodGlucose") {
    const entries: [string, string][] = [
      ["HKMetadataKeySyncIdentifier", `DEX-${number}-${random(1_000_000)}`],
      ["HKMetadataKeySyncVersion", "1"],
    ];
    if (random(10) < 4) entries.push(["HKTimeZone", "Europe/Berlin"]);
    return entries;
  }
  if (type === "InsulinDelivery") return [["HKInsulinDeliveryReason", `${1 + random(2)}`]];
  return [];
}

/** The form of dates in exports, all at one offset. */
function stamp(ms: number): string {
  const wall = new Date(ms + 3_600_000).toISOString();
  return `${wall.slice(0, 10)} ${wall.slice(11, 19)} +0100`;
}

/** A number from 0 up to `below`: the generator of Park and Miller. */
function parkMiller(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,Record*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
<!ELEMENT ExportDate EMPTY>
<!ATTLIST ExportDate value CDATA #REQUIRED>
<!ELEMENT Me EMPTY>
<!ATTLIST Me HKCharacteristicTypeIdentifierDateOfBirth CDATA #REQUIRED>
<!ELEMENT Record (MetadataEntry*)>
<!ATTLIST Record type CDATA #REQUIRED unit CDATA #IMPLIED value CDATA #IMPLIED sourceName CDATA #REQUIRED
 sourceVersion CDATA #IMPLIED device CDATA #IMPLIED creationDate CDATA #IMPLIED startDate CDATA #REQUIRED
 endDate CDATA #REQUIRED>
<!ELEMENT MetadataEntry EMPTY>
<!ATTLIST MetadataEntry key CDATA #REQUIRED value CDATA #REQUIRED>
]>
<HealthData locale="en_GB">
 <ExportDate value="2026-01-10 12:27:18 +0100"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth=""/>
`;
