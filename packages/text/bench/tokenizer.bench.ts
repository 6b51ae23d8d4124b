// Tokens per second, and training a vocabulary.
import { trainWordPiece } from '@hybridmed/text';
import { bench } from 'vitest';

const places = ['left', 'right', 'bilateral', 'upper', 'lower', 'mid'];
const texts = Array.from(
  { length: 2000 },
  (_, i) => `There is a ${['small', 'moderate', 'large'][i % 3]} ${places[i % 6]} pleural effusion; heart size is ${i % 2 ? 'normal' : 'enlarged'}, ${i} mm.`,
);
const tokenizer = trainWordPiece(texts, { size: 500 });

bench('encode 2,000 reports', () => void texts.map((text) => tokenizer.encode(text, 128)));
bench('train 500 tokens on 2,000 reports', () => void trainWordPiece(texts, { size: 500 }));
