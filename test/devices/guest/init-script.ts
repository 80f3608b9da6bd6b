/** What the second machine's first programs are to do. */
export interface InitOptions {
  /** Modules' file names in `/modules`, in the order in which they are loaded. */
  readonly modules: readonly string[];
  /** How many software USB controllers there are, one for each gadget; the module makes 32 at most. */
  readonly controllers: number;
  /** The checkout's path on this machine, where the archive's copy of it is put. */
  readonly checkout: string;
  /** Folders that stay visible, even where memory is put above them. */
  readonly keep: readonly string[];
  /** Command that runs in the end, by this machine's paths. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where the archive holds the built hub. */
export const CHECKOUT = "checkout";

/** Folders of this machine in which the second one writes, into its own memory; BlueZ keeps its bonds in the last. */
const OWN_FOLDERS = ["run", "tmp", "var/tmp", "root", "var/lib"];
const KERNELS_FOLDERS = ["dev", "proc", "sys"];
const OFF = `off() { $bb echo "lab: off"; $bb poweroff -f; }
trap off EXIT`;

/**
 * The script that the kernel runs first: loads modules, takes this machine's files as its own root (only to read), puts
 * memory where something must be written and the built hub where it stands, and hands over to the second script.
 * Whatever happens, the machine goes off in the end.
 */
export function initScript({ modules, controllers, checkout, keep }: InitOptions): string {
  const covers = [...OWN_FOLDERS.map((own) => `/${own}/`), `${checkout}/`];
  const hidden = keep.filter((folder) => covers.some((cover) => `${folder}/`.startsWith(cover)));
  const place = (folder: string): string => `/host${quoted(folder)}`;
  return `#!/bin/busybox sh
bb=/bin/busybox
${OFF}
$bb mount -t proc proc /proc
$bb mount -t sysfs sysfs /sys
$bb mount -t devtmpfs dev /dev
for module in ${modules.join(" ")}; do
  parameters=
  case $module in dummy_hcd.*) parameters="num=${Math.max(1, controllers)}" ;; esac
  $bb insmod /modules/$module $parameters || $bb echo "lab: $module was not loaded"
done
$bb mount -t configfs config /sys/kernel/config
$bb echo 0 > /sys/module/usb_storage/parameters/delay_use
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=524288,cache=loose root /host || exit 1
${hidden.map((folder, index) => `$bb mkdir /keep${index}; $bb mount --bind ${place(folder)} /keep${index}\n`).join("")}\
for folder in ${OWN_FOLDERS.join(" ")}; do [ -d /host/$folder ] && $bb mount -t tmpfs tmpfs /host/$folder; done
$bb mkdir -p ${place(checkout)}
$bb mount --bind /${CHECKOUT} ${place(checkout)} || exit 1
${hidden.map((folder, index) => `$bb mkdir -p ${place(folder)}; $bb mount --bind /keep${index} ${place(folder)}\n`).join("")}\
$bb cp /bin/busybox /second /host/run/
for folder in ${KERNELS_FOLDERS.join(" ")}; do $bb mount --move /$folder /host/$folder || exit 1; done
cd /host
# Not switch_root: that would delete the built hub, which stands in the first file system's memory.
./run/busybox mount --move . /
exec ./run/busybox chroot . /run/busybox sh /run/second
`;
}

/** The script that goes on with this machine's files as the root: starts udev if there is one, then the command. */
export function secondScript({ command, env }: Pick<InitOptions, "command" | "env">): string {
  return `bb=/run/busybox
${OFF}
$bb mkdir -p /dev/pts /dev/shm
$bb mount -t devpts devpts /dev/pts
$bb mount -t tmpfs tmpfs /dev/shm
$bb ip link set lo up
$bb hostname lab
for udevd in /lib/systemd/systemd-udevd /usr/lib/systemd/systemd-udevd /sbin/udevd; do
  [ -x $udevd ] && $udevd --daemon --resolve-names=never && break
done
${Object.entries(env)
  .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
  .join("")}\
${command.map(quoted).join(" ")} < /dev/null
$bb echo "lab: the program ended with $?"
`;
}

/** A word that the shell takes as it stands. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
