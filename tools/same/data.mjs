// What both sides read: phantoms made by BEFORE, questions about them in the layout of VQA-RAD, texts.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Phantoms that are asked about. */
const questions = 32;

/** A question about each of the first phantoms; every fourth is a test question. */
function questionsAbout(csv) {
  const [head, ...rows] = csv.trim().split('\n');
  const effusion = head.split(',').indexOf('effusion') - head.split(',').length;
  return rows.slice(0, questions).map((row, i) => {
    const open = i % 3 === 0;
    return {
      qid: i,
      phrase_type: i % 4 === 0 ? 'test_freeform' : 'freeform',
      image_case_url: `https://example.org/${i}`,
      image_name: `${row.split('"')[1]}.png`,
      question: open ? 'What is the side of the heart?' : 'Is there a pleural effusion?',
      question_frame: 'NULL',
      question_type: open ? 'POS' : 'PRES',
      answer: open ? ['left side', 'right side'][i % 2] : row.split(',').at(effusion) === '1' ? 'Yes' : 'No',
      answer_type: open ? 'OPEN' : 'CLOSED',
    };
  });
}

/** Writes the data beside the work folders of the two sides. */
export async function makeData({ before, folder }) {
  const phantoms = join(folder, 'phantoms');
  const { problem } = await before.command(['data', 'phantom', phantoms, '--studies', '60', '--size', '64']);
  if (problem !== undefined) throw new Error(`phantoms of BEFORE: ${problem}`);
  mkdirSync(join(folder, 'questions'));
  cpSync(join(phantoms, 'images'), join(folder, 'questions/images'), { recursive: true });
  writeFileSync(join(folder, 'questions/VQA_RAD Dataset Public.json'), JSON.stringify(questionsAbout(readFileSync(join(phantoms, 'phantoms.csv'), 'utf8'))));
  writeFileSync(join(folder, 'texts.txt'), 'No pleural effusion.\nA small nodule in the left upper lobe, unchanged.\n');
}
