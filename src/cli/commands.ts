import type { Command } from "commander";
import type { Cli } from "./cli.js";
import { addAdd } from "./commands/add.js";
import { addBackup } from "./commands/backup.js";
import { addCloud } from "./commands/cloud.js";
import { addConfig } from "./commands/config.js";
import { addConflicts } from "./commands/conflicts.js";
import { addDoctor } from "./commands/doctor.js";
import { addDrivers } from "./commands/drivers.js";
import { addEdit } from "./commands/edit.js";
import { addHistory } from "./commands/history.js";
import { addImport } from "./commands/import.js";
import { addMeters } from "./commands/meters.js";
import { addPair } from "./commands/pair.js";
import { addRead } from "./commands/read.js";
import { addRecords } from "./commands/records.js";
import { addRemove } from "./commands/remove.js";
import { addReplay } from "./commands/replay.js";
import { addRestore } from "./commands/restore.js";
import { addRestoreBackup } from "./commands/restore-backup.js";
import { addSetClock } from "./commands/set-clock.js";
import { addSimulate } from "./commands/simulate.js";
import { addStart } from "./commands/start.js";
import { addStatistics } from "./commands/statistics.js";
import { addStatus } from "./commands/status.js";
import { addSync } from "./commands/sync.js";
import { addToken } from "./commands/token.js";
import { addTranscript } from "./commands/transcript.js";
import { addTwins } from "./commands/twins.js";
import { addVerify } from "./commands/verify.js";

/** Adds one command to the program. */
export type AddCommand = (program: Command, cli: Cli) => void;

/** Every command, in the order in which the help lists them. */
export const COMMANDS: readonly AddCommand[] = [
  addStart,
  addStatus,
  addMeters,
  addPair,
  addDrivers,
  addRead,
  addSetClock,
  addReplay,
  addTranscript,
  addSimulate,
  addImport,
  addAdd,
  addEdit,
  addRemove,
  addRestore,
  addRecords,
  addStatistics,
  addTwins,
  addHistory,
  addConflicts,
  addSync,
  addCloud,
  addDoctor,
  addBackup,
  addRestoreBackup,
  addVerify,
  addToken,
  addConfig,
];
