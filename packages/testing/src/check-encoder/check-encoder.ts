// What the author of an encoder runs in tests: does it do what the trainer, the losses and the exporter take for granted?
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { HybridmedError } from '@hybridmed/tensor';
import type { Problem, Subject } from './encoder-under-test.ts';
import { makeSubject } from './encoder-under-test.ts';
import { checkGradients } from './gradients.ts';
import { checkIndependence, checkPadding } from './independence.ts';
import { checkNames } from './names.ts';
import { checkShapes } from './shapes.ts';

/** One check that passed. */
export interface EncoderCheck {
  readonly check: 'names' | 'shapes' | 'determinism' | 'independence' | 'padding' | 'gradients';
  /** What was looked at, in a few words: "12 parameters". */
  readonly detail: string;
}

/** Options of `checkEncoder`. */
export interface CheckEncoderOptions {
  /** Seed of parameters and inputs. */
  readonly seed?: number;
}

async function checkDeterminism({ run, inputs }: Subject, report: Problem): Promise<string> {
  const [first, second] = [await run(await inputs(2)), await run(await inputs(2))];
  for (const [feature, { data }] of Object.entries(first)) {
    const other = second[feature]!.data;
    if (!data.every(Number.isFinite)) report('determinism', `"${feature}" holds values that are not finite`);
    if (!data.every((value, i) => Object.is(value, other[i]))) report('determinism', `"${feature}" differs between two runs on the same input`);
  }
  return 'two runs, the same bits';
}

/**
 * Checks an encoder of small sizes (everything runs in float64, in plain JavaScript): names (each parameter is declared, read and well
 * named), shapes (as it says of itself, for several batches and lengths, and for symbols), determinism, independence (a study's features
 * do not depend on the others of its batch), padding (texts: what is masked changes nothing), gradients (against finite differences, each
 * parameter). Returns what was checked. Throws a HybridmedError that lists every fault.
 */
export async function checkEncoder(encoder: VisionEncoder | TextEncoder, { seed = 0 }: CheckEncoderOptions = {}): Promise<EncoderCheck[]> {
  const problems: string[] = [];
  const passed: EncoderCheck[] = [];
  const report: Problem = (check, problem) => problems.push(`${check}: ${problem}`);
  const attempt = async (check: EncoderCheck['check'], work: () => string | Promise<string>): Promise<boolean> => {
    const before = problems.length;
    try {
      const detail = await work();
      if (problems.length === before) passed.push({ check, detail });
    } catch (error) {
      report(check, (error as Error).message.split('\n')[0]!);
    }
    return problems.length === before;
  };
  // Names and shapes first: without them nothing else can be judged.
  let subject: Subject | undefined;
  const sound = (await attempt('names', () => checkNames(encoder, report))) && (await attempt('shapes', () => checkShapes(encoder, report)));
  if (sound && (await attempt('shapes', async () => ((subject = await makeSubject(encoder, seed)), 'as stated')))) {
    passed.pop();
    await attempt('determinism', () => checkDeterminism(subject!, report));
    await attempt('independence', () => checkIndependence(subject!, report));
    if (subject!.kind === 'text') await attempt('padding', () => checkPadding(subject!, report));
    await attempt('gradients', () => checkGradients(subject!, report));
  }
  if (problems.length > 0)
    throw new HybridmedError(`the encoder fails ${problems.length === 1 ? 'a check' : `${problems.length} checks`}:\n  ${problems.join('\n  ')}`);
  return passed;
}
