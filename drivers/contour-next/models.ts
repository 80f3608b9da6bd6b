import { contourModel } from "../shared/astm/contour.js";

/** What is known of a model beside its records. */
interface Model {
  readonly name: string;
  /** It must not be sent EOT before its clock is set (sheet a), and may end a dump without it (sheet b, for the Next One). */
  readonly shunsEot?: boolean;
  /** The insulin pump that it belongs to may own its clock (both sheets). */
  readonly link?: boolean;
}

/** By the number in the product's name (sheet a; 7390 also in sheet b's captured header). */
const MODELS: ReadonlyMap<string, Model> = new Map<string, Model>([
  ["6200", { name: "Contour Next Link", link: true }],
  ["6210", { name: "Contour Next Link 2.4", link: true }],
  ["6300", { name: "Contour Next Link", link: true }],
  ["7350", { name: "Contour Next" }],
  ["7390", { name: "Contour USB" }],
  ["7410", { name: "Contour Next USB" }],
  // Both have the same number and the same product identifier.
  ["7800", { name: "Contour Next One / Plus One", shunsEot: true }],
  ["7900", { name: "Contour Next", shunsEot: true }],
  ["7950", { name: "Contour Plus Blue", shunsEot: true }],
]);

const NAMES: ReadonlyMap<string, string> = new Map([...MODELS].map(([number, { name }]) => [number, name]));

/** The marketing name of a product such as `Bayer7410`; its own name for an unknown number; null for another maker's. */
export function modelOf(product: string): string | null {
  return contourModel(product, NAMES);
}

/** True for a model to which EOT means something else; for unknown ones too, as all can be read without. */
export function shunsEot(product: string): boolean {
  const model = MODELS.get(product.slice(-4));
  return model === undefined || model.shunsEot === true;
}

/** True for a meter that is part of an insulin pump's system. */
export function isLink(product: string): boolean {
  return MODELS.get(product.slice(-4))?.link === true;
}
