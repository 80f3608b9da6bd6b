/** BlueZ's name on the system's message bus, and its interfaces (its documents doc/org.bluez.*.rst, versions 5.50 to 5.8x). */
export const BLUEZ = "org.bluez";
export const ADAPTER = "org.bluez.Adapter1";
export const DEVICE = "org.bluez.Device1";
export const GATT_SERVICE = "org.bluez.GattService1";
export const GATT_CHARACTERISTIC = "org.bluez.GattCharacteristic1";
export const AGENT = "org.bluez.Agent1";
export const AGENT_MANAGER = "org.bluez.AgentManager1";

/** The bus itself, and what every object on it has (D-Bus Specification, "Standard Interfaces" and "Message Bus Messages"). */
export const DBUS = "org.freedesktop.DBus";
export const DBUS_PATH = "/org/freedesktop/DBus";
export const OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager";
export const PROPERTIES = "org.freedesktop.DBus.Properties";

/** Where BlueZ keeps its object manager and its agents' manager (doc/org.bluez.AgentManager.rst). */
export const ROOT_PATH = "/";
export const BLUEZ_PATH = "/org/bluez";
