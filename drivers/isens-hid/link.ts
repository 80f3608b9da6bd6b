import type { UsbMatch } from "../../src/kit/driver.js";

/** Speed of the line between the cable's chip and the meter (sheet a). */
export const BAUD_RATE = 9_600;

/** The chip in the maker's cable, under an identifier that the maker had set (sheet a). */
export const CABLE: UsbMatch = {
  vendorId: "10c4",
  productId: "8a32",
  ambiguous: false,
  source: "the CareSens cable, a CP2110 inside: sheet a",
};
