import type { Scenario } from "../scenario.js";
import { block } from "./block.js";
import { diskfull } from "./diskfull.js";
import { bigImport } from "./import.js";
import { kill9 } from "./kill9.js";
import { redis } from "./redis.js";
import { restore } from "./restore.js";
import { sigstop } from "./sigstop.js";
import { storm } from "./storm.js";
import { twohubs } from "./twohubs.js";

/** Every scenario, in the order in which they run: the quick ones first. */
export const SCENARIOS: readonly Scenario[] = [
  sigstop,
  twohubs,
  redis,
  diskfull,
  restore,
  storm,
  block,
  kill9,
  bigImport,
];
