/** Where the model cloud is thought to be. */
export const CLOUD_URL = "http://cloud.test";

/** The name under which a hub pushes. */
export function hubIdOf(index: number): string {
  return `hub-${index}`;
}
