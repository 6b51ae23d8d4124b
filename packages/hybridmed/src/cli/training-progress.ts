// Progress of a run on standard error: a bar per stage with the losses, and a line per validation.
import type { RunEvents } from '@hybridmed/training';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';
import { progressBar } from './progress.ts';

const format = (value: number | null): string | undefined => (value === null ? undefined : value.toFixed(3));

/** Events of a run that show its progress. */
export function trainingProgress(output: Output): { events: RunEvents; stop(): void } {
  let bar: Progress | undefined;
  let stage = 0;
  const stop = () => {
    bar?.stop();
    bar = undefined;
    stage = 0;
  };
  const log = (line: string) => {
    stop();
    output.log(line);
  };
  return {
    stop,
    events: {
      onMessage: log,
      onStep(line, { done, total }) {
        if (stage !== line.stage) {
          bar?.stop();
          bar = progressBar(`stage ${line.stage}`);
          stage = line.stage;
        }
        bar?.update(done, total, `loss ${format(line.losses.total)} · ${line.studiesPerSecond.toFixed(1)} studies/s`);
      },
      onValidation({ stage: validated, epoch, validation, cider }, best) {
        const losses = Object.entries(validation).flatMap(([name, value]) => (format(value) === undefined ? [] : [`${name} ${format(value)}`]));
        const texts = cider === undefined ? '' : `, CIDEr ${cider.toFixed(3)}`;
        log(`stage ${validated}, epoch ${epoch}: validation ${losses.join(', ')}${texts}${best ? ' (best so far)' : ''}`);
      },
    },
  };
}
