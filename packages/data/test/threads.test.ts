// A thread that has died is remembered: whoever waits for any of them, and whoever asks later, has the reason.
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { remoteRanges } from '../src/loader/range-client.ts';
import { TaskPool } from '../src/threads/task-pool.ts';

test('of a pool one of whose threads cannot start, every request is refused with the reason, and so are later ones', async () => {
  const tokenizerModule = new URL('absent.mjs', import.meta.url).href;
  const pool = new TaskPool<object, unknown>('loader/worker', [{ data: { tokenizerModule } }, { data: { tokenizerModule } }]);
  const reason = /^a data worker stopped \(.+\); run with --workers 0 to see where$/;
  const first = await Promise.all([1, 2, 3].map(() => pool.run({}).catch((error: Error) => error.message)));
  for (const message of first) expect(message).toMatch(reason);
  await expect(pool.run({})).rejects.toThrow(first[0] as string);
  await pool.close();
  await expect(pool.run({})).rejects.toThrow(first[0] as string);
});

test('where the thread that fetches is gone, its readers do not wait', async () => {
  const { port1, port2 } = new MessageChannel();
  const read = remoteRanges(port1);
  const range = { source: 'https://example.org/a.tar', start: 0, length: 1 };
  const waiting = read(range);
  port2.close();
  await expect(waiting).rejects.toThrow('the thread that fetches remote shards stopped');
  await expect(read(range)).rejects.toThrow('the thread that fetches remote shards stopped');
});
