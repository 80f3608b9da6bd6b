import { dictionary, texts } from "./plain.js";

/** Properties of one interface of an object. */
export type Properties = ReadonlyMap<string, unknown>;

/** What happened to one interface of an object. */
export interface TreeChange {
  readonly type: "added" | "changed" | "removed";
  readonly path: string;
  readonly interface: string;
  /** `added`: all properties; `changed`: those that have a new value. */
  readonly news: Properties;
}

type Listener = (change: TreeChange) => void;

/**
 * The objects of BlueZ as it tells them (D-Bus Specification, `ObjectManager` and `Properties`), and who wants to hear of
 * which. Listeners are called at once, in the order of what came.
 */
export class ObjectTree {
  readonly #objects = new Map<string, Map<string, Map<string, unknown>>>();
  readonly #byPath = new Map<string, Set<Listener>>();
  readonly #ofAll = new Set<Listener>();

  /** How many listen, for those who look for leaks. */
  get listeners(): number {
    return [...this.#byPath.values()].reduce((sum, set) => sum + set.size, this.#ofAll.size);
  }

  /** The properties of an object's interface; undefined if there is none. */
  get(path: string, name: string): Properties | undefined {
    return this.#objects.get(path)?.get(name);
  }

  /** All objects with that interface, by path, in the order of their paths. */
  all(name: string, under = "/"): readonly (readonly [string, Properties])[] {
    const found: [string, Properties][] = [];
    for (const [path, interfaces] of this.#objects) {
      const properties = interfaces.get(name);
      if (properties !== undefined && path.startsWith(under)) found.push([path, properties]);
    }
    return found.sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /** What `GetManagedObjects` gave: everything that is there. */
  reset(objects: unknown): void {
    this.clear();
    for (const [path, interfaces] of dictionary(objects)) this.added(path, interfaces);
  }

  /** Nothing is there any more. */
  clear(): void {
    for (const [path, interfaces] of [...this.#objects]) this.removed(path, [...interfaces.keys()]);
  }

  added(path: string, interfaces: unknown): void {
    const known = this.#objects.get(path) ?? new Map<string, Map<string, unknown>>();
    this.#objects.set(path, known);
    for (const [name, properties] of dictionary(interfaces)) {
      const news = new Map(dictionary(properties));
      known.set(name, news);
      this.#tell({ type: "added", path, interface: name, news });
    }
  }

  removed(path: string, interfaces: unknown): void {
    const known = this.#objects.get(path);
    for (const name of texts(interfaces)) {
      if (known?.delete(name) !== true) continue;
      if (known.size === 0) this.#objects.delete(path);
      this.#tell({ type: "removed", path, interface: name, news: new Map() });
    }
  }

  /** Of objects that were never told, nothing is heard. */
  changed(path: string, name: string, changed: unknown, invalidated: unknown): void {
    const known = this.#objects.get(path)?.get(name);
    if (known === undefined) return;
    const news = dictionary(changed);
    for (const [property, value] of news) known.set(property, value);
    for (const property of texts(invalidated)) known.delete(property);
    this.#tell({ type: "changed", path, interface: name, news });
  }

  /** Tells the listener of an object's changes, or of everyone's if the path is null, until the returned function is called. */
  listen(path: string | null, listener: Listener): () => void {
    if (path === null) {
      this.#ofAll.add(listener);
      return () => void this.#ofAll.delete(listener);
    }
    const set = this.#byPath.get(path) ?? new Set<Listener>();
    this.#byPath.set(path, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#byPath.get(path) === set) this.#byPath.delete(path);
    };
  }

  #tell(change: TreeChange): void {
    for (const listener of [...(this.#byPath.get(change.path) ?? []), ...this.#ofAll]) listener(change);
  }
}
