// What a model that is open cannot do, each in one line: these are the only places that say so.
import { HybridmedError } from '@hybridmed/tensor';
import type { PartName } from '../model/parts.ts';
import type { Stage } from '../model/stages.ts';
import { stageRow } from '../model/stages.ts';
import type { SessionInfo } from './session.ts';

/** Why: the part is not trained yet, was not exported, the encoder has no such part, it is still to be chosen, or the task needs the checkpoint itself. */
export type SessionProblem = 'untrained' | 'not exported' | 'not possible' | 'not chosen' | 'needs a checkpoint';

/** Thrown by a session that is asked for what its model does not have. */
export class SessionError extends HybridmedError {
  override readonly name: string = 'SessionError';
  /** The folder that was opened. */
  readonly source: string;
  readonly problem: SessionProblem;

  constructor(source: string, problem: SessionProblem, text: string) {
    super(`${source}: ${text}`);
    this.source = source;
    this.problem = problem;
  }
}

/** Whether a part can be used after a stage. */
export const isTrained = (stage: Stage, part: PartName): boolean => stageRow(stage).parts.includes(part);

const untrained: Readonly<Partial<Record<PartName, string>>> = {
  vision: 'image encoder is',
  align: 'image encoder and alignment are',
  text: 'text encoder is',
  summarize: 'findings branch is',
};

/** A part that a checkpoint of an earlier stage leaves for a later one; `otherwise` adds what else can be done. */
export const untrainedError = ({ source, stage }: Pick<SessionInfo, 'source' | 'stage'>, part: PartName, otherwise = ''): SessionError =>
  new SessionError(
    source,
    'untrained',
    `is of stage ${stage}, whose ${untrained[part] ?? 'image branch is'} not trained; name a stage-2 checkpoint${otherwise}`,
  );

/** A part that an exported folder does not have. */
export const notExportedError = (source: string, part: PartName, exported: readonly string[]): SessionError =>
  new SessionError(
    source,
    'not exported',
    `has no exported "${part}" (it has ${exported.join(', ')}); add it with \`hybridmed export CHECKPOINT --part ${part} --out ${source}\``,
  );

/** Parts of a model that read images. */
const ofImages: readonly PartName[] = ['vision', 'align', 'caption', 'removal'];

/** What a model that was trained without images cannot do; undefined for a part that reads none. */
export const noVisionError = (source: string, part: PartName): SessionError | undefined =>
  ofImages.includes(part)
    ? new SessionError(source, 'not possible', 'was trained without images (--vision none) and reads none; name a checkpoint of a run with images')
    : undefined;

/** An encoder that cannot leave patches out. */
export const noRemovalError = (source: string): SessionError =>
  new SessionError(source, 'not possible', 'its vision encoder cannot leave patches out, which maps of kind "guided" and "removal" need; choose "gradient"');

/** A model that reads retrieved impressions with findings, opened without what they are retrieved from. */
export const noRetrievalError = (source: string): SessionError =>
  new SessionError(
    source,
    'not possible',
    "its findings branch reads impressions that are retrieved from training texts, which come with the checkpoint's folder alone; open that",
  );

/** An encoder with a part that is no graph. */
export const noGradientError = (source: string): SessionError =>
  new SessionError(
    source,
    'not possible',
    'part of its vision encoder is no graph of ours, so that gradients do not reach pixels, which maps of kind "gradient" need; choose "alignment"',
  );

/** An exported folder, asked for what its graphs cannot give. */
export const checkpointNeededError = (source: string, purpose: string): SessionError =>
  new SessionError(source, 'needs a checkpoint', `holds exported graphs; ${purpose} needs a checkpoint, or a run's folder`);

/** A model without what writing by likelihood ratio needs. */
export const noRatioError = (source: string): SessionError =>
  new SessionError(
    source,
    'not chosen',
    'has no likelihood ratio to write by; choose it on validation studies with `hybridmed fit-ratio --checkpoint CHECKPOINT --data SPEC`, and export again where this is an export',
  );
