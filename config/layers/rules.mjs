/**
 * Who may import whom. A part is a folder of src, a folder of drivers, or one of the two loose files (hub.ts, the
 * catalogue). Every part may import itself. `parts` names what else of ours it may import, without those in `but`;
 * `libraries` which packages and Node.js modules (a final `*` stands for anything), without those in `notLibraries`.
 * Where `libraries` is left out: any that package.json depends on.
 */
export const RULES = {
  "src/domain": { parts: [], libraries: ["node:crypto", "temporal-polyfill"] },
  "src/kit": { parts: ["src/domain"], libraries: ["@serialport/parser-readline", "node:*"] },
  // A driver must not reach the network, other processes or files: what it reads comes through its transport.
  "drivers/*": {
    parts: ["src/domain", "src/kit", "drivers/shared"],
    notLibraries: ["node:net", "node:tls", "node:http*", "node:dgram", "node:fs*", "node:child_process"],
  },
  // What families of meters have in common: frames and dialogues, never a driver.
  "drivers/shared": { parts: ["src/domain", "src/kit"], libraries: [] },
  "drivers/index.ts": { parts: ["src/domain", "src/kit", "drivers/*"] },
  "src/transports": { parts: ["src/domain", "src/kit"] },
  "src/cloud": { parts: ["src/domain", "src/kit"] },
  "src/store": { parts: ["src/domain"] },
  "src/settings": { parts: ["src/domain"] },
  "src/web": { parts: ["src/domain"] },
  "src/feeds": { parts: ["src/domain", "src/store", "src/settings"] },
  "src/sync": { parts: ["src/domain", "src/kit", "src/store", "src/settings"] },
  "src/ingest": {
    parts: ["src/domain", "src/kit", "src/transports", "src/store", "src/settings", "drivers/index.ts"],
  },
  "src/api": { parts: ["src/domain", "src/kit", "src/store", "src/settings", "src/web"] },
  "src/hub.ts": { parts: ["src/*", "drivers/*", "drivers/index.ts"], but: ["src/cli"] },
  // Pieces of the hub that need several layers and would crowd hub.ts.
  "src/hub": { parts: ["src/*", "drivers/*", "drivers/index.ts"], but: ["src/cli", "src/hub.ts"] },
  "src/cli": { parts: ["src/*", "drivers/*", "drivers/index.ts"] },
};

/** The part that a file (its path from the root, `/` between folders) belongs to. */
export function partOf(file) {
  const [top, second] = file.split("/");
  return `${top}/${second ?? ""}`;
}

/** The rule of a part, or null if there is none. */
export function ruleOf(part) {
  if (Object.hasOwn(RULES, part)) return RULES[part];
  const isDriver = part.startsWith("drivers/") && !part.endsWith(".ts");
  return isDriver ? RULES["drivers/*"] : null;
}

/** True if the part may import that other part of ours. */
export function mayImport(part, other) {
  if (part === other) return true;
  const rule = ruleOf(part);
  if (rule === null) return false;
  if (matches(rule.but ?? [], other)) return false;
  return matches(rule.parts, other);
}

/** True if the part may use that library. */
export function mayUse(part, library) {
  const rule = ruleOf(part);
  if (rule === null) return false;
  if (matches(rule.notLibraries ?? [], library)) return false;
  return rule.libraries === undefined || matches(rule.libraries, library);
}

function matches(patterns, name) {
  return patterns.some((pattern) => {
    if (pattern === name) return true;
    if (!pattern.endsWith("*")) return false;
    // The catalogue is no driver, and the hub is no folder: both are named where they are meant.
    if (pattern === "drivers/*" && name.endsWith(".ts")) return false;
    return name.startsWith(pattern.slice(0, -1));
  });
}
