import { AnyInbox } from "./any-inbox.js";

/** A megabyte of common reports: who sends that much unread speaks no meter's protocol. */
const LIMIT_REPORTS = 16_384;

/** The reports that have come from a device and were not read yet: a read gets the next one, whole. */
export class ReportInbox extends AnyInbox {
  readonly limit: string;
  readonly #limitReports: number;
  readonly #reports: Uint8Array[] = [];
  /** Up to where `#reports` has been read. */
  #at = 0;

  /** @param limitReports how many may stand unread */
  constructor(limitReports = LIMIT_REPORTS) {
    super();
    this.limit = `${limitReports} reports`;
    this.#limitReports = limitReports;
  }

  protected put(report: Uint8Array): boolean {
    if (this.#reports.length - this.#at >= this.#limitReports) return false;
    this.#reports.push(report);
    return true;
  }

  protected take(): Uint8Array | null {
    const report = this.#reports[this.#at];
    if (report === undefined) return null;
    this.#at += 1;
    if (this.#at === this.#reports.length) this.clear();
    return report;
  }

  protected clear(): void {
    this.#reports.length = 0;
    this.#at = 0;
  }
}
