// The pipeline that answers questions about images.
import type { CallOptions } from '@hybridmed/model/session';
import type { GivenAnswer, VqaSession } from '../vqa/vqa-session.ts';
import type { ImageReader, OneOrManyWith } from './contract.ts';
import { inBatches, oneOrManyWith } from './contract.ts';

/** Answers to a question about images. */
export const answerQuestions = <Image>(session: VqaSession, read: ImageReader<Image>): OneOrManyWith<Image, string, CallOptions, GivenAnswer> =>
  oneOrManyWith((images, question: string, options: CallOptions) =>
    inBatches(images, options, async (batch) => {
      const squares: Uint8Array[] = [];
      for (const image of batch) squares.push(await read.square(image, session.resize));
      return session.answer(
        session.images(squares),
        batch.map(() => question),
        options,
      );
    }),
  );
