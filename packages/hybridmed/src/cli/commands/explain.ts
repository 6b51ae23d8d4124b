// `hybridmed explain`: heat maps over one radiograph, or how well such maps point at known regions.
import type { MapKind } from '@hybridmed/tasks';
import { mapKinds } from '@hybridmed/tasks/maps';
import type { ImageExplanation, MapScores } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import { withDevice } from '../device.ts';
import { formatInterval } from '../metric-tables.ts';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, positive, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult, table } from '../output.ts';
import { progressBar } from '../progress.ts';

interface Flags extends DeviceFlags {
  checkpoint: string;
  image?: string;
  text?: string;
  out?: string;
  data?: string;
  split: 'train' | 'validate' | 'test';
  limit: number;
  against?: string;
  maps?: (MapKind | 'all')[];
  tau: number;
  json: boolean;
}

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
  return `text: ${text}\ngenerated impression: ${impression}\n\n${table(rows)}`;
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

/** Adds the command. */
export function addExplain(program: Command, output: Output): void {
  const command = program
    .command('explain')
    .description('show where a checkpoint looks: heat maps over a radiograph, or their scores on radiographs whose regions are known')
    .requiredOption('--checkpoint <dir>', "checkpoint, or a run's --out folder")
    .option('--image <file>', 'a radiograph: PNG, JPEG or DICOM')
    .option('--text <text>', 'what to look for on it, such as "left pleural effusion"')
    .option('--out <dir>', 'folder of the pictures (default: explained)')
    .option('--data <spec>', 'instead of a radiograph: phantoms, or radiographs with boxes, to score the maps on')
    .addOption(new Option('--split <name>', 'which split').choices(['train', 'validate', 'test']).default('test'))
    .option('--limit <n>', 'maximum number of studies; 0 for all', integer(0), 0)
    .addOption(new Option('--maps <kinds...>', 'kinds of map (default: the one that points best; all of them with --data)').choices([...mapKinds, 'all']))
    .option('--against <text>', 'what "guided", "removal" and "gradient" compare the text with (default: the impression of a normal radiograph)')
    .option('--tau <x>', 'temperature of "alignment"', positive(), 0.1)
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption());
  command.action(async (flags: Flags) => {
    const { checkpoint, image, text, out = 'explained', data, split, limit, against, tau, maps } = flags;
    if ((image === undefined) === (data === undefined)) return command.error('error: give either --image FILE with --text, or --data SPEC');
    if (image !== undefined && text === undefined) return command.error("error: required option '--text <text>' not specified");
    const { explainImage, scoreMaps } = await import('@hybridmed/tasks/node');
    const kinds = maps?.includes('all') ? ('all' as const) : (maps as MapKind[] | undefined);
    await withDevice(flags, async (device) => {
      const common = { checkpoint, device, tau, ...(kinds === undefined ? {} : { kinds }), ...(against === undefined ? {} : { against }) };
      if (image !== undefined)
        return printResult(output, flags, await explainImage({ ...common, image, text: text!, out }), (explanation) => formatMaps(explanation, out));
      const bar = progressBar('images');
      const scores = await scoreMaps({ ...common, data: data!, split, limit, onProgress: (done, total) => bar.update(done, total) }).finally(() => bar.stop());
      printResult(output, flags, scores, formatScores);
    });
  });
}
