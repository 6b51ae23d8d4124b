// `hybridmed data render`: any input image as the pipeline sees it.
import type { Command } from 'commander';
import { integer, jsonOption } from '../../options.ts';
import type { Output } from '../../output.ts';
import { printResult } from '../../output.ts';

/** Adds the command to `hybridmed data`. */
export function addDataRender(data: Command, output: Output): void {
  data
    .command('render')
    .description('write an image (JPEG, PNG, DICOM) as the pipeline sees it: 8-bit grey, DICOM look-up tables applied, MONOCHROME1 inverted')
    .argument('<file>', 'image to read')
    .requiredOption('--out <png>', 'PNG file to write')
    .option('--size <pixels>', 'side of the padded square that training crops from (default: full size)', integer(1))
    .addOption(jsonOption())
    .action(async (file: string, { out, size, json }: { out: string; size?: number; json: boolean }, command: Command) => {
      if (size !== undefined && size > 8192) command.error("error: option '--size' must be 8192 or less");
      const { renderImage } = await import('@hybridmed/data');
      const rendered = await renderImage(file, out, size === undefined ? {} : { size });
      for (const line of rendered.assumed ?? []) output.log(`${file}: ${line}`);
      printResult(output, { json }, { file, out, ...rendered }, ({ width, height }) => `${out}: ${width} x ${height} pixels\n`);
    });
}
