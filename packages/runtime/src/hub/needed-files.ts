// Which files of a model on a hub are downloaded: configurations, tokenizers, safetensors and our exports. Never pickles, code, or a whole repository.
import { basename, dirname } from 'node:path';
import { manifestName } from '@hybridmed/model';
import type { EarlierStage, Stage } from '@hybridmed/model';
import { stageNumbers } from '@hybridmed/model/objective';
import { isGraphFile } from '../export/exported-folder.ts';
import { retrievalFile } from '../retrieval/retrieval-file.ts';
import { chooseWeights, isPickle } from '../encoders/weights-folder.ts';

/** What a name is downloaded for. */
export interface WantedFiles {
  /** A model with its tokenizer, or a tokenizer alone. */
  readonly kind: 'model' | 'tokenizer';
  /** Of a run, the stage whose best checkpoint is meant: by default the last one that it has. */
  readonly stage?: EarlierStage | undefined;
}

/** Paths of the needed files, or in words why there are none. */
export type NeededFiles = { readonly paths: readonly string[]; readonly problem?: undefined } | { readonly problem: string };

const tokenizerFiles = ['tokenizer.json', 'tokenizer_config.json', 'vocab.txt'];
const besideWeights = ['preprocessor_config.json', '1_Pooling/config.json'];
const configFiles = ['config.json', 'open_clip_config.json', ...besideWeights];
const checkpointFiles = ['model.safetensors', 'config.json', 'tokenizer.json', retrievalFile];
const runFiles = ['run.json', 'provenance.json'];

const bestOf = (stage: Stage): string => `checkpoints/stage${stage}-best`;

/** Of a run on a hub: the best checkpoint of one stage. */
function ofRun(names: ReadonlySet<string>, stage: Stage | undefined): NeededFiles | undefined {
  const found = (stage === undefined ? stageNumbers.toReversed() : [stage]).find((each) => names.has(`${bestOf(each)}/model.safetensors`));
  if (found === undefined) return stage === undefined ? undefined : { problem: `has no stage-${stage} checkpoint` };
  const wanted = [...checkpointFiles.map((name) => `${bestOf(found)}/${name}`), ...runFiles];
  return { paths: wanted.filter((name) => names.has(name)) };
}

/** Of a folder, as those who open models read it. */
function ofFolder(names: ReadonlySet<string>, { kind, stage }: WantedFiles): NeededFiles {
  const there = (wanted: readonly string[]): string[] => wanted.filter((name) => names.has(name));
  if (kind === 'tokenizer') {
    const paths = there(tokenizerFiles);
    return paths.some((name) => name !== 'tokenizer_config.json') ? { paths } : { problem: 'holds no tokenizer.json and no vocab.txt' };
  }
  if (stage !== undefined) return ofRun(names, stage)!;
  if (names.has(manifestName)) return { paths: [manifestName, ...there(tokenizerFiles), ...[...names].filter(isGraphFile)] };
  const own = [...names].filter((name) => !name.includes('/'));
  const weights = chooseWeights(own);
  if (weights.problem === undefined) return { paths: [...there([...configFiles, ...tokenizerFiles, retrievalFile]), ...weights.files] };
  const run = ofRun(names, undefined);
  if (run) return run;
  const pickle = own.find(isPickle);
  return {
    problem:
      pickle === undefined ? weights.problem : `holds its weights as a pickle alone (${pickle}), and reading one can run any code; pickles are not downloaded`,
  };
}

/** Of a file that is named: itself, and what is read beside it. */
function ofFile(path: string, names: ReadonlySet<string>): NeededFiles {
  const [folder, name] = [dirname(path), basename(path)];
  const beside = (others: readonly string[]) => [
    path,
    ...others.map((other) => (folder === '.' ? other : `${folder}/${other}`)).filter((other) => names.has(other)),
  ];
  if (name.endsWith('.safetensors')) return { paths: beside([name.replace(/\.safetensors$/, '.json'), ...besideWeights]) };
  if (['tokenizer.json', 'vocab.txt'].includes(name)) return { paths: beside(['tokenizer_config.json']) };
  if (/\.(?:json|txt)$/.test(name)) return { paths: [path] };
  return { problem: `${name} is no .safetensors, .json or .txt file; pickles and code are not downloaded` };
}

/** What of a list of files is needed; `path` is the file or folder that the name says, empty for the whole. */
export function neededFiles(all: Iterable<string>, path: string, wanted: WantedFiles): NeededFiles {
  const names = new Set(all);
  if (names.has(path)) return ofFile(path, names);
  const prefix = path === '' ? '' : `${path}/`;
  const within = new Set([...names].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)));
  if (within.size === 0) return { problem: path === '' ? 'holds no files' : `has no file or folder ${JSON.stringify(path)}` };
  const needed = ofFolder(within, wanted);
  return needed.problem === undefined ? { paths: needed.paths.map((name) => prefix + name) } : needed;
}
