// `hybridmed export`: parts of a checkpoint as ONNX files.
import type { ExportManifest, PartName } from '@hybridmed/model';
import { partNames } from '@hybridmed/model/manifest';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { integer, jsonOption, textModuleOption, visionModuleOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult, table } from '../output.ts';

interface Flags {
  part: PartName[];
  out: string;
  opset: number;
  f16: boolean;
  int8: boolean;
  inlineLimit?: number;
  vision?: string;
  text?: string;
  json: boolean;
}

/** Opsets that the exporter writes; its package is loaded only when it is needed. */
const opsetNumber = (text: string): number => {
  const value = integer(18)(text);
  if (value > 23) throw new InvalidArgumentError('Give an opset from 18 to 23.');
  return value;
};

/** The parts as a table. */
function formatParts(manifest: ExportManifest, parts: readonly PartName[]): string {
  const rows = parts.flatMap((part) =>
    Object.values(manifest.parts[part]!.graphs).map(({ file, bytes, external, inputs, outputs, error }) => [
      file,
      ((bytes + (external?.bytes ?? 0)) / 2 ** 20).toFixed(1),
      error.toExponential(1),
      `${names(inputs)} -> ${names(outputs)}`,
    ]),
  );
  return table([['file', 'MiB', 'error', 'inputs and outputs'], ...rows]);
}

/** Names of inputs or outputs; numbered ones once. */
const names = (ports: Readonly<Record<string, unknown>>): string => [...new Set(Object.keys(ports).map((name) => name.replace(/\.\d+\..*$/, '.*')))].join(', ');

/** Adds the command. */
export function addExport(program: Command, output: Output): void {
  const command = program
    .command('export')
    .description('write parts of a checkpoint as ONNX files that run anywhere, each checked against the model')
    .argument('<checkpoint>', "checkpoint, or a run's --out folder")
    .addOption(new Option('--part <names...>', `what to export: ${partNames.join(', ')}`).choices(partNames).makeOptionMandatory())
    .requiredOption('--out <dir>', 'folder; parts of the same checkpoint already in it are kept')
    .option('--opset <n>', 'version of the ONNX operators, 18 to 23', opsetNumber, 20)
    .option('--f16', 'weights and their products in half precision', false)
    .option('--int8', '8-bit weights, activations of linear layers quantized at run time', false)
    .option('--inline-limit <bytes>', 'weights of more bytes go to a separate file (default: the limit of one file, 2 GiB)', integer(0))
    .addOption(visionModuleOption())
    .addOption(textModuleOption())
    .addOption(jsonOption());
  command.action(async (checkpoint: string, { part, out, opset: version, f16, int8, inlineLimit, json, vision, text }: Flags) => {
    if (f16 && int8) return command.error('error: give either --f16 or --int8');
    const { exportCheckpoint } = await import('@hybridmed/runtime');
    const parts = [...new Set(part)];
    const manifest = await exportCheckpoint({
      checkpoint,
      parts,
      out,
      opset: version,
      precision: f16 ? 'f16' : int8 ? 'int8' : 'f32',
      encoders: { vision, text },
      ...(inlineLimit === undefined ? {} : { inlineLimit }),
      onMessage: (line) => output.log(line),
    });
    printResult(
      output,
      { json },
      manifest,
      () =>
        `${formatParts(manifest, parts)}\nwritten to ${out}; error: maximum difference between ONNX Runtime and the model, relative to the maximum output\n`,
    );
  });
}
