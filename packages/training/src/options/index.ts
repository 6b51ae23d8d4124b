// The entry of options as rows: kinds of values, tables, and the rule of precedence. It loads no schema library and no model.
export { byteSize, bytesOf } from './bytes.ts';
export { defaultPreset, mergeSettings } from './merge-settings.ts';
export type { Given } from './merge-settings.ts';
export { nearestKey } from './nearest-key.ts';
export { flagOf, ofRun, option, perStage } from './option.ts';
export type { DefaultContext, Option, Options, OptionWithDefault, RequiredOption, ValueOf, Values } from './option.ts';
export { choice, commaList, integer, named, number, numberOr, ofStage, several, stageCounts, string, toggle, toggleOr, ValueError } from './values.ts';
export type { StageCounts } from './values.ts';
export type { Bounds, Value, Zod } from './values.ts';
export { publishedName } from './published-name.ts';
