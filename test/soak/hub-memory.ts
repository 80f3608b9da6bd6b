import { readFileSync } from "node:fs";

/** The most memory that a process was ever resident with (VmHWM of proc(5)), bytes; 0 if it can't be told. */
export function mostResident(pid: number | null): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
