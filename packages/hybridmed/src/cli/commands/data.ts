// `hybridmed data`: checking data sets and making phantoms.
import type { Command } from 'commander';
import { integer, jsonOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';
import { progressBar } from '../progress.ts';

/** Adds the commands. */
export function addData(program: Command, output: Output): void {
  const data = program.command('data').description('check data sets, make phantoms');
  data
    .command('check')
    .description('print what a data set holds: counts kept and dropped by reason, lengths, repeats, leaks')
    .argument('<spec>', 'data set as name:path, such as openi:DIR')
    .option('--views <views>', 'frontal or all', 'frontal')
    .option('--images', 'read every image too', false)
    .addOption(jsonOption())
    .action(async (spec: string, { views, images, json }: { views: string; images: boolean; json: boolean }, command: Command) => {
      if (views !== 'frontal' && views !== 'all') command.error(`error: option '--views' must be frontal or all, not '${views}'`);
      const { checkDataSet, openDataSet } = await import('@hybridmed/data');
      const report = await checkDataSet(await openDataSet(spec, { views: views as 'frontal' | 'all' }), { images });
      if (json) printJson(output, report);
      else {
        const { splits, dropped, words } = report;
        output.result(
          table([
            ['reports', String(report.reports)],
            ['studies', String(report.studies)],
            ['images', String(report.images)],
            ['pairs', String(report.pairs)],
            ['kept', String(report.kept)],
            ...Object.entries(splits).map(([split, count]) => [`  ${split}`, String(count)]),
            ['dropped', String(Object.values(dropped).reduce((a, b) => a + b, 0))],
            ...Object.entries(dropped).map(([reason, count]) => [`  ${reason}`, String(count)]),
            ...Object.entries(words).map(([section, { median, p95, max }]) => [`words of ${section}`, `median ${median}, 95 % ${p95}, most ${max}`]),
            ['repeated impressions', String(report.repeatedImpressions)],
            ['reports across splits', String(report.leaks.reports)],
            ['patients across splits', String(report.leaks.patients)],
            ...(report.unreadable ? [['unreadable images', String(report.unreadable.length)]] : []),
          ]),
        );
        for (const line of report.unreadable ?? []) output.result(`  ${line}\n`);
      }
      if (report.leaks.reports + report.leaks.patients > 0) output.exitCode = 1;
    });
  data
    .command('phantom')
    .description('make a data set of procedural chest films with reports and labels')
    .argument('<dir>', 'folder to make')
    .option('--studies <n>', 'number of studies', integer(10), 4000)
    .option('--size <pixels>', 'side of the images', integer(32), 128)
    .option('--seed <n>', 'seed; the same one gives the same files', integer(0), 0)
    .addOption(jsonOption())
    .action(async (dir: string, { studies, size, seed, json }: { studies: number; size: number; seed: number; json: boolean }) => {
      const { writePhantoms } = await import('@hybridmed/data');
      const bar = progressBar('phantoms');
      const made = await writePhantoms(dir, { studies, size, seed, onProgress: (done: number) => bar.update(done, studies) });
      bar.stop();
      if (json) printJson(output, made);
      else output.result(`${dir}: ${studies} studies of ${size} x ${size} pixels; train with --data phantom:${dir}\n`);
    });
}
