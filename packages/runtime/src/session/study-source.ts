// A loader as the source of studies that training knows: where images cannot be read, others of their batches take their places, if that is asked for.
import type { Loader } from '@hybridmed/data';
import { DataError, UnreadableStudiesError } from '@hybridmed/data';
import type { SourceBatch, StudySource } from '@hybridmed/training';

/** What happens where an image cannot be read: the next study of its pass takes its place, or the loader's error is thrown. */
export interface StudySourceOptions {
  readonly onBadData?: 'skip' | 'stop';
  /** Studies of a pass, of which a step has one or more; ranks share passes, never a pass. By default a step is one pass. */
  readonly passSize?: number;
  /** What a copy of a study's image is known by. */
  readonly imageName?: StudySource['imageName'];
}

/**
 * The studies of a pass with those that are left out replaced: in the place of each is the next one of the pass that is not, after the
 * last the first. Throws a DataError where none is left.
 */
export function withStandIns(pass: readonly number[], isLeftOut: (study: number) => boolean): readonly number[] {
  if (!pass.some(isLeftOut)) return pass;
  if (pass.every(isLeftOut))
    throw new DataError(`no image of a batch of ${pass.length} studies can be read; check the data set with \`hybridmed data check --images\``);
  return pass.map((_, place) => {
    for (let next = place; ; next++) if (!isLeftOut(pass[next % pass.length]!)) return pass[next % pass.length]!;
  });
}

/** A loader as training's source of studies. */
export function studySource(loader: Loader, { onBadData = 'stop', passSize = Infinity, imageName }: StudySourceOptions = {}): StudySource {
  return {
    ...loader,
    size: loader.studies.length,
    idOf: (study) => loader.studies[study]!.id,
    ...(imageName && { imageName }),
    async *batches({ leftOut = new Set(), startStep = 0, ...range } = {}): AsyncGenerator<SourceBatch> {
      const known = new Set(leftOut);
      const inStep = (studies: readonly number[]) => {
        const size = Math.min(passSize, studies.length);
        return Array.from({ length: studies.length / size }, (_, pass) =>
          withStandIns(studies.slice(pass * size, (pass + 1) * size), (study) => known.has(study)),
        ).flat();
      };
      const unreadable = new Map<number, string>();
      // A batch that cannot be made ends the loader's epoch, which is begun again at its step without the studies that were at fault.
      for (let step = startStep; ;) {
        try {
          for await (const batch of loader.batches({ ...range, startStep: step, inStep })) {
            step++;
            const fresh = [...unreadable].map(([study, reason]) => ({ study, reason }));
            unreadable.clear();
            yield fresh.length > 0 ? { ...batch, unreadable: fresh } : batch;
          }
          return;
        } catch (error) {
          if (onBadData === 'stop' || !(error instanceof UnreadableStudiesError)) throw error;
          for (const [study, reason] of error.reasons) {
            known.add(study);
            unreadable.set(study, reason);
          }
        }
      }
    },
  };
}
