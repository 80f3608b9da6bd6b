import { Problem } from "../src/domain/problem.js";
import type { Driver } from "../src/kit/driver.js";
import { accuChek } from "./accu-chek/index.js";
import { accuChekMobile } from "./accu-chek-mobile/index.js";
import { bgstar } from "./bgstar/index.js";
import { bluetoothCgm } from "./bluetooth-cgm/index.js";
import { bluetoothGlucose } from "./bluetooth-glucose/index.js";
import { careLink } from "./carelink/index.js";
import { contourNext } from "./contour-next/index.js";
import { contourSerial } from "./contour-serial/index.js";
import { dexcomClarity } from "./dexcom-clarity/index.js";
import { dexcomReceiver } from "./dexcom-receiver/index.js";
import { embracePro } from "./embrace-pro/index.js";
import { freestyleInsulinx } from "./freestyle-insulinx/index.js";
import { freestyleLibre } from "./freestyle-libre/index.js";
import { freestyleLibrePro } from "./freestyle-libre-pro/index.js";
import { freestyleLibre2 } from "./freestyle-libre2/index.js";
import { freestyleLite } from "./freestyle-lite/index.js";
import { glooko } from "./glooko/index.js";
import { glucocardExpression } from "./glucocard-expression/index.js";
import { glucocardShineHid } from "./glucocard-shine-hid/index.js";
import { glucohubExport } from "./glucohub-export/index.js";
import { glucomenAreo } from "./glucomen-areo/index.js";
import { googleFit } from "./google-fit/index.js";
import { healthAutoExport } from "./health-auto-export/index.js";
import { healthConnect } from "./health-connect/index.js";
import { healthkit } from "./healthkit/index.js";
import { isens } from "./isens/index.js";
import { isensHid } from "./isens-hid/index.js";
import { libreView } from "./libreview/index.js";
import { mySugr } from "./mysugr/index.js";
import { nightscout } from "./nightscout/index.js";
import { onetouchUltra2 } from "./onetouch-ultra2/index.js";
import { onetouchUltraMini } from "./onetouch-ultramini/index.js";
import { onetouchVerio } from "./onetouch-verio/index.js";
import { onetouchVerioBle } from "./onetouch-verio-ble/index.js";
import { onetouchVerioIq } from "./onetouch-verioiq/index.js";
import { precisionNeo } from "./precision-neo/index.js";
import { precisionXtra } from "./precision-xtra/index.js";
import { relionPrime } from "./relion-prime/index.js";
import { sdCodefree } from "./sd-codefree/index.js";
import { smartPix } from "./smart-pix/index.js";
import { taidoc } from "./taidoc/index.js";
import { tidepool } from "./tidepool/index.js";
import { trueMetrix } from "./true-metrix/index.js";
import { xdripSiDiary } from "./xdrip-sidiary/index.js";

/** Every source that Glucohub reads. A new family is one line here. */
export const DRIVERS: readonly Driver[] = [
  onetouchUltra2,
  onetouchUltraMini,
  onetouchVerioIq,
  freestyleLite,
  precisionXtra,
  contourSerial,
  isens,
  glucocardExpression,
  relionPrime,
  sdCodefree,
  glucomenAreo,
  bgstar,
  dexcomReceiver,
  accuChek,
  contourNext,
  trueMetrix,
  embracePro,
  precisionNeo,
  freestyleInsulinx,
  freestyleLibre,
  freestyleLibrePro,
  freestyleLibre2,
  onetouchVerio,
  taidoc,
  isensHid,
  glucocardShineHid,
  bluetoothGlucose,
  bluetoothCgm,
  onetouchVerioBle,
  accuChekMobile,
  smartPix,
  healthkit,
  googleFit,
  healthConnect,
  healthAutoExport,
  dexcomClarity,
  libreView,
  careLink,
  glooko,
  mySugr,
  tidepool,
  nightscout,
  xdripSiDiary,
  glucohubExport,
];

/** How many names a refusal offers. */
const OFFERED = 3;

/** The driver of that id, whatever its case. Throws DRIVER_UNKNOWN with the names that come nearest. */
export function findDriver(id: string): Driver {
  const wanted = id.trim().toLowerCase();
  const found = DRIVERS.find((driver) => driver.id === wanted);
  if (found !== undefined) return found;
  const nearest = DRIVERS.map((driver) => ({ id: driver.id, steps: distance(wanted, driver.id) }))
    .sort((a, b) => a.steps - b.steps || a.id.localeCompare(b.id))
    .slice(0, OFFERED)
    .map((driver) => driver.id);
  throw new Problem("DRIVER_UNKNOWN", `There is no driver ${id}. Nearest: ${nearest.join(", ")}.`, { driver: id });
}

/** How many letters must be put in, left out or replaced to make one word of the other (Levenshtein's distance). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
