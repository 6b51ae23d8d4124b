// Which questions by prompts are no zero-shot questions: those on findings by whose labels a model's images were trained.
import { columnParts, phantomLabels } from '@hybridmed/eval/labeller';
import type { SessionInfo } from '@hybridmed/model/session';

/**
 * Whether a model's images were trained by labels of a class: by its own name, or by that of a phantom's finding. Open-I's tag "normal" is
 * a label of its own, which no report gives.
 */
export function isSupervised({ labels }: Pick<SessionInfo, 'labels'>, name: string): boolean {
  const known = new Set<string>((labels?.columns ?? []).flatMap((column) => columnParts(column)?.label ?? []));
  return known.has((phantomLabels as Readonly<Record<string, string>>)[name] ?? name);
}
