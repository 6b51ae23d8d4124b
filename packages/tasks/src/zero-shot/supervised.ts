// Which questions by prompts are no zero-shot questions: those on findings by whose labels a model's images were trained.
import { columnParts } from '@hybridmed/eval/labeller';
import type { SessionInfo } from '@hybridmed/model/session';
import { truthLabel } from '../truth-labels.ts';

/** Whether a model's images were trained by labels of a class. Open-I's tag "normal" is a label of its own, which no report gives. */
export function isSupervised({ labels }: Pick<SessionInfo, 'labels'>, name: string): boolean {
  const known = new Set<string>((labels?.columns ?? []).flatMap((column) => columnParts(column)?.label ?? []));
  return known.has(truthLabel(name)?.label ?? name);
}
