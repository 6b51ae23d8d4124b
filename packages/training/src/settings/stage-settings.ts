// Settings that differ by stage: the values that a configuration file gives under `stages`, and the settings of one stage that follow.
import type { Stage } from '@hybridmed/model';
import { stages } from '@hybridmed/model/objective';
import type { Options, OptionWithDefault, ValueOf } from '../options/option.ts';
import { option } from '../options/option.ts';
import type { Value } from '../options/values.ts';
import { ValueError } from '../options/values.ts';

/** Keys of a table's rows that may differ by stage. */
export type StageKey<O extends Options> = { [K in keyof O]: O[K] extends { readonly byStage: true } ? K : never }[keyof O];

/** Values by stage, and in a stage by key. */
export type StageValues<O extends Options> = { readonly [S in Stage]?: { readonly [K in StageKey<O>]?: ValueOf<O[K]> } };

type AnyStageValues = Readonly<Partial<Record<string, Readonly<Record<string, unknown>>>>>;

/** Rows of a table that may differ by stage. */
export const stageRows = (options: Options): Options => Object.fromEntries(Object.entries(options).filter(([, { byStage }]) => byStage));

/** The values of stages with each changed; stages without values are left out. */
const changed = (values: AnyStageValues, change: (key: string, value: unknown) => readonly (readonly [string, unknown])[]): AnyStageValues =>
  Object.fromEntries(
    Object.entries(values)
      .map(([stage, own = {}]) => [stage, Object.fromEntries(Object.entries(own).flatMap(([key, value]) => change(key, value)))] as const)
      .filter(([, own]) => Object.keys(own).length > 0),
  );

function stageValues(rows: Options): Value<AnyStageValues> {
  const names = stages.map(String);
  return {
    parse() {
      throw new ValueError('Give it in a configuration file.');
    },
    schema: (zod) => {
      const ofStage = () => zod.strictObject(Object.fromEntries(Object.entries(rows).map(([key, { value }]) => [key, value.schema(zod)]))).partial();
      return zod.strictObject(Object.fromEntries(names.map((name) => [name, ofStage()]))).partial();
    },
    canonical: (values) => changed(values, (key, value) => [[key, rows[key]?.value.canonical?.(value) ?? value]]),
    keys: [names, Object.keys(rows)],
    format: (values) => (Object.keys(values).length === 0 ? '' : JSON.stringify(values)),
    words: `settings by stage (${names.join(', ')}): ${Object.keys(rows).join(', ')}`,
  };
}

/** The row `stages` of a table: what some stages have other values of. Flags win over it as they do over the rest of the file. */
export const stagesRow = <const O extends Options>(options: O): OptionWithDefault<StageValues<O>> =>
  option({
    value: stageValues(stageRows(options)) as Value<StageValues<O>>,
    help: 'settings of single stages, such as { 1: { learningRate: 2e-3, batch: 32 }, 2: { learningRate: 5e-4 } }; a flag holds for all stages',
    default: {},
    fileOnly: true,
    beneath: (values, flags) => changed(values as AnyStageValues, (key, value) => (key in flags ? [] : [[key, value]])) as StageValues<O>,
  });

/** The settings of one stage. */
export const stageSettings = <C extends { readonly stages: object }>(config: C, stage: Stage): C => ({
  ...config,
  ...(config.stages as AnyStageValues)[stage],
});

/** What stages have other values of, in words: `stage 1: batch 32; stage 2: learningRate 0.0005`. Empty where none has. */
export const stagesInWords = (options: Options, values: object): string =>
  Object.entries(values as AnyStageValues)
    .map(([stage, own = {}]) => {
      const words = Object.entries(own).map(([key, value]) => `${key} ${options[key]?.value.format?.(value) ?? String(value)}`);
      return `stage ${stage}: ${words.join(', ')}`;
    })
    .join('; ');
