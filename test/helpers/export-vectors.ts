import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SourceReading } from "../../src/domain/reading.js";

const FOLDER = new URL("../../../shared/vectors/exports/", import.meta.url);

/** Whether samples of exports lie beside the repository: they are others' and stay there. */
export const hasVectors = existsSync(FOLDER);

/** Whether Python is there, as an independent reader of the same files. */
export const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** A sample's path, by its path within the samples. */
export function vectorPath(name: string): string {
  return fileURLToPath(new URL(name, FOLDER));
}

/** A sample's bytes. */
export function vector(name: string): Buffer {
  return readFileSync(vectorPath(name));
}

/** What a Python program prints as JSON; it has `args` as `sys.argv[1:]`, and csv, io, json, re and sys at hand. */
export function python(program: string, ...args: readonly string[]): unknown {
  const { stdout, stderr, status } = spawnSync("python3", ["-c", `import csv,io,json,re,sys\n${program}`, ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** How many readings of each kind there are, and the sum of their values in thousandths, to compare with another count. */
export function sums(readings: readonly SourceReading[]): Record<string, readonly [count: number, sum: number]> {
  const all: Record<string, readonly [number, number]> = {};
  for (const { kind, value } of readings) {
    const [count, sum] = all[kind] ?? [0, 0];
    all[kind] = [count + 1, Math.round(sum + (value ?? 0) * 1000)];
  }
  return all;
}

/** What a reading says, without its bytes and what is empty, to compare with what is written down by hand. */
export function said(reading: SourceReading): Record<string, unknown> {
  const { raw: _raw, sourceKey: _key, control, ...rest } = reading;
  const entries = Object.entries(rest).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(entries), ...(control ? { control } : {}) };
}
