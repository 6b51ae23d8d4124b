// The site as a fixed list of files: the bundled page, the checkpoint, and the facts of its training.
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { untrainedError } from '@hybridmed/model/session';
import { HybridmedError } from '@hybridmed/tensor';
import { shippedPrompts } from 'hybridmed/radiograph';
import type { Checkpoint, Provenance } from 'hybridmed/node';
import { loadCheckpoint, readProvenance, resolveCheckpoint, runOf } from 'hybridmed/node';
import { bundleForBrowser } from '../../tools/browser/bundle.ts';

/** Allows the page's own origin only; its one worker is a blob that imports from there. */
export const policy =
  "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** A file of the site: its content, or its path. */
export type SiteFile = { readonly body: string | Uint8Array } | { readonly file: string };

const here = (name: string): string => fileURLToPath(new URL(`page/${name}`, import.meta.url));
const checkpointFiles = ['config.json', 'tokenizer.json', 'model.safetensors'] as const;

/** Sentences on the model and its training data, and the shipped prompts for that data. Names no path. */
function aboutModel(folder: string, { config, parameters }: Checkpoint, provenance: Provenance | undefined): object {
  const count = Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0);
  const model = `The model has the preset ${config.preset} and ${(count / 1e6).toFixed(1)} million parameters`;
  const data = provenance?.data;
  const sentences = data
    ? `${model}, trained on ${data.splits.train.studies} studies of the data set "${data.name}"${data.name === 'phantom' ? ', which are generated and not real radiographs' : ''}.`
    : `${model}; its training data are not recorded with the checkpoint.`;
  const prompts = data && Object.hasOwn(shippedPrompts, data.name) ? data.name : 'chexpert';
  return { name: basename(folder), sentences, prompts };
}

/** Bundles the page for a checkpoint, or a run's best one. Throws one line for a checkpoint that is missing, damaged, of stage 1, or that has an encoder of a module. */
export async function buildSite(path: string): Promise<Map<string, SiteFile>> {
  const folder = await resolveCheckpoint(path);
  const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}')) as { model?: Checkpoint['config']['model'] };
  if ((config.model && config.model.vision?.kind === 'module') || (config.model?.text && 'kind' in config.model.text))
    throw new HybridmedError(`${folder}: has an encoder of a module, which a page cannot load; name a checkpoint with the encoders of a preset`);
  const checkpoint = await loadCheckpoint(folder);
  if (checkpoint.config.stage !== 2) throw untrainedError({ source: folder, stage: checkpoint.config.stage }, 'caption');
  const run = runOf(folder);
  const bundle = await bundleForBrowser({ page: here('page.ts'), 'model-worker': here('model-worker.ts') }, { minify: true });
  const html = (await readFile(here('index.html'), 'utf8')).replace('POLICY', policy);
  return new Map<string, SiteFile>([
    ['/index.html', { body: html }],
    ...['style.css', 'controls.css', 'icon.svg'].map((name): [string, SiteFile] => [`/${name}`, { file: here(name) }]),
    ['/about.json', { body: JSON.stringify(aboutModel(folder, checkpoint, run === undefined ? undefined : await readProvenance(run))) }],
    ...[...bundle].map(([name, body]): [string, SiteFile] => [name, { body }]),
    ...checkpointFiles.map((name): [string, SiteFile] => [`/checkpoint/${name}`, { file: resolve(folder, name) }]),
  ]);
}

/** A file's content. */
export const contentOf = async (file: SiteFile): Promise<string | Uint8Array> => ('body' in file ? file.body : readFile(file.file));
