import { userInfo } from "node:os";
import { systemClock } from "../kit/system-clock.js";
import { runCli } from "./program.js";

// Whatever is made (data folder, store, backups, transcripts) holds people's health: nobody else's to read.
process.umask(0o077);

/** The command `glucohub`: runs what the process's arguments say as soon as this file is imported, then leaves. */
const code = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  // Asked for at its first use, so that a command that reads nothing does not hold it open.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  user: userName(),
  interruption: interruption(),
});
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit(code);

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return String(process.getuid?.() ?? "unknown");
  }
}

/**
 * Listens for signals from its first call on: until then a signal ends the process at once, as for any program. The
 * first one asks for an orderly end, the second ends at once.
 */
function interruption(): () => AbortSignal {
  const asked = new AbortController();
  let listening = false;
  return () => {
    if (!listening) {
      listening = true;
      for (const [name, number] of [
        ["SIGHUP", 1],
        ["SIGINT", 2],
        ["SIGTERM", 15],
      ] as const) {
        process.on(name, () => {
          if (asked.signal.aborted) process.exit(128 + number);
          asked.abort();
        });
      }
    }
    return asked.signal;
  };
}

/** Resolves when everything written so far is out, or nobody reads it any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write("", () => resolve());
  });
}
