/** The promises that a run is held to, by short names. */
export type Invariant =
  | "I1"
  | "I2"
  | "I3"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "I8"
  | "I9"
  | "I10"
  | "I11"
  | "I12"
  | "I13"
  | "I14"
  | "NOISE"
  | "PROTOCOL";

/** What each invariant says. */
export const INVARIANTS: Readonly<Record<Invariant, string>> = {
  I1: "no local edit is lost: it stands in the cloud, was replaced by somebody who saw it, or is listed as a conflict",
  I2: "no state of the cloud is replaced by a hub that had not seen it, and what it changed it had reason to",
  I3: "version_synced is at most version, and what it stands for is what the cloud holds under that rev",
  I4: "version, fence and cursor never go back; version_synced only with what the cloud holds",
  I5: "no sync worker writes after another one took the lease",
  I6: "one reading is one record, at the hub and in the cloud",
  I7: "without faults and edits all sides are equal within a few rounds, and nothing is unpushed",
  I8: "and then a further round sends nothing and changes nothing",
  I9: "every change up to the cursor was seen",
  I10: "what was deleted comes back only by somebody's doing",
  I11: "what a meter measured never changes",
  I12: "what was answered for is there after a crash",
  I13: "no local write fails because of the cloud, nor waits for it",
  I14: "every round ends, with what it found to do done; a record that can't be taken holds up no other",
  NOISE: "no conflict is listed of a hub with itself, and no cloud suspected that did nothing wrong",
  PROTOCOL: "a hub asks only for what the protocol allows",
};

/** A promise that was broken. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(detail);
    this.invariant = invariant;
  }
}
