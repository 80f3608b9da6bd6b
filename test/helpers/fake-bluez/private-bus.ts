import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A message bus of a test's own, that can be killed and started again at the same address. */
export interface PrivateBus {
  readonly address: string;
  /** Starts it; resolves when it listens. */
  start(): Promise<void>;
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
  /** Ends it and removes its files. */
  dispose(): Promise<void>;
}

/** True if this machine has what a private bus needs; tests that need one are skipped where not. */
export function hasDbusDaemon(): boolean {
  return spawnSync("dbus-daemon", ["--version"]).status === 0;
}

/** Prepares a bus that is not started yet: anybody of this user may own any name and talk to anybody. */
export function privateBus(): PrivateBus {
  const folder = mkdtempSync(join(tmpdir(), "glucohub-bus-"));
  const config = join(folder, "bus.conf");
  const address = `unix:path=${join(folder, "bus")}`;
  writeFileSync(config, configOf(address));
  let child: ChildProcess | null = null;

  const kill = async (): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const gone = once(running, "exit");
    running.kill("SIGKILL");
    await gone;
    // A killed bus leaves its socket behind, and the next one can't have it.
    rmSync(join(folder, "bus"), { force: true });
  };

  return {
    address,
    kill,
    start: async () => {
      const words = ["dbus-daemon", `--config-file=${config}`, "--nofork", "--print-address"];
      // Dies with the test, also if that is killed.
      const dying = spawnSync("setpriv", ["--version"]).status === 0 ? ["setpriv", "--pdeathsig", "KILL"] : [];
      const [program = "", ...args] = [...dying, ...words];
      const started = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
      child = started;
      const printed = once(started.stdout, "data");
      const ended = once(started, "exit").then(() => Promise.reject(new Error("the test's bus did not start")));
      await Promise.race([printed, ended]);
      ended.catch(() => undefined);
    },
    dispose: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configOf(address: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*" eavesdrop="true"/>
  </policy>
</busconfig>
`;
}
