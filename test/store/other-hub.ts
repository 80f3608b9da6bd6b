import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

const DIST = join(import.meta.dirname, "../../dist/src");

/** True where the program was built, as `npm test` does before it runs the suites. */
export const isBuilt = existsSync(join(DIST, "store/store.js"));

/** Another process with the store open. */
export interface OtherHub {
  readonly child: ChildProcess;
  /** Resolves when it printed that line. */
  said(line: string): Promise<void>;
}

/** Runs a program in a process of its own; `store` (in that role) is open in it, and it ends as it likes. */
export function otherHub(url: string, role: "local" | "sync", program: string): OtherHub {
  const imports = [
    ["{ Store }", "store/store.js"],
    ["{ takeLease }", "store/lease.js"],
    ["{ getRecord, editRecord }", "store/records.js"],
  ].map(([names, file]) => `import ${names} from ${JSON.stringify(pathToFileURL(join(DIST, file ?? "")).href)};`);
  const open = `const store = await Store.open(${JSON.stringify({ path: "unused", url, role })});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", [...imports, open, program].join("\n")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGCONT");
    child.kill("SIGKILL");
  });
  let text = "";
  const listeners = new Set<() => void>();
  child.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString();
    for (const listener of listeners) listener();
  });
  return {
    child,
    said: (line) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (text.split("\n").includes(line)) resolve();
        };
        listeners.add(look);
        child.once("exit", () => reject(new Error(`it ended without saying ${line}: ${text}`)));
        look();
      }),
  };
}
