import type { LabKit } from "./kit.js";

/** Files of one run. */
export interface RunFiles {
  readonly initramfs: string;
  /** Socket on which this program hears what the second machine reports. */
  readonly report: string;
  /** Socket between QEMU's serial cable and the line to its far end. */
  readonly cable: string;
}

/**
 * Arguments that make the second machine: two processors in software, this machine's files to read, the console on standard
 * output, a line for reports; and, if wanted, a serial cable with an FTDI chip whose far end is a line inside. No network.
 */
export function qemuArguments(
  kit: Pick<LabKit, "kernel" | "firmware">,
  files: RunFiles,
  ftdi: boolean,
): readonly string[] {
  return [
    ...kit.firmware.flatMap((folder) => ["-L", folder]),
    ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048"],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-net", "none"],
    ...["-kernel", kit.kernel, "-initrd", files.initramfs],
    ...["-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off usbcore.autosuspend=-1"],
    ...["-virtfs", "local,path=/,mount_tag=root,security_model=none,multidevs=remap,readonly=on"],
    ...["-serial", "stdio"],
    ...["-chardev", `socket,id=report,path=${files.report}`, "-serial", "chardev:report"],
    ...(ftdi ? ftdiCable(files.cable) : []),
  ];
}

function ftdiCable(socket: string): readonly string[] {
  return [
    ...["-device", "qemu-xhci,id=xhci", "-device", "virtio-serial-pci"],
    ...["-chardev", `socket,id=cable,path=${socket},server=on,wait=off`],
    ...["-chardev", `socket,id=far-end,path=${socket}`],
    ...["-device", "virtserialport,chardev=far-end,name=lab.far-end"],
    ...["-device", "usb-serial,chardev=cable,bus=xhci.0"],
  ];
}
