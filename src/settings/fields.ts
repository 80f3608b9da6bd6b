import * as z from "zod";
import { type SettingFacts, settingsSchema } from "./schema.js";

/** One setting of the schema: a leaf of the tree. */
export interface SettingField extends SettingFacts {
  /** Its dotted name: `http.port`. */
  readonly name: string;
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

/** Every setting, in the schema's order. */
export function settingFields(): readonly SettingField[] {
  return leaves(settingsSchema, []);
}

/** The names of the sections (`http`, `cloud`, …): they hold settings and are none themselves. */
export function sectionNames(fields: readonly SettingField[]): readonly string[] {
  return [...new Set(fields.flatMap((field) => (field.path.length > 1 ? field.path.slice(0, 1) : [])))];
}

/** True if the setting takes a list. */
export function takesList(field: SettingField): boolean {
  return inner(field.schema) instanceof z.ZodArray;
}

/** True if the setting takes a number. */
export function takesNumber(field: SettingField): boolean {
  return inner(field.schema) instanceof z.ZodNumber;
}

function leaves(schema: z.core.$ZodType, path: readonly string[]): SettingField[] {
  const bare = inner(schema);
  // The settings' own facts mark a leaf; patients are one leaf though they hold objects.
  if (bare instanceof z.ZodObject) {
    return Object.entries(bare.shape).flatMap(([key, child]) => leaves(child, [...path, key]));
  }
  if (!(schema instanceof z.ZodType)) throw new TypeError(`setting ${path.join(".")} has an unknown kind of schema`);
  const meta = schema.meta() as SettingFacts | undefined;
  if (meta === undefined) throw new TypeError(`setting ${path.join(".")} says nothing of itself`);
  return [{ env: meta.env, expects: meta.expects, secret: meta.secret, name: path.join("."), path, schema }];
}

function inner(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodNullable) {
    return inner(schema.unwrap());
  }
  return schema;
}
