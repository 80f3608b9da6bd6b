import type { Log } from "../domain/clock.js";
import { loadSettings } from "../settings/load.js";
import type { LoadedSettings, Settings } from "../settings/settings.js";
import type { Author } from "../store/records.js";
import type { CliIo } from "./io.js";
import { createLog, type LogLevel } from "./log.js";
import { Output } from "./output.js";

/** Settings that the command line gives, by dotted name. */
export type Flags = Readonly<Record<string, string | number | undefined>>;

/** One run of the command: what it was started in, what it says, how it ends. */
export class Cli {
  readonly io: CliIo;
  readonly out: Output;
  /** 0 done, 1 failed, 2 wrong usage or settings, 3 read only in part. */
  exitCode: 0 | 1 | 2 | 3 = 0;

  constructor(io: CliIo) {
    this.io = io;
    this.out = new Output(io.stdout, io.stderr);
  }

  /** The settings with where each came from. Throws SETTINGS_INVALID. */
  loaded(flags: Flags = {}): LoadedSettings {
    return loadSettings({ env: this.io.env, cwd: this.io.cwd, flags });
  }

  /** The settings of a command that works on the store. Throws SETTINGS_INVALID. */
  settings(flags: Flags = {}): Settings {
    return this.loaded(flags).settings;
  }

  /** Now, RFC 3339. */
  now(): string {
    return new Date(this.io.clock.now()).toISOString();
  }

  /** Whoever runs the command, as the author of a change. */
  author(why: string): Author {
    return { by: `cli:${this.io.user}`, why, at: this.now() };
  }

  /** A log on standard error. */
  log(level: LogLevel): Log {
    return createLog(this.io.stderr, level);
  }

  /** The log of a command that does one thing: it tells of trouble only, unless the settings ask for everything. */
  quietLog({ log }: Settings): Log {
    return this.log(log.level === "info" ? "warn" : log.level);
  }
}
