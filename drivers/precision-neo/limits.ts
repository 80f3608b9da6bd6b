import { STRIP_LIMITS } from "../shared/abbott-hid/amounts.js";

/** What the display shows as a number, mg/dL (both sheets): LO below, HI above. */
export const limits = STRIP_LIMITS;
