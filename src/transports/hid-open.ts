import type { HIDAsync } from "node-hid";
import { Problem } from "../domain/problem.js";
import { wordsOf } from "./bounded.js";
import { permissionSentence } from "./udev-sentence.js";

/** The library, loaded when it is first needed: a machine without it runs everything else. */
export type HidLibrary = () => Promise<Pick<typeof import("node-hid"), "HIDAsync">>;

/** Loads the `node-hid` package. */
export const hidLibrary: HidLibrary = () => import("node-hid");

/**
 * Opens a HID device by its path. Throws TRANSPORT_LIBRARY if the library or what it is linked with is missing, and
 * TRANSPORT_OPEN with the reason in words.
 */
export async function openHidDevice(library: HidLibrary, path: string): Promise<HIDAsync> {
  let loaded: Awaited<ReturnType<HidLibrary>>;
  try {
    loaded = await library();
  } catch (cause) {
    throw libraryProblem(cause);
  }
  try {
    return await loaded.HIDAsync.open(path);
  } catch (error) {
    // The library loads its native part, which is linked with libusb, only when the first device is opened.
    throw isMissingPart(wordsOf(error)) ? libraryProblem(error) : hidOpenProblem(path, error);
  }
}

/** A failure to open in words that say what to do. The library gives no codes, only the system's words. */
export function hidOpenProblem(path: string, error: unknown): Problem {
  const said = wordsOf(error);
  const reasons: readonly (readonly [RegExp, string, string])[] = [
    [
      /no such (file|device)|device not found/i,
      "missing",
      `${path} does not exist: is the meter plugged in and switched on?`,
    ],
    [/permission denied|operation not permitted/i, "permission", permissionSentence(path)],
    [/resource busy|device busy/i, "busy", `another program uses ${path}`],
    [/inappropriate ioctl|not a hidraw|is a directory/i, "no-device", `${path} is no HID device`],
  ];
  const found = reasons.find(([pattern]) => pattern.test(said));
  const context = { path, reason: found?.[1] ?? "other", said };
  return new Problem("TRANSPORT_OPEN", found?.[2] ?? `${path} could not be opened: ${said}`, context, { cause: error });
}

function isMissingPart(said: string): boolean {
  return /shared object|\.so(\.\d+)*:|no native build|cannot find (module|package)|dlopen/i.test(said);
}

function libraryProblem(cause: unknown): Problem {
  const said = wordsOf(cause);
  const debian = /libusb/.test(said) ? "libusb-1.0-0" : null;
  const message =
    debian === null
      ? `HID meters need the package node-hid, which can't be loaded: ${said}`
      : `HID meters need the system's library libusb, which is missing: install the Debian package ${debian}`;
  return new Problem("TRANSPORT_LIBRARY", message, { package: debian ?? "node-hid", said }, { cause });
}
