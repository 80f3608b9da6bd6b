import type { Device, Interface } from "usb";
import { Problem } from "../domain/problem.js";
import { wordsOf } from "./bounded.js";
import { permissionSentence } from "./udev-sentence.js";

/** The library, loaded when it is first needed: a machine without it runs everything else. */
export type UsbLibrary = () => Promise<Pick<typeof import("usb"), "getDeviceList">>;

/** Loads the `usb` package. */
export const usbLibrary: UsbLibrary = () => import("usb");

/** Where a device is on USB: its bus and number there, or the port that it is plugged in to, `usb:1-1.2`. */
export type BulkAddress = string | { readonly bus: number; readonly device: number };

/** A device that is open, with the interface that was claimed. */
export interface ClaimedInterface {
  readonly device: Device;
  readonly claimed: Interface;
  /** Whether the kernel's own driver had to be sent away. */
  readonly detached: boolean;
}

/** libusb's codes, which are the same everywhere (libusb.h, enum libusb_error). */
const REASONS: ReadonlyMap<number, string> = new Map([
  [-3, "permission"],
  [-4, "missing"],
  [-5, "missing"],
  [-6, "busy"],
]);

/** Finds the device. Throws TRANSPORT_LIBRARY, or TRANSPORT_OPEN if it is not there. */
export async function findUsbDevice(library: UsbLibrary, address: BulkAddress): Promise<Device> {
  let loaded: Awaited<ReturnType<UsbLibrary>>;
  try {
    loaded = await library();
  } catch (cause) {
    const said = wordsOf(cause);
    const debian = /libudev/.test(said) ? "libudev1" : null;
    const message =
      debian === null
        ? `USB meters need the package usb, which can't be loaded: ${said}`
        : `USB meters need the system's library libudev, which is missing: install the Debian package ${debian}`;
    throw new Problem("TRANSPORT_LIBRARY", message, { package: debian ?? "usb", said }, { cause });
  }
  const name = addressName(address);
  const device = listed(loaded, name).find((one) =>
    typeof address === "string"
      ? addressName(address) === `usb:${one.busNumber}-${(one.portNumbers ?? []).join(".")}`
      : one.busNumber === address.bus && one.deviceAddress === address.device,
  );
  if (device === undefined) throw usbProblem(name, "missing", "it is not listed");
  return device;
}

/** Opens the device and claims one interface of it. Throws TRANSPORT_OPEN, with everything closed again. */
export function claimInterface(device: Device, interfaceNumber: number, name: string): ClaimedInterface {
  // The library gives the same object to everybody, and closes it for everybody.
  if (device.interfaces !== undefined) throw usbProblem(name, "busy", "it is open in this program");
  try {
    device.open();
  } catch (error) {
    throw usbOpenProblem(name, error);
  }
  try {
    const claimed = interfaceOf(device, interfaceNumber);
    if (claimed === null) throw usbProblem(name, "no-device", `it has no interface ${interfaceNumber}`);
    const detached = detachKernel(claimed);
    try {
      claimed.claim();
    } catch (error) {
      if (detached) quietly(() => claimed.attachKernelDriver());
      throw error;
    }
    return { device, claimed, detached };
  } catch (error) {
    quietly(() => device.close());
    throw error instanceof Problem ? error : usbOpenProblem(name, error);
  }
}

/** Gives back what was claimed and closes the device; nothing of it may be under way any more. Never rejects. */
export async function releaseInterface({ device, claimed, detached }: ClaimedInterface): Promise<void> {
  await claimed.releaseAsync().catch(() => undefined);
  if (detached) quietly(() => claimed.attachKernelDriver());
  quietly(() => device.close());
}

/** A failure of the library while opening, in words that say what to do. */
export function usbOpenProblem(name: string, error: unknown): Problem {
  const errno = error instanceof Error && "errno" in error ? error.errno : null;
  const reason = typeof errno === "number" ? REASONS.get(errno) : undefined;
  return usbProblem(name, reason ?? "other", wordsOf(error), error);
}

/** The address for people, and as attachments have it: `usb:1-1.2`, or `usb:1/7` for a number on a bus. */
export function addressName(address: BulkAddress): string {
  if (typeof address !== "string") return `usb:${address.bus}/${address.device}`;
  return address.startsWith("usb:") ? address : `usb:${address}`;
}

function usbProblem(path: string, reason: string, said: string, cause?: unknown): Problem {
  const sentences: Readonly<Record<string, string>> = {
    missing: `${path} is not there: is the meter plugged in and switched on?`,
    permission: permissionSentence(path),
    busy: `another program uses ${path}`,
  };
  const message = sentences[reason] ?? `${path} could not be opened: ${said}`;
  return new Problem("TRANSPORT_OPEN", message, { path, reason, said }, cause === undefined ? {} : { cause });
}

/** The library claims by the place in its list, which differs from the number where a device leaves numbers out. */
function interfaceOf(device: Device, interfaceNumber: number): Interface | null {
  const found = device.interfaces?.[interfaceNumber];
  return found?.interfaceNumber === interfaceNumber ? found : null;
}

function listed(library: Awaited<ReturnType<UsbLibrary>>, name: string): readonly Device[] {
  try {
    return library.getDeviceList();
  } catch (error) {
    throw usbOpenProblem(name, error);
  }
}

function detachKernel(claimed: Interface): boolean {
  try {
    if (!claimed.isKernelDriverActive()) return false;
  } catch {
    // Systems that have no such drivers can't tell.
    return false;
  }
  claimed.detachKernelDriver();
  return true;
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // What is to be given back is gone already.
  }
}
