/** Modules that the second machine needs, in no order; what they need themselves is found. */
export const MODULES = [
  // Its disk: this machine's files.
  ...["virtio_pci", "9pnet_virtio", "9p"],
  // USB devices made of software, and the controllers they hang on.
  ...["dummy_hcd", "libcomposite", "usb_f_acm", "usb_f_fs"],
  // What a desktop's kernel loads when such devices are plugged in.
  ...["cdc_acm", "usbhid", "hid_generic", "usb_storage", "sd_mod"],
  // QEMU's own cable, and the line to its far end.
  ...["xhci_pci", "ftdi_sio", "virtio_console"],
  // Random numbers, in this order: the ciphers of pairing try themselves as they are loaded, and want some.
  ...["sha512_generic", "ctr", "drbg"],
  // Bluetooth controllers made of software, and what pairing and BlueZ's own sums are computed with.
  ...["hci_vhci", "cmac", "ecb", "algif_hash", "algif_skcipher"],
] as const;

/**
 * The files to load, each after all that it needs, from what depmod wrote (`modules.dep`, `modules.builtin`). Throws an
 * Error that names what this kernel does not have.
 */
export function moduleOrder(dep: string, builtin: string, wanted: readonly string[] = MODULES): readonly string[] {
  const needs = new Map<string, { readonly path: string; readonly before: readonly string[] }>();
  for (const line of dep.split("\n")) {
    const [path = "", rest = ""] = line.split(":");
    if (path !== "") needs.set(nameOf(path), { path, before: rest.split(" ").filter((one) => one !== "") });
  }
  const inKernel = new Set(builtin.split("\n").map(nameOf));
  const order = new Set<string>();
  for (const name of wanted) {
    const found = needs.get(name);
    if (found === undefined && !inKernel.has(name)) throw new Error(`this kernel has no module ${name}`);
    // depmod names all that is needed, down to the bottom, the deepest last.
    if (found !== undefined) for (const path of [...found.before].reverse().concat(found.path)) order.add(path);
  }
  return [...order];
}

/** `kernel/drivers/usb/storage/usb-storage.ko.xz` is `usb_storage`. */
function nameOf(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
}
