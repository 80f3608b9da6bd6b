import { spawn } from "node:child_process";

/** How a program ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  /** The last of what it complained of. */
  readonly stderr: string;
}

/** Runs a program without a shell to its end; code 127 where there is none. Ended with this process, or after the limit. */
export async function run(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly argv0?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly limitMs: number;
  },
): Promise<Ran> {
  const { limitMs, ...rest } = options;
  const child = spawn(program, args, { ...rest, stdio: ["ignore", "pipe", "pipe"], timeout: limitMs });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2_000);
  });
  const stop = (): void => void child.kill("SIGKILL");
  process.once("exit", stop);
  try {
    return await new Promise((resolve) => {
      child.once("error", (error) => resolve({ code: 127, stdout, stderr: error.message }));
      child.once("close", (code) => resolve({ code: code ?? 124, stdout, stderr }));
    });
  } finally {
    process.removeListener("exit", stop);
  }
}
