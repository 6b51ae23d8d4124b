// `hybridmed embed`: features of texts or images as a safetensors file for other tools.
import type { EmbedResult, ImageSource, TextSource } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import type { Command } from 'commander';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printJson } from '../output.ts';
import { progressBar } from '../progress.ts';

interface Flags extends DeviceFlags {
  checkpoint?: string;
  text?: string;
  vision?: string;
  texts?: string;
  images?: string[];
  maxTokens?: number;
  out: string;
  json: boolean;
}

const published = 'hf:';

/** What is wrong with a combination of flags, or undefined. */
function problem({ checkpoint, text, vision, texts, images }: Flags): string | undefined {
  if ((texts === undefined) === (images === undefined)) return 'give either --texts FILE or --images FILE...';
  if (checkpoint !== undefined) {
    const both = [text, vision].find((encoder) => encoder?.startsWith(published));
    return both === undefined
      ? undefined
      : `give either --checkpoint or ${both}; beside a checkpoint, --text and --vision name the modules it was trained with`;
  }
  const [given, other] = images ? [vision, text] : [text, vision];
  const [flag, kind] = images ? ['--vision', 'images'] : ['--text', 'texts'];
  if (given === undefined || other !== undefined) return `for ${kind}, give --checkpoint DIR or ${flag} hf:DIR alone`;
  return given.startsWith(published) ? undefined : `write hf: before the folder, as in ${flag} hf:${given}`;
}

/** Adds the command. */
export function addEmbed(program: Command, output: Output): void {
  const command = program
    .command('embed')
    .description('write features of texts or images as safetensors: tokens (N, L, D), zero at padding, mask (N, L) and global (N, D)')
    .option('--checkpoint <dir>', "checkpoint, a run's --out folder, or an exported folder")
    .option('--text <source>', "published text encoder: hf:DIR; with --checkpoint, its text encoder's module")
    .option('--vision <source>', "published vision encoder: hf:DIR or hf:FILE; with --checkpoint, its vision encoder's module")
    .option('--texts <file>', 'texts, one per line, or a JSON list of texts')
    .option('--images <files...>', 'radiographs: PNG, JPEG or DICOM')
    .option('--max-tokens <n>', "maximum number of tokens of a text (default: the encoder's own limit)", integer(2))
    .requiredOption('--out <file>', 'safetensors file to write')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(jsonOption());
  command.action(async (flags: Flags) => {
    const wrong = problem(flags);
    if (wrong !== undefined) return command.error(`error: ${wrong}`);
    const result = await embed(flags, output);
    if (flags.json) return printJson(output, result);
    const [count, length, width] = result.shapes.tokens;
    output.result(
      `${result.out}: ${count} ${flags.images ? 'images' : 'texts'} of ${length} tokens and ${width} features${result.cut > 0 ? `; ${result.cut} texts were cut` : ''}\n`,
    );
  });
}

async function embed(flags: Flags, output: Output): Promise<EmbedResult> {
  const { texts, images, out, threads, maxTokens } = flags;
  const [{ embedTextsToFile, embedImagesToFile }, { openDevice }, { readTexts }] = await Promise.all([
    import('@hybridmed/tasks/node'),
    import('@hybridmed/runtime/device'),
    import('@hybridmed/tasks/node'),
  ]);
  const list = texts === undefined ? [] : await readTexts(texts);
  const { device, reason } = await openDevice(flags.device!, threads === undefined ? {} : { threads });
  output.log(`device: ${device.info.name} (${reason})`);
  const bar = progressBar(images ? 'images' : 'texts');
  const options = { out, onProgress: (done: number, total: number) => bar.update(done, total), ...(maxTokens === undefined ? {} : { maxTokens }) };
  try {
    const source = await openSource(flags, device);
    const result = source.kind === 'text' ? await embedTextsToFile(source, list, options) : await embedImagesToFile(source, images!, options);
    await source.close();
    return result;
  } finally {
    bar.stop();
    await device.close();
  }
}

async function openSource({ checkpoint, text, vision, images, threads }: Flags, device: Device): Promise<TextSource | ImageSource> {
  const { checkpointSource, publishedText, publishedVision } = await import('@hybridmed/tasks/node');
  if (checkpoint !== undefined) return checkpointSource(checkpoint, images ? 'image' : 'text', { device, threads, encoders: { vision, text } });
  return images ? publishedVision(vision!.slice(published.length), device) : publishedText(text!.slice(published.length), device);
}
