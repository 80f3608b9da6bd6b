import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { accuChekMobile } from "../../drivers/accu-chek-mobile/index.js";
import { careLink } from "../../drivers/carelink/index.js";
import { dexcomClarity } from "../../drivers/dexcom-clarity/index.js";
import { glooko } from "../../drivers/glooko/index.js";
import { healthAutoExport } from "../../drivers/health-auto-export/index.js";
import { healthkit } from "../../drivers/healthkit/index.js";
import { libreView } from "../../drivers/libreview/index.js";
import { mySugr } from "../../drivers/mysugr/index.js";
import { nightscout } from "../../drivers/nightscout/index.js";
import { smartPix } from "../../drivers/smart-pix/index.js";
import { tidepool } from "../../drivers/tidepool/index.js";
import { xdripSiDiary } from "../../drivers/xdrip-sidiary/index.js";
import { HEAD_BYTES } from "../../src/ingest/find-format.js";
import { openFile } from "../../src/transports/file.js";
import { hasVectors, vectorPath } from "../helpers/export-vectors.js";

const DRIVERS = [
  accuChekMobile,
  careLink,
  dexcomClarity,
  glooko,
  healthAutoExport,
  healthkit,
  libreView,
  mySugr,
  nightscout,
  smartPix,
  tidepool,
  xdripSiDiary,
];

/** Whose each sample is, by how its name begins; names mean nothing to the drivers. */
const OWNERS: readonly (readonly [RegExp, string])[] = [
  [/^carelink/, "carelink"],
  [/^clarity/, "dexcom-clarity"],
  [/^libreview/, "libreview"],
  [/^nightscout/, "nightscout"],
  [/^accuchek-mobile/, "accu-chek-mobile"],
  [/^glooko/, "glooko"],
  [/^health-auto-export/, "health-auto-export"],
  [/^mysugr/, "mysugr"],
  [/^xdrip/, "xdrip-sidiary"],
];

async function recognisedBy(path: string): Promise<string[]> {
  const file = await openFile(path);
  const found = new Set<string>();
  for (const entry of await file.entries()) {
    const pieces: Uint8Array[] = [];
    for await (const bytes of entry.open()) pieces.push(bytes);
    const head = Buffer.concat(pieces).subarray(0, HEAD_BYTES);
    for (const driver of DRIVERS) if (driver.recognise(entry, head)) found.add(driver.id);
  }
  await file.close();
  return [...found];
}

describe.skipIf(!hasVectors)("samples of exports", () => {
  const named = ["cgm-csv", "synthetic"].flatMap((folder) =>
    readdirSync(vectorPath(folder)).map((name) => ({ path: `${folder}/${name}`, name })),
  );
  const owned = named.flatMap(({ path, name }) => {
    const owner = OWNERS.find(([pattern]) => pattern.test(name))?.[1];
    return owner === undefined ? [] : [{ path, owner }];
  });

  test("are sixteen of nine formats that are text", () => {
    expect([owned.length, new Set(owned.map(({ owner }) => owner)).size]).toEqual([16, 9]);
  });

  test.each(owned)("$path is $owner's, and nobody else's", async ({ path, owner }) => {
    expect(await recognisedBy(vectorPath(path))).toEqual([owner]);
  });

  test("of Apple's are none of the others'", async () => {
    const others = named.filter(({ name }) => name.startsWith("apple-"));
    expect(others.length).toBeGreaterThan(10);
    for (const { path } of others) expect(await recognisedBy(vectorPath(path))).toEqual(["healthkit"]);
  });
});
