import type { SerialPort } from "serialport";
import { Problem } from "../domain/problem.js";
import type { SerialSettings } from "../kit/transport.js";

/** The library, loaded when it is first needed: a machine without it runs everything else. */
export type SerialLibrary = () => Promise<typeof import("serialport")>;

/** Loads the `serialport` package. */
export const serialLibrary: SerialLibrary = () => import("serialport");

/** Loads the library. Throws TRANSPORT_LIBRARY if it or its native part is missing. */
export async function loadSerialLibrary(library: SerialLibrary): Promise<typeof import("serialport")> {
  try {
    return await library();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `serial ports need the package serialport, which can't be loaded: ${why}`;
    throw new Problem("TRANSPORT_LIBRARY", message, { package: "serialport" }, { cause });
  }
}

/** Opens the port, locked for this process. Throws TRANSPORT_OPEN with the reason in words. */
export async function openPort(
  library: typeof import("serialport"),
  path: string,
  settings: SerialSettings,
): Promise<SerialPort> {
  const { baudRate, dataBits, parity, stopBits } = settings;
  const port = new library.SerialPort({ path, baudRate, dataBits, parity, stopBits, lock: true, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(openProblem(path, error))));
  });
  return port;
}

/** A failure to open in words that say what to do. The library gives no codes, only the system's words. */
export function openProblem(path: string, error: Error): Problem {
  const said = error.message.replace(/^Error:?\s*/, "");
  const reasons: readonly (readonly [RegExp, string, string])[] = [
    [/no such (file|device)|not found/i, "missing", `${path} does not exist: is the cable plugged in?`],
    [
      /permission denied|operation not permitted/i,
      "permission",
      `this user may not open ${path}: add it to the group dialout and log in again`,
    ],
    [/cannot lock|resource busy|temporarily unavailable/i, "busy", `another program uses ${path}`],
    [/inappropriate ioctl|not a (tty|typewriter)/i, "no-port", `${path} is no serial port`],
  ];
  const found = reasons.find(([pattern]) => pattern.test(said));
  const context = { path, reason: found?.[1] ?? "other", said };
  return new Problem("TRANSPORT_OPEN", found?.[2] ?? `${path} could not be opened: ${said}`, context, { cause: error });
}
