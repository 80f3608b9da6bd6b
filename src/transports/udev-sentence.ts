/** Lets the hub's user open meters; copied to /etc/udev/rules.d/. */
export const UDEV_RULES = "70-glucohub.rules";

/** What to do when the system does not let this user open the device. */
export function permissionSentence(path: string): string {
  return (
    `this user may not open ${path}: copy config/${UDEV_RULES} to /etc/udev/rules.d/, run ` +
    "`udevadm control --reload && udevadm trigger`, add the user to the group plugdev and log in again"
  );
}
