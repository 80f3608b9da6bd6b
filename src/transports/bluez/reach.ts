import type { Clock } from "../../domain/clock.js";
import type { Attachment } from "../attachments.js";
import { adaptersOf } from "./adapter.js";
import { type DeviceObject, deviceOf } from "./device.js";
import { REACH_MS } from "./limits.js";
import { ADAPTER, DEVICE } from "./names.js";
import type { ObjectTree, Properties, TreeChange } from "./object-tree.js";
import { texts } from "./plain.js";
import { shortUuid } from "./uuid.js";

/** Properties of a device that come with an advert, and with nothing else. */
const ADVERT = ["RSSI", "ManufacturerData", "ServiceData", "AdvertisingData", "AdvertisingFlags"];
/** Properties that decide what is told of a device. */
const TOLD = ["Address", "Name", "UUIDs", "Paired", "Bonded", "Connected"];

/** Who is in reach: connected, or heard of late. */
export class Reach {
  readonly #tree: ObjectTree;
  readonly #clock: Clock;
  readonly #forget: () => void;
  readonly #onChange = new Set<() => void>();
  /** When each was heard last, by its path. */
  readonly #heard = new Map<string, number>();

  constructor(tree: ObjectTree, clock: Clock) {
    this.#tree = tree;
    this.#clock = clock;
    this.#forget = tree.listen(null, (change) => this.#take(change));
    for (const [path, properties] of tree.all(DEVICE)) {
      this.#take({ type: "added", path, interface: DEVICE, news: properties });
    }
  }

  /** Calls back when the list may be another one, until the returned function is called. */
  onChange(changed: () => void): () => void {
    this.#onChange.add(changed);
    return () => void this.#onChange.delete(changed);
  }

  /** True if the device is connected or was heard of late. */
  has(device: DeviceObject): boolean {
    return device.connected || this.#heard.has(device.path);
  }

  /** Nobody listened for so many milliseconds until now: that time counts against nobody. */
  excuse(ms: number): void {
    const now = this.#clock.now();
    for (const [path, at] of this.#heard) this.#heard.set(path, Math.min(now, at + ms));
  }

  /** Lets go of who was not heard for too long; returns in how many milliseconds the next may have to go, or null. */
  expire(): number | null {
    const now = this.#clock.now();
    let next: number | null = null;
    for (const [path, at] of this.#heard) {
      const left = at + REACH_MS - now;
      if (left <= 0) this.#heard.delete(path);
      else next = Math.min(next ?? left, left);
    }
    return next;
  }

  /** Those in reach of an adapter that is on, by their ports. */
  list(): readonly Attachment[] {
    const on = adaptersOf(this.#tree).filter(({ powered }) => powered);
    const byPort = new Map<string, Attachment>();
    for (const [path, properties] of this.#tree.all(DEVICE)) {
      const device = deviceOf(path, properties);
      if (!this.has(device) || !on.some((adapter) => path.startsWith(`${adapter.path}/`))) continue;
      const attachment = attachmentOf(device);
      if (attachment === null) continue;
      // Two adapters may hear the same meter; it is paired with one of them.
      if (byPort.get(attachment.port)?.ble?.paired !== true) byPort.set(attachment.port, attachment);
    }
    return [...byPort.values()].sort((one, other) => (one.port < other.port ? -1 : 1));
  }

  close(): void {
    this.#forget();
    this.#onChange.clear();
  }

  #take({ type, path, interface: name, news }: TreeChange): void {
    if (name === ADAPTER) this.#tell();
    if (name !== DEVICE) return;
    const known = this.#heard.has(path);
    if (type === "removed") this.#heard.delete(path);
    // What BlueZ still knows of an earlier advert is there as well when an object appears; how strong it was is not.
    else if (type === "added" ? news.has("RSSI") : isNear(news)) this.#heard.set(path, this.#clock.now());
    const came = this.#heard.has(path) !== known;
    if (came || type !== "changed" || TOLD.some((property) => news.has(property))) this.#tell();
  }

  #tell(): void {
    for (const changed of [...this.#onChange]) changed();
  }
}

/** True for an advert, and for who hung up: it stays for a while, so that the end of a session is not its coming anew. */
function isNear(news: Properties): boolean {
  return ADVERT.some((property) => news.has(property)) || news.get("Connected") === false;
}

/** Null for somebody who says nothing by which a meter could be known. */
function attachmentOf({ address, name, paired, properties }: DeviceObject): Attachment | null {
  const services = texts(properties.get("UUIDs")).map(shortUuid);
  if (address === "" || (name === null && services.length === 0 && !paired)) return null;
  const ble = { address, name, services, paired };
  return { transport: "ble", port: `ble:${address}`, usb: null, virtual: false, ble };
}
