import { readdirSync, readFileSync } from "node:fs";

/** Ticks of a processor's time in a second, as Linux counts them for programs (USER_HZ, always 100). */
const TICKS_A_SECOND = 100;

/** What processes have used, and hold now. */
export interface Usage {
  readonly processes: number;
  /** Time on a processor since they began, with that of children that have ended, milliseconds. */
  readonly cpuMs: number;
  /** Resident memory, bytes; what processes share is counted in each. */
  readonly rssBytes: number;
  /** The same with shared memory divided among those who share it; null where the kernel doesn't tell. */
  readonly pssBytes: number | null;
}

/** Usage of a process and all that descend from it, the Redis servers among them apart. Linux only. */
export function usageOfTree(root: number): { readonly own: Usage; readonly redis: Usage } {
  const all = readProcesses();
  const tree = new Set([root]);
  for (let before = 0; before < tree.size; ) {
    before = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  const members = all.filter(({ pid }) => tree.has(pid));
  if (!members.some(({ pid }) => pid === root)) throw new Error(`process ${root} is gone`);
  const isRedis = ({ name }: Stat): boolean => /^(redis|valkey)-server/.test(name);
  return { own: sum(members.filter((one) => !isRedis(one))), redis: sum(members.filter(isRedis)) };
}

interface Stat {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly ticks: number;
}

function readProcesses(): Stat[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const text = readQuietly(`/proc/${pid}/stat`);
      return text === null ? [] : [readStat(text)];
    });
}

/** Reads /proc/PID/stat (proc(5)): the name stands in brackets and may hold brackets and blanks itself. */
export function readStat(text: string): Stat {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const rest = text.slice(close + 2).split(" ");
  // Fields 4 (parent) and 14 to 17 (own and waited-for children's time); `rest` begins with field 3.
  const field = (number: number): number => Number(rest[number - 3]);
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    parent: field(4),
    ticks: field(14) + field(15) + field(16) + field(17),
  };
}

function sum(processes: readonly Stat[]): Usage {
  const rss = processes.map(({ pid }) => kilobytes(`/proc/${pid}/status`, "VmRSS"));
  const pss = processes.map(({ pid }) => kilobytes(`/proc/${pid}/smaps_rollup`, "Pss"));
  const total = (list: readonly (number | null)[]): number => list.reduce<number>((all, one) => all + (one ?? 0), 0);
  return {
    processes: processes.length,
    cpuMs: (total(processes.map(({ ticks }) => ticks)) / TICKS_A_SECOND) * 1_000,
    rssBytes: total(rss) * 1_024,
    pssBytes: pss.includes(null) ? null : total(pss) * 1_024,
  };
}

function kilobytes(file: string, name: string): number | null {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readQuietly(file) ?? "");
  return found === null ? null : Number(found[1]);
}

/** Null for a process that ended meanwhile, or that may not be looked into. */
function readQuietly(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
