// The check that authors of encoders run in tests: what the trainer, the losses and the exporter rely on.
import type { TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { HybridmedError } from '@hybridmed/tensor';
import type { EncoderUnderTest, ReportProblem } from './encoder-under-test.ts';
import { prepareEncoder } from './encoder-under-test.ts';
import { checkGradients } from './gradients.ts';
import { checkIndependence, checkPadding } from './independence.ts';
import { checkNames } from './names.ts';
import { checkShapes } from './shapes.ts';

/** One check that passed. */
export interface EncoderCheck {
  readonly check: 'names' | 'shapes' | 'determinism' | 'independence' | 'padding' | 'gradients';
  /** What was checked, in a few words: "12 parameters". */
  readonly detail: string;
}

/** Options of `checkEncoder`. */
export interface CheckEncoderOptions {
  /** Seed of parameters and inputs. */
  readonly seed?: number;
}

async function checkDeterminism({ run, inputs }: EncoderUnderTest, report: ReportProblem): Promise<string> {
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
  const report: ReportProblem = (check, problem) => problems.push(`${check}: ${problem}`);
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
  // Names and shapes first: without them nothing else can be checked.
  let prepared: EncoderUnderTest | undefined;
  const sound = (await attempt('names', () => checkNames(encoder, report))) && (await attempt('shapes', () => checkShapes(encoder, report)));
  if (sound && (await attempt('shapes', async () => ((prepared = await prepareEncoder(encoder, seed)), 'as stated')))) {
    passed.pop();
    await attempt('determinism', () => checkDeterminism(prepared!, report));
    await attempt('independence', () => checkIndependence(prepared!, report));
    if (prepared!.kind === 'text') await attempt('padding', () => checkPadding(prepared!, report));
    await attempt('gradients', () => checkGradients(prepared!, report));
  }
  if (problems.length > 0)
    throw new HybridmedError(`the encoder fails ${problems.length === 1 ? 'a check' : `${problems.length} checks`}:\n  ${problems.join('\n  ')}`);
  return passed;
}
