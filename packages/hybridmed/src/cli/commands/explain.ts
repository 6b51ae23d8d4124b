// `hybridmed explain`: heat maps over one radiograph, or how well such maps point at known regions.
import type { OpenedModel } from '@hybridmed/runtime';
import type { MapKind } from '@hybridmed/tasks';
import { mapKinds } from '@hybridmed/tasks/maps';
import type { ImageExplanation, MapScores } from '@hybridmed/tasks/node';
import type { Values } from '@hybridmed/training/options';
import { choice, number, option, several, string } from '@hybridmed/training/options';
import type { CommandContext } from '../define-command.ts';
import { defineCommand } from '../define-command.ts';
import { formatInterval } from '../metric-tables.ts';
import { modelOption, withModel } from '../options/model.ts';
import { deviceOptions, jsonOption, limitOption, moduleOptions, splitOption } from '../options/shared.ts';
import { printResult, table } from '../output.ts';
import { progressBar } from '../progress.ts';

const titles: Readonly<Record<MapKind, string>> = {
  guided: 'removal, multiplied by the gradient',
  removal: 'log-odds of the text lost without a patch',
  gradient: 'gradient of the log-odds',
  alignment: 'alignment of words and patches',
  attention: 'cross-attention during generation',
  cls: 'attention of the class token',
};

function formatMaps({ text, impression, maps }: ImageExplanation, out: string): string {
  const rows = maps.map(({ file, kind, word }) => [`${out}/${file}`, word === undefined ? titles[kind] : `${titles[kind]}: "${word}"`]);
  return `text: ${text}\n${impression === undefined ? '' : `generated impression: ${impression}\n`}\n${table(rows)}`;
}

function formatScores({ checkpoint, data, split, studies, chance, maps }: MapScores): string {
  const findings = Object.keys(maps[0]!.byFinding);
  const rows = maps.map(({ kind, pointing, contrast }) => [titles[kind], formatInterval(pointing), formatInterval(contrast)]);
  const byFindingRows = maps.map(({ kind, byFinding }) => [titles[kind], ...findings.map((name) => byFinding[name]!.pointing.toFixed(2))]);
  return [
    `${checkpoint} on ${studies} ${split} studies of ${data} with a known region; chance of pointing at it: ${chance.toFixed(3)}\n`,
    table([['map', 'pointing game (95 %)', 'contrast to noise (95 %)'], ...rows]),
    table([['pointing by finding', ...findings], ['studies', ...findings.map((name) => String(maps[0]!.byFinding[name]!.studies))], ...byFindingRows]),
  ].join('\n');
}

const options = {
  ...modelOption,
  image: option({ value: string(), argument: 'file', help: 'a radiograph: PNG, JPEG or DICOM' }),
  // `--text` is the query here, so that the text encoder's module has a flag of its own.
  text: option({ value: string(), argument: 'text', help: 'what to look for on it, such as "left pleural effusion"' }),
  out: option({ value: string(), argument: 'dir', help: 'folder of the pictures', default: 'explained' }),
  data: option({ value: string(), argument: 'spec', help: 'instead of a radiograph: phantoms, or radiographs with boxes, to score the maps on' }),
  ...splitOption,
  ...limitOption,
  maps: option({
    value: several(choice<MapKind | 'all'>([...mapKinds, 'all'])),
    argument: 'kinds',
    help: 'kinds of map',
    defaultWords: 'the one that points best; all of them with --data',
  }),
  against: option({
    value: string(),
    argument: 'text',
    help: 'what "guided", "removal" and "gradient" compare the text with',
    defaultWords: 'the impression of a normal radiograph',
  }),
  tau: option({ value: number({ above: 0 }), argument: 'x', help: 'temperature of "alignment"', default: 0.1 }),
  vision: moduleOptions.vision,
  textEncoder: moduleOptions.text,
  ...deviceOptions,
  ...jsonOption,
};

type Context = CommandContext<typeof options, never>;

/** The kinds that are named. */
const kindsOf = ({ maps }: Values<typeof options>) => (maps?.includes('all') ? ('all' as const) : (maps as MapKind[] | undefined));

async function explainOrScore({ values, output }: Context, model: OpenedModel): Promise<void> {
  const { image, text: query, out, data, split, limit, against, tau } = values;
  const { explainImage, scoreMaps } = await import('@hybridmed/tasks/node');
  const kinds = kindsOf(values);
  const common = { model, tau, ...(kinds === undefined ? {} : { kinds }), ...(against === undefined ? {} : { against }) };
  if (image !== undefined)
    return printResult(output, values, await explainImage({ ...common, image, text: query!, out }), (explanation) => formatMaps(explanation, out));
  const bar = progressBar('images');
  const onMessage = (line: string) => output.log(line);
  const onProgress = (done: number, total: number) => bar.update(done, total);
  const scores = await scoreMaps({ ...common, data: data!, split, limit, onProgress, onMessage }).finally(() => bar.stop());
  printResult(output, values, scores, formatScores);
}

/** The command. */
export const explain = defineCommand({
  name: 'explain',
  description: 'show where a model looks: heat maps over a radiograph, or their scores on radiographs whose regions are known',
  examples: {
    'explain --checkpoint runs/openi --image image.png --text "left pleural effusion" --out explained': 'heat maps',
    'explain --checkpoint runs/phantoms --data phantom:DIR': 'scores of the maps on known regions',
  },
  options,
  async run(context) {
    const { values, openDevice, usage } = context;
    const { image, text: query, data, vision, textEncoder } = values;
    if ((image === undefined) === (data === undefined)) usage('give either --image FILE with --text, or --data SPEC');
    if (image !== undefined && query === undefined) usage("required option '--text <text>' not specified");
    const encoders = { vision, text: textEncoder, textFlag: '--text-encoder' };
    await withModel({ values, openDevice }, (model) => explainOrScore(context, model), encoders);
  },
});
