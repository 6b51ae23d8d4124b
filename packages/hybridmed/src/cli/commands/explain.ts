// `hybridmed explain`: heat maps over one film, or how well such maps point at regions that are known.
import type { MapKind } from '@hybridmed/tasks';
import { mapKinds } from '@hybridmed/tasks/maps';
import type { ImageExplanation, MapScores } from '@hybridmed/tasks/node';
import type { Command } from 'commander';
import { Option } from 'commander';
import { shownInterval } from '../figures.ts';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, positive, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';
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
  guided: 'removal at the pixels of the gradient',
  removal: 'what the text loses without a patch',
  gradient: 'gradient of the log-odds',
  alignment: 'words against patches',
  attention: 'cross-attention as it writes',
  cls: 'attention of the class token',
};

function shownFilm({ text, impression, maps }: ImageExplanation, out: string): string {
  const rows = maps.map(({ file, kind, word }) => [`${out}/${file}`, word === undefined ? titles[kind] : `${titles[kind]}: "${word}"`]);
  return `text looked for: ${text}\nthe model writes: ${impression}\n\n${table(rows)}`;
}

function shownScores({ checkpoint, data, split, studies, chance, maps }: MapScores): string {
  const findings = Object.keys(maps[0]!.byFinding);
  const rows = maps.map(({ kind, pointing, contrast }) => [titles[kind], shownInterval(pointing), shownInterval(contrast)]);
  const each = maps.map(({ kind, byFinding }) => [titles[kind], ...findings.map((name) => byFinding[name]!.pointing.toFixed(2))]);
  return [
    `${checkpoint} on ${studies} ${split} studies of ${data} whose region is known; a map that knows nothing points at it in ${chance.toFixed(3)}\n`,
    table([['map', 'pointing game (95 %)', 'contrast to noise (95 %)'], ...rows]),
    table([['pointing by finding', ...findings], ['studies', ...findings.map((name) => String(maps[0]!.byFinding[name]!.studies))], ...each]),
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
  command.action(async ({ checkpoint, image, text, out = 'explained', data, split, limit, against, tau, maps, device: name, threads, json }: Flags) => {
    if ((image === undefined) === (data === undefined)) return command.error('error: give either --image FILE with --text, or --data SPEC');
    if (image !== undefined && text === undefined) return command.error("error: required option '--text <text>' not specified");
    const [{ explainImage }, { scoreMaps }, { openDevice }] = await Promise.all([
      import('@hybridmed/tasks/node'),
      import('@hybridmed/tasks/node'),
      import('@hybridmed/runtime/device'),
    ]);
    const { device } = await openDevice(name!, threads === undefined ? {} : { threads });
    const kinds = maps?.includes('all') ? ('all' as const) : (maps as MapKind[] | undefined);
    const common = { checkpoint, device, tau, ...(kinds === undefined ? {} : { kinds }), ...(against === undefined ? {} : { against }) };
    const bar = progressBar('films');
    try {
      if (image !== undefined) {
        const result = await explainImage({ ...common, image, text: text!, out });
        if (json) printJson(output, result);
        else output.result(shownFilm(result, out));
      } else {
        const scores = await scoreMaps({ ...common, data: data!, split, limit, onProgress: (done, total) => bar.update(done, total) });
        bar.stop();
        if (json) printJson(output, scores);
        else output.result(shownScores(scores));
      }
    } finally {
      bar.stop();
      await device.close();
    }
  });
}
