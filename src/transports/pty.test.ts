import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { concat } from "../kit/bytes.js";
import { openPty, type Pty, ptyCommand } from "./pty.js";
import { openSerial } from "./serial.js";

const settings = { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;
const open: Pty[] = [];

async function pty(): Promise<Pty> {
  const one = await openPty();
  open.push(one);
  return one;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

describe("openPty", () => {
  test("is transparent for every byte, both ways", async () => {
    const meter = await pty();
    expect(meter.path).toMatch(/^\/dev\/pts\/\d+$/);
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    const up: Uint8Array[] = [];
    const transport = await openSerial(meter.path, settings);
    await transport.write(every);
    meter.send(every);
    const down: Uint8Array[] = [];
    while (concat(down).length < 256) down.push(await transport.read());
    // A late listener gets what came before it.
    meter.onData((bytes) => up.push(bytes));
    await vi.waitUntil(() => concat(up).length >= 256);
    expect(concat(down)).toEqual(every);
    expect(concat(up)).toEqual(every);
    await transport.close();
  });

  test("is gone with kill and with close, which may be called twice", async () => {
    const killed = await pty();
    killed.kill();
    await vi.waitUntil(() => !existsSync(killed.path));
    killed.send(Uint8Array.of(1));
    const closed = await pty();
    await closed.close();
    expect(existsSync(closed.path)).toBe(false);
    await closed.close();
  });

  test("obeys its signal", async () => {
    const reason = new Error("enough");
    await expect(openPty(AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const opening = openPty(abort.signal);
    abort.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  test("says what to install where script is missing", async () => {
    vi.stubEnv("PATH", "/nowhere");
    try {
      await expect(openPty()).rejects.toEqual(
        expect.objectContaining({ code: "TRANSPORT_LIBRARY", message: expect.stringContaining("bsdutils") }),
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("dies with its process, even if that is killed, with and without setpriv", async () => {
    const placeholder = 4194304999;
    for (const setpriv of [true, false]) {
      const command = JSON.stringify(ptyCommand(placeholder, setpriv));
      const program = `
        import { spawn } from "node:child_process";
        const [command, args] = JSON.parse(process.argv[1].replaceAll("${placeholder}", process.pid));
        spawn(command, args, { stdio: ["pipe", "inherit", "inherit"] });
      `;
      const owner = spawn(process.execPath, ["--input-type=module", "-e", program, command], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [first] = await once(owner.stdout, "data");
      const path = String(first).trim();
      expect(existsSync(path)).toBe(true);
      owner.kill("SIGKILL");
      await vi.waitUntil(() => !existsSync(path), { timeout: 5000 });
      expect(existsSync(path)).toBe(false);
    }
  });
});
