// What a tokenizer.json puts around a text, and how long it lets one be: here always [CLS] and [SEP], which the encoders read.
import type { Part } from './setting.ts';
import { asPart, partsOf, refuse } from './setting.ts';

const honoured = 'one [CLS] before a text and one [SEP] after it is';

const same = (a: readonly unknown[], b: readonly unknown[]): boolean => a.length === b.length && a.every((value, i) => value === b[i]);

/** The ids that a template puts around a text, its own place as undefined. */
function template(part: Part): unknown[] {
  const tokens = (part['special_tokens'] ?? {}) as Readonly<Record<string, { ids?: unknown } | undefined>>;
  return partsOf(part['single'], 'single').flatMap((item) => {
    const { SpecialToken: token, Sequence: sequence } = item as {
      SpecialToken?: { id?: string; type_id?: unknown };
      Sequence?: { id?: unknown; type_id?: unknown };
    };
    if (((token ?? sequence)?.type_id ?? 0) !== 0) refuse('a post_processor with token types other than 0', honoured);
    if (sequence) return [undefined];
    const ids = tokens[token?.id ?? '']?.ids;
    return Array.isArray(ids) ? ids : [token];
  });
}

const aroundOf: Readonly<Record<string, (part: Part) => unknown[]>> = {
  TemplateProcessing: template,
  BertProcessing: ({ cls, sep }) => [(cls as unknown[])?.[1], undefined, (sep as unknown[])?.[1]],
  RobertaProcessing: ({ cls, sep }) => [(cls as unknown[])?.[1], undefined, (sep as unknown[])?.[1]],
};

/** Throws a HybridmedError for a post-processor that puts other tokens around a text than [CLS] and [SEP]. */
export function checkTemplate(value: unknown, { cls, sep }: { readonly cls: number; readonly sep: number }): void {
  if (value === null || value === undefined) refuse('a post_processor of null', honoured);
  const part = asPart(value, 'post_processor');
  const type = String(part.type);
  if (type === 'Sequence') {
    const processors = partsOf(part['processors'], 'processors');
    if (processors.length !== 1) refuse('a post_processor of several', honoured);
    return checkTemplate(processors[0], { cls, sep });
  }
  if (!Object.hasOwn(aroundOf, type)) refuse(`the post_processor ${JSON.stringify(part.type)}`, `${Object.keys(aroundOf).join(', ')} are`);
  if (!same(aroundOf[type]!(part), [cls, undefined, sep])) refuse('a post_processor that puts other tokens around a text', honoured);
}

/** How many ids the document lets a text have in all, and from which side it is cut. Throws a HybridmedError for what is neither. */
export function truncationOf(value: unknown): { readonly most: number; readonly fromLeft: boolean } {
  if (value === null || value === undefined) return { most: Infinity, fromLeft: false };
  const { max_length: most, direction = 'Right' } = asPart(value, 'truncation');
  if (typeof most !== 'number' || !(most >= 2)) refuse(`a truncation to ${JSON.stringify(most)} tokens`, 'numbers from 2 on are');
  return { most, fromLeft: direction === 'Left' };
}
