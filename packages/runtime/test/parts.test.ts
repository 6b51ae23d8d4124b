// Which part a process does, and the folder that holds what the parts found.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PartEntry } from '@hybridmed/runtime/parts';
import { openParts, partOf, readLists, shareOf, writePart } from '@hybridmed/runtime/parts';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

describe('which part', () => {
  const array = (id: number, count: number, first: number) => ({
    SLURM_ARRAY_TASK_ID: `${id}`,
    SLURM_ARRAY_TASK_COUNT: `${count}`,
    SLURM_ARRAY_TASK_MIN: `${first}`,
  });
  test.each([
    ['named', '3/8', {}, [2, 8]],
    ['named, whatever a scheduler says', '1/2', array(7, 8, 1), [0, 2]],
    ['of a Slurm array from 1', undefined, array(8, 8, 1), [7, 8]],
    ['of a Slurm array from 0', undefined, array(0, 4, 0), [0, 4]],
    ['of a Slurm array in steps', undefined, { ...array(10, 3, 2), SLURM_ARRAY_TASK_STEP: '4' }, [2, 3]],
    ['of an indexed job', 'auto/4', { JOB_COMPLETION_INDEX: '3' }, [3, 4]],
    ['of ranks under mpirun', undefined, { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '1' }, [1, 4]],
    ['of plain srun, whose processes cannot reach one another', undefined, { SLURM_PROCID: '1', SLURM_STEP_NUM_TASKS: '2' }, [1, 2]],
    ['of an array whose tasks are a step of one process', undefined, { ...array(2, 2, 1), SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' }, [1, 2]],
  ] as const)('%s', (_, text, environment, [index, count]) => expect(partOf(text, environment)).toEqual({ index, count }));

  test.each([
    ['0/2', {}, '--part 0/2: is no part; give I/N with I from 1 to N'],
    ['3/2', {}, '--part 3/2: is no part'],
    ['half', {}, '--part half: is no part'],
    [undefined, {}, 'no scheduler says which part this is; name it with --part I/N'],
    [undefined, { JOB_COMPLETION_INDEX: '3' }, 'a Kubernetes indexed job does not say how many parts there are; give --part auto/N'],
    ['auto/2', { JOB_COMPLETION_INDEX: '3' }, 'puts this process at place 4 of 2 parts'],
    // Some of an array's tasks, run again.
    [undefined, array(7, 2, 3), 'a Slurm array puts this process at place 5 of 2 parts'],
    [undefined, { ...array(1, 2, 1), SLURM_PROCID: '1', SLURM_STEP_NUM_TASKS: '2' }, 'one of a Slurm array and one of ranks'],
  ] as const)('%s in %j is refused', (text, environment, line) => expect(() => partOf(text, environment)).toThrow(line));

  test('parts share all items, in order, each as many as another or one more', () => {
    for (const [items, count] of [
      [0, 3],
      [2, 3],
      [7, 3],
      [256, 256],
      [1000, 7],
    ] as const) {
      const shares = Array.from({ length: count }, (_, index) => shareOf({ index, count }, items));
      expect(shares.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(Array.from({ length: items }, (_, i) => i));
      const sizes = shares.map(([from, to]) => to - from);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });
});

describe('the folder', () => {
  const write = (name: string, index: number, entries: readonly PartEntry[], facts: object = { data: 'a' }, count = 2) =>
    writePart(join(folder, name), { index, count }, { command: 'embed', facts: { ...facts } }, entries);
  const numbers = { f32: Float32Array.of(0.1, Number.NaN, -0), f64: Float64Array.of(0.1, Infinity), i32: Int32Array.of(-1) };

  test('gives back the very values, list by list, in the order of the parts; a part that is written again has the same bytes', async () => {
    await write('whole', 1, [{ list: 'a', value: 'second' }]);
    const file = await write('whole', 0, [
      { list: 'a', value: 'first' },
      { list: 'b', value: [numbers, 0.1 + 0.2] },
    ]);
    const bytes = readFileSync(file);
    await write('whole', 0, [
      { list: 'a', value: 'first' },
      { list: 'b', value: [numbers, 0.1 + 0.2] },
    ]);
    expect(readFileSync(file)).toEqual(bytes);
    const parts = await openParts(join(folder, 'whole'));
    expect([parts.command, parts.facts, parts.count]).toEqual(['embed', { data: 'a' }, 2]);
    expect(await readLists(parts)).toEqual({ a: ['first', 'second'], b: [[numbers, 0.1 + 0.2]] });
  });

  test('numbers that JSON does not hold are refused before anything is written', async () => {
    await expect(write('bare', 0, [{ list: 'a', value: [Number.NaN] }])).rejects.toThrow("a part's a hold NaN");
    await expect(openParts(join(folder, 'bare'))).rejects.toThrow('bare: holds no parts');
  });

  test('missing parts are named; so are unlike ones, and those of two jobs', async () => {
    await write('three', 1, [], {}, 3);
    await expect(openParts(join(folder, 'three'))).rejects.toThrow('parts 1, 3 of 3 are missing; run the command again with --part 1/3');
    await write('two', 0, []);
    await expect(openParts(join(folder, 'two'))).rejects.toThrow('part 2 of 2 is missing; run the command again with --part 2/2');
    await write('two', 1, [], { data: 'b' });
    await expect(openParts(join(folder, 'two'))).rejects.toThrow('part 2 has data "b", part 1 has "a"; run all parts with the same options');
    await write('two', 0, [], {}, 3);
    await expect(openParts(join(folder, 'two'))).rejects.toThrow('holds parts of 2 and of 3');
    await expect(openParts(join(folder, 'none'))).rejects.toThrow('none: does not exist');
  });

  test('damaged files are named', async () => {
    const file = await write('damaged', 0, [{ list: 'a', value: numbers }], {}, 1);
    const text = readFileSync(file, 'utf8');
    const lines = text.split('\n');
    const refuses = async (content: string, line: string) => {
      writeFileSync(file, content);
      await expect(openParts(join(folder, 'damaged')).then(readLists)).rejects.toThrow(`part-1-of-1.jsonl: ${line}`);
    };
    await refuses(lines.slice(0, 2).join('\n'), 'is cut off');
    await refuses(text.replace(lines[1]!, `${lines[1]!}\n${lines[1]!}`), 'has 2 entries, not those that its end counts');
    await refuses(text.replace('["a",', '["a"'), 'line 2 is damaged');
    await refuses(`${text}${lines[1]!}\n`, 'goes on after its end');
    await refuses('{}\n', 'is no part that this program wrote');
    await refuses('', 'is no part that this program wrote');
    writeFileSync(file, text);
    renameSync(file, join(folder, 'damaged', 'part-1-of-2.jsonl'));
    writeFileSync(join(folder, 'damaged', 'part-2-of-2.jsonl'), text);
    await expect(openParts(join(folder, 'damaged'))).rejects.toThrow('part-1-of-2.jsonl: holds part 1 of 1');
  });
});
