// `hybridmed embed`: features of texts or images as a safetensors file for other tools.
import type { EmbedResult, ImageSource, TextSource } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import type { Command } from 'commander';
import { withDevice } from '../device.ts';
import type { DeviceFlags } from '../options.ts';
import { deviceOption, integer, jsonOption, threadsOption } from '../options.ts';
import type { Output } from '../output.ts';
import { printResult } from '../output.ts';
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

/** Why a combination of flags is refused, or undefined. */
function problemOf({ checkpoint, text, vision, texts, images }: Flags): string | undefined {
  if ((texts === undefined) === (images === undefined)) return 'give either --texts FILE or --images FILE...';
  if (checkpoint !== undefined) {
    const publishedEncoder = [text, vision].find((encoder) => encoder?.startsWith(published));
    return publishedEncoder === undefined
      ? undefined
      : `give either --checkpoint or ${publishedEncoder}; with a checkpoint, --text and --vision name the modules it was trained with`;
  }
  const [own, other] = images ? [vision, text] : [text, vision];
  const [flag, kind] = images ? ['--vision', 'images'] : ['--text', 'texts'];
  if (own === undefined || other !== undefined) return `for ${kind}, give --checkpoint DIR or ${flag} hf:DIR alone`;
  return own.startsWith(published) ? undefined : `write hf: before the folder, as in ${flag} hf:${own}`;
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
    const problem = problemOf(flags);
    if (problem !== undefined) return command.error(`error: ${problem}`);
    printResult(output, flags, await embed(flags, output), ({ out, shapes, cut }) => {
      const [count, length, width] = shapes.tokens;
      return `${out}: ${count} ${flags.images ? 'images' : 'texts'} of ${length} tokens and ${width} features${cut > 0 ? `; ${cut} texts were truncated` : ''}\n`;
    });
  });
}

async function embed(flags: Flags, output: Output): Promise<EmbedResult> {
  const { texts: textsFile, images, out, maxTokens } = flags;
  const { embedTextsToFile, embedImagesToFile, readTexts } = await import('@hybridmed/tasks/node');
  const texts = textsFile === undefined ? [] : await readTexts(textsFile);
  return withDevice(flags, async (device, reason) => {
    output.log(`device: ${device.info.name} (${reason})`);
    const bar = progressBar(images ? 'images' : 'texts');
    const options = { out, onProgress: (done: number, total: number) => bar.update(done, total), ...(maxTokens === undefined ? {} : { maxTokens }) };
    try {
      const source = await openSource(flags, device, (line) => output.log(line));
      const result = source.kind === 'text' ? await embedTextsToFile(source, texts, options) : await embedImagesToFile(source, images!, options);
      await source.close();
      return result;
    } finally {
      bar.stop();
    }
  });
}

async function openSource(
  { checkpoint, text, vision, images, threads }: Flags,
  device: Device,
  onMessage: (line: string) => void,
): Promise<TextSource | ImageSource> {
  const { checkpointSource, publishedText, publishedVision } = await import('@hybridmed/tasks/node');
  if (checkpoint !== undefined) return checkpointSource(checkpoint, images ? 'image' : 'text', { device, threads, encoders: { vision, text } });
  return images ? publishedVision(vision!.slice(published.length), device, onMessage) : publishedText(text!.slice(published.length), device);
}
