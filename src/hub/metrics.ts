import { Gauge, Registry } from "prom-client";
import type { MeterStatus, SyncStatus } from "../domain/status.js";
import type { StoreCounts } from "../store/queries.js";

/** What the metrics are made of, looked up when they are asked for. */
export interface MetricSources {
  counts(): Promise<StoreCounts>;
  sync(): Promise<SyncStatus>;
  meters(): Promise<readonly MeterStatus[]>;
}

/** Prometheus text of how the hub is. No health values: those are no metrics. */
export function hubMetrics(sources: MetricSources): () => Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `glucohub_${name}`, help, registers: [registry] });
  const records = gauge("records", "Records in the store that are not deleted");
  const pending = gauge("pending_changes", "Records with changes that the cloud has not confirmed");
  const rejected = gauge("rejected_changes", "Records that the cloud refuses as they stand");
  const conflicts = gauge("open_conflicts", "Fields changed on both sides that nobody has resolved");
  const quarantined = gauge("quarantined", "Things that could not be understood");
  const captures = gauge("captures_waiting", "Sessions and imports not uploaded yet");
  const attached = gauge("meters_attached", "Meters attached now");
  const lastSuccess = gauge("sync_last_success_timestamp_seconds", "When a round of synchronisation last succeeded");
  const blocked = gauge("sync_failing", "1 while synchronisation fails");
  return async () => {
    const [counts, sync, meters] = await Promise.all([sources.counts(), sources.sync(), sources.meters()]);
    records.set(counts.records);
    pending.set(counts.pending);
    rejected.set(counts.rejected);
    conflicts.set(counts.conflicts);
    quarantined.set(counts.quarantined);
    captures.set(counts.capturesWaiting);
    attached.set(meters.filter((meter) => meter.port !== null && meter.state !== "away").length);
    if (sync.lastSuccess !== null) lastSuccess.set(Date.parse(sync.lastSuccess) / 1_000);
    blocked.set(sync.lastError === null ? 0 : 1);
    return registry.metrics();
  };
}
