import type { Problem } from "../domain/problem.js";
import type { ReadMeterReport } from "./read-meter.js";

/** What a session that ended well came to. */
export function doneSentence({ new: fresh, known, unreadable }: ReadMeterReport): string {
  const bad = unreadable === 0 ? "" : ` ${unreadable} could not be understood and are kept for inspection.`;
  return `Read to the end: ${fresh} new, ${known} known.${bad}`;
}

/** Why a session ended early, what is kept, and what to do. */
export function failureSentence(report: ReadMeterReport, problem: Problem, why: string, quiet: boolean): string {
  if (quiet) return `${sentence(problem)} ${why}`;
  const kept = report.partial ? ` Kept so far: ${report.new} new, ${report.known} known.` : "";
  return `${sentence(problem)}${kept}`;
}

/** A problem's message and remedy, as two sentences. */
export function sentence(problem: Problem): string {
  return `${problem.message.replace(/[.\s]*$/, "")}. ${problem.remedy}`;
}
