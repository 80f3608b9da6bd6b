import { SingleBar } from "cli-progress";
import type { CliIo } from "./io.js";

/** A command that is over sooner shows no bar, milliseconds. */
const SHOWN_AFTER_MS = 1_000;

/** A progress bar on standard error. */
export interface Progress {
  /** `total` null or 0: not known (yet). */
  update(done: number, total: number | null): void;
  /** Takes the bar away, so that something else can be written; it comes back with the next update. */
  stop(): void;
}

/** Megabytes a second, for what is counted in bytes. */
export function byteRate(perSecond: number): string {
  return `, ${(perSecond / 1e6).toFixed(1)} MB/s`;
}

function noRate(): string {
  return "";
}

/** A bar on a terminal for what takes longer than a second; nothing where standard error is no terminal. */
export function progressBar(io: CliIo, label: string, rateText: (perSecond: number) => string = noRate): Progress {
  if (io.stderr.isTTY !== true) return { update: () => undefined, stop: () => undefined };
  const startMs = io.clock.now();
  let bar: SingleBar | null = null;
  return {
    update(done, total) {
      if (total === null || total <= 0 || io.clock.now() - startMs < SHOWN_AFTER_MS) return;
      if (bar === null) {
        const format = `${label} {bar} {percentage}%{rate}, {eta_formatted} left`;
        bar = new SingleBar({ format, stream: io.stderr, clearOnComplete: true, hideCursor: true, fps: 10 });
        bar.start(total, done, { rate: "" });
      }
      const seconds = (io.clock.now() - startMs) / 1_000;
      bar.setTotal(total);
      bar.update(Math.min(done, total), { rate: rateText(done / seconds) });
    },
    stop() {
      bar?.stop();
      bar = null;
    },
  };
}
