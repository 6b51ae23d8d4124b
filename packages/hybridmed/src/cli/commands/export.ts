// `hybridmed export`: parts of a checkpoint as ONNX files.
import type { ExportManifest, PartName } from '@hybridmed/model';
import { partNames } from '@hybridmed/model/manifest';
import { choice, integer, option, several, string, toggle } from '@hybridmed/training/options';
import { defineCommand } from '../define-command.ts';
import { encodersOf } from '../options/model.ts';
import { checkpointHelp, jsonOption, moduleOptions } from '../options/shared.ts';
import { printResult, table } from '../output.ts';

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

/** The command. */
export const exportModel = defineCommand({
  name: 'export',
  description: 'write parts of a checkpoint as ONNX files that run anywhere, each checked against the model',
  examples: {
    'export runs/openi --part caption summarize --out exported': 'ONNX files that run anywhere',
  },
  arguments: { checkpoint: checkpointHelp },
  options: {
    part: option({ value: several(choice(partNames)), argument: 'names', help: `what to export: ${partNames.join(', ')}`, required: true }),
    out: option({ value: string(), argument: 'dir', help: 'folder; parts of the same checkpoint already in it are kept', required: true }),
    opset: option({ value: integer(18, 23), argument: 'n', help: 'version of the ONNX operators, 18 to 23', default: 20 }),
    f16: option({ value: toggle(), help: 'weights and their products in half precision', default: false }),
    int8: option({ value: toggle(), help: '8-bit weights, activations of linear layers quantized at run time', default: false }),
    inlineLimit: option({
      value: integer(0),
      argument: 'bytes',
      help: 'weights of more bytes go to a separate file',
      defaultWords: 'the limit of one file, 2 GiB',
    }),
    ...moduleOptions,
    ...jsonOption,
  },
  async run({ values, arguments: { checkpoint }, output, usage }) {
    const { part, out, opset, f16, int8, inlineLimit } = values;
    if (f16 && int8) usage('give either --f16 or --int8');
    const { exportCheckpoint } = await import('@hybridmed/runtime');
    const parts = [...new Set(part)];
    const manifest = await exportCheckpoint({
      checkpoint,
      parts,
      out,
      opset,
      precision: f16 ? 'f16' : int8 ? 'int8' : 'f32',
      encoders: encodersOf(values),
      ...(inlineLimit === undefined ? {} : { inlineLimit }),
      onMessage: (line) => output.log(line),
    });
    printResult(
      output,
      values,
      manifest,
      () =>
        `${formatParts(manifest, parts)}\nwritten to ${out}; error: maximum difference between ONNX Runtime and the model, relative to the maximum output\n`,
    );
  },
});
