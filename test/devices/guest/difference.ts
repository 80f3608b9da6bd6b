/** How many differences are told. */
const TOLD = 2;

/** What a meter holds and the store has not, and the reverse; null if they are alike. Both sorted, each with repetitions. */
export function difference(meter: readonly string[], store: readonly string[]): string | null {
  const missing = without(meter, store);
  const extra = without(store, meter);
  if (missing.length === 0 && extra.length === 0) return null;
  const told = [...sample("missing", missing), ...sample("not in the meter", extra)];
  return `the meter holds ${meter.length}, the store ${store.length}; ${told.join("; ")}`;
}

/** What the store has and the meter does not; null if there is nothing of that kind. */
export function invented(meter: readonly string[], store: readonly string[]): string | null {
  const extra = without(store, meter);
  return extra.length === 0 ? null : sample("not in the meter", extra).join("");
}

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const one of others) left.set(one, (left.get(one) ?? 0) + 1);
  return all.filter((one) => {
    const count = left.get(one) ?? 0;
    left.set(one, count - 1);
    return count <= 0;
  });
}

function sample(what: string, found: readonly string[]): readonly string[] {
  return found.length === 0 ? [] : [`${what} ${found.length}, such as ${found.slice(0, TOLD).join(" ")}`];
}
