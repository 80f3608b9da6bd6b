import { Problem } from "../../domain/problem.js";
import type { Cloud } from "./cloud.js";
import { nativeCloud } from "./native.js";

/** Which cloud a hub is to keep in step with. */
export interface CloudSettings {
  readonly kind: "native" | "fhir" | "nightscout" | "none";
  readonly url: string | null;
  readonly token: string | null;
}

/** The cloud that the settings name; null for none. Throws SETTINGS_INVALID. */
export function openCloud(settings: CloudSettings): Cloud | null {
  if (settings.kind === "none") return null;
  if (settings.url === null)
    throw new Problem("SETTINGS_INVALID", "cloud.url (GLUCOHUB_CLOUD_URL) is missing although a cloud is set.");
  if (settings.kind === "native") return nativeCloud({ url: settings.url, token: settings.token });
  throw new Problem("SETTINGS_INVALID", `The cloud kind "${settings.kind}" is not available yet; use native or none.`);
}
