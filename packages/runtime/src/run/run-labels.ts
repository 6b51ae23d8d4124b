// The labels that a run's images are supervised by: which ones, decided once, and of each study what its report says.
import type { Study } from '@hybridmed/data';
import type { LabelTargets } from '@hybridmed/eval/labeller';
import { columnParts, fewestStudies, labelTargets, trainableColumns } from '@hybridmed/eval/labeller';
import type { LabelConfig, Model } from '@hybridmed/model';
import { stageNumbers } from '@hybridmed/model/objective';
import { trainable } from '@hybridmed/model';
import { alone, broadcastText } from '@hybridmed/ranks';
import { HybridmedError } from '@hybridmed/tensor';
import { usesLabels } from '@hybridmed/training/settings';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointFolder, readConfig, stageCheckpoint } from '../checkpoint/checkpoint-folder.ts';
import { fileError } from '../files.ts';
import type { RunConfig } from '../settings/run-settings.ts';
import type { PretrainOptions } from './pretrain-options.ts';

/** Labels of the training and the validation studies. */
export interface RunLabels {
  readonly config: LabelConfig;
  readonly train: LabelTargets;
  readonly validate: LabelTargets;
}

/** Where labels were decided before, and what they are; `path` names it in messages. */
interface EarlierLabels {
  readonly path: string;
  readonly labels: LabelConfig;
  /** Whether it is this run, which resumes, and not another one's stage 0. */
  readonly own: boolean;
}

/** Labels of a checkpoint, whatever became of their head. */
async function labelsIn(checkpoint: string): Promise<LabelConfig | undefined> {
  const { labels } = (await readConfig(checkpoint)).model;
  if (!labels) return undefined;
  const { stale: _stale, ...known } = labels;
  return known;
}

/** The labels that a run in a folder, or the stage 0 that its settings name, was trained by. Throws one line where that stage 0 knows none. */
async function earlierLabels(out: string, config: RunConfig): Promise<EarlierLabels | undefined> {
  if (!usesLabels(config)) return undefined;
  if (typeof config.stage0 === 'string') {
    const path = await stageCheckpoint(config.stage0, 0);
    const labels = await labelsIn(path);
    if (!labels) throw fileError(path, 'has no labels', 'name with --stage0 a run that finished an epoch of stage 0');
    return { path, labels, own: false };
  }
  for (const stage of existsSync(join(out, 'run.json')) ? stageNumbers : []) {
    const path = checkpointFolder(out, stage, 'last');
    const labels = existsSync(join(path, 'config.json')) ? await labelsIn(path) : undefined;
    if (labels) return { path, labels, own: true };
  }
  return undefined;
}

const textsOf = ({ columns }: LabelConfig): string => [...new Set(columns.map((column) => columnParts(column)?.text ?? column))].join(' and ');

/** Throws one line where the labels of another run's stage 0 are of other texts, or of another policy, than the settings say. */
function checkSettings({ path, labels: earlier }: EarlierLabels, { labels, doubtful }: RunConfig): void {
  const texts = labels === 'both' ? 'report and impression' : labels;
  if (textsOf(earlier) !== texts || earlier.doubtful !== doubtful)
    throw fileError(
      path,
      `was trained by labels of ${textsOf(earlier)}, doubtful ones ${earlier.doubtful}; this command says ${texts} and ${doubtful}`,
      'give --labels and --doubtful as that run had them',
    );
}

/**
 * The labels of a run; undefined where it uses none. Throws one line where no label can be trained, and, unless changed data is accepted,
 * where a resumed run's are others now.
 */
function runLabels(
  config: RunConfig,
  studies: Readonly<Record<'train' | 'validate', readonly Study[]>>,
  { earlier, accept, onMessage = () => undefined }: { earlier: EarlierLabels | undefined; accept: boolean; onMessage?: ((text: string) => void) | undefined },
): RunLabels | undefined {
  if (!usesLabels(config)) {
    if (config.headDropout > 0) onMessage('--head-dropout has nothing to act on: no stage is supervised by labels');
    return undefined;
  }
  const { doubtful } = config;
  const { leftOut, ...now } = trainableColumns(studies.train, config.labels, doubtful);
  const fresh: LabelConfig = { ...now, doubtful };
  if (earlier && !earlier.own) checkSettings(earlier, config);
  if (earlier?.own && !accept && JSON.stringify(earlier.labels) !== JSON.stringify(fresh))
    throw fileError(
      earlier.path,
      'was trained by other labels than its training reports give now',
      'resume with the version that began the run, begin anew, or resume with its labels with --accept-changed-data',
    );
  const labels = earlier?.labels ?? fresh;
  if (!earlier && leftOut.length > 0) onMessage(`labels left out, which fewer than ${fewestStudies} training reports have or lack: ${leftOut.join(', ')}`);
  if (labels.columns.length === 0)
    throw new HybridmedError(
      'no label has training reports enough on either side, so that label supervision has nothing to learn; leave out stage 0 and --lab',
    );
  onMessage(
    `label supervision: ${labels.columns.length} labels of ${textsOf(labels)}, doubtful ones ${doubtful === 'mask' ? 'masked' : `count as ${doubtful}`}`,
  );
  const of = (split: readonly Study[]) => labelTargets(split, labels.columns, doubtful);
  return { config: labels, train: of(studies.train), validate: of(studies.validate) };
}

/** The run's labels, which rank 0 decided before where it is resumed; undefined where it is supervised by none. */
export async function openLabels(
  { config, out, events, acceptChangedData: accept = false, ranks = alone }: PretrainOptions,
  studies: Readonly<Record<'train' | 'validate', readonly Study[]>>,
): Promise<RunLabels | undefined> {
  const own = ranks.rank === 0 ? await earlierLabels(out, config) : undefined;
  const text = ranks.size === 1 ? '' : await broadcastText(ranks, own === undefined ? '' : JSON.stringify(own));
  const earlier = text === '' ? own : (JSON.parse(text) as EarlierLabels);
  return runLabels(config, studies, { earlier, accept, onMessage: events?.onMessage });
}

/** Whether stage 2 leaves the head as it was while it trains the image encoder on. */
export const leavesHead = ({ lab }: Pick<RunConfig, 'lab'>, ofStage2: Model | undefined): boolean =>
  lab === 0 && ofStage2?.labels !== undefined && trainable(ofStage2, 2).some((name) => name.startsWith('vision.'));

/** A line about a head that stage 2 leaves behind; undefined where it does not. */
export function headNote(config: Pick<RunConfig, 'lab'>, ofStage2: Model | undefined): string | undefined {
  if (!leavesHead(config, ofStage2)) return undefined;
  return "stage 2 trains the image encoder without label supervision, so that stage 0's head no longer fits it and its AUCs say little; --lab WEIGHT trains both on; freezing vision.* in stage 2 (stages in a configuration file) keeps both";
}
