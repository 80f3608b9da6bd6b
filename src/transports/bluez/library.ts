/** The library that speaks the bus's protocol. */
export type DbusLibrary = typeof import("@jellybrick/dbus-next");

/** Loads it, when it is first needed: a hub that nobody uses Bluetooth with never does. */
export const dbusLibrary = (): Promise<DbusLibrary> => import("@jellybrick/dbus-next");

/** Where the system's bus is: as its own variable says, else where every Linux has it. */
export function systemBusAddress(): string {
  return process.env["DBUS_SYSTEM_BUS_ADDRESS"] || "unix:path=/run/dbus/system_bus_socket";
}
