// `hybridmed info`: what a checkpoint holds, part by part, and what the second branch costs.
import type { Command } from 'commander';
import { jsonOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson, table } from '../output.ts';

const grouped = (count: number): string => count.toLocaleString('en-US');

/** Adds the command. */
export function addInfo(program: Command, output: Output): void {
  program
    .command('info')
    .description("show a checkpoint's sizes and parameters per part")
    .argument('<dir>', "checkpoint, or a run's --out folder")
    .addOption(jsonOption())
    .action(async (dir: string, { json }: { json: boolean }) => {
      const { describeCheckpoint } = await import('../../node/describe.ts');
      const info = await describeCheckpoint(dir);
      if (json) return printJson(output, info);
      const { parameters, secondBranch } = info;
      output.result(`${info.checkpoint}: preset ${info.preset}, stage ${info.stage}, vocabulary ${grouped(info.vocabulary)}\n\n`);
      output.result(table(Object.entries(parameters).map(([part, count]) => [part, grouped(count)])));
      output.result(
        `\nThe second branch (the image's cross-attention) costs ${grouped(secondBranch.parameters)} parameters, ${secondBranch.percentOfDecoder} % of the decoder and ${secondBranch.percentOfModel} % of the model.\n`,
      );
    });
}
