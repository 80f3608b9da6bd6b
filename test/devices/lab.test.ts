import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DRIVERS } from "../../drivers/index.js";
import { ROOT } from "../e2e/hub-program.js";
import { type LabKit, labKit } from "./host/kit.js";
import { KitMissing } from "./host/kit-missing.js";
import { makePlan, TRANSPORTS } from "./plan.js";
import { CACHE, runLab } from "./run-lab.js";

/**
 * The lab takes minutes, and what it fetches is 90 MB: it runs where it is asked for, as `.ci/run` does. The name begins
 * otherwise than those of settings: hubs of other tests inherit it, and refuse what they don't know.
 */
const asked = process.env["DEVICE_LAB"] === "1";
const isBuilt = existsSync(join(ROOT, "dist/test/devices/guest/main.js"));
const LIMIT_MS = 1_800_000;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

describe.skipIf(!(asked && isBuilt))("in a second machine (DEVICE_LAB=1)", () => {
  test("the built hub reads one device of each transport through a real kernel, through plug and unplug", {
    timeout: LIMIT_MS,
  }, async ({ skip }) => {
    let kit: LabKit;
    try {
      kit = await labKit(CACHE, say);
    } catch (error) {
      if (!(error instanceof KitMissing)) throw error;
      say(`The device lab is skipped: ${error.message}`);
      skip(error.message);
      return;
    }
    const { results, problems, log } = await runLab(kit, makePlan(DRIVERS, true), say);
    expect(problems, log.slice(-200).join("\n")).toEqual([]);
    expect(results.map(({ transport }) => transport)).toEqual([...TRANSPORTS]);
    for (const { compared, steps } of results) {
      expect(compared).toBeGreaterThanOrEqual(10);
      expect(steps.length).toBeGreaterThanOrEqual(3);
    }
  });
});
