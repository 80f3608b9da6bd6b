import { Problem } from "../domain/problem.js";
import type { GattName } from "./transport.js";

/** A short id of the Bluetooth SIG or a maker's own in full, as `GattName` writes them. */
const ID = "[0-9a-f]{4}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const SERVICE = new RegExp(`^(${ID})\\(([^()]*)\\)(?:\\s+|$)`);
const WHOLE_ID = new RegExp(`^(?:${ID})$`);

/** True for an id as `GattName` writes it: four hex digits, or a UUID in full, in lower case. */
export function isGattId(text: string): boolean {
  return WHOLE_ID.test(text);
}

/** What a meter has, service by service in its order: `180a(2a29 2a24 2a25) 1808(2a18 2a34 2a51 2a52)`. */
export function printGatt(names: readonly GattName[]): string {
  const services: { service: string; ids: string[] }[] = [];
  for (const { service, characteristic } of names) {
    const last = services.at(-1);
    if (last?.service === service) last.ids.push(characteristic);
    else services.push({ service, ids: [characteristic] });
  }
  return services.map(({ service, ids }) => `${service}(${ids.join(" ")})`).join(" ");
}

/** The characteristics of such a text. Throws TRANSCRIPT_MALFORMED for a text of another form. */
export function parseGatt(text: string): GattName[] {
  const names: GattName[] = [];
  for (let left = text.trim(); left !== ""; ) {
    const [whole, service = "", inside = ""] = SERVICE.exec(left) ?? [];
    const ids = inside.split(/\s+/).filter((id) => id !== "");
    if (whole === undefined || !ids.every(isGattId)) {
      throw new Problem("TRANSCRIPT_MALFORMED", `the header gatt is not of the form 180a(2a29 2a24): ${left}`);
    }
    names.push(...ids.map((characteristic) => ({ service, characteristic })));
    left = left.slice(whole.length);
  }
  return names;
}
