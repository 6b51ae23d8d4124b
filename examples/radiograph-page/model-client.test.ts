// The page's worker that has failed is remembered: nobody waits for it, whenever it was asked.
import { afterEach, expect, test, vi } from 'vitest';
import { startModel } from './page/model-client.ts';

afterEach(() => vi.unstubAllGlobals());

test('a worker that fails before or after it is asked refuses every request with the reason', async () => {
  const workers: EventTarget[] = [];
  class FakeWorker extends EventTarget {
    constructor() {
      super();
      workers.push(this);
    }
    postMessage(): void {}
  }
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('document', { baseURI: 'https://example.org/' });
  const { ask } = startModel(() => undefined);
  const before = ask('scores', { prompts: 'a' });
  workers[0]!.dispatchEvent(Object.assign(new Event('error'), { message: 'no such module' }));
  const reason = "The model's worker failed (no such module); reload the page.";
  await expect(before).rejects.toThrow(reason);
  await expect(ask('scores', { prompts: 'a' })).rejects.toThrow(reason);
  const silent = startModel(() => undefined);
  workers[1]!.dispatchEvent(new Event('error'));
  await expect(silent.ask('scores', { prompts: 'a' })).rejects.toThrow("The model's worker failed (it could not be loaded); reload the page.");
});
