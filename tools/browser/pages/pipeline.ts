// A page that opens pipelines over a checkpoint's URL, and over the session of another, on images as a page has them.
import { plainDevice } from '@hybridmed/gpujs';
import { pipeline } from 'hybridmed/pipeline';

const device = plainDevice();
const blob = await (await fetch('/image.png')).blob();
const write = await pipeline('impression', '/checkpoint', { device });
const streamed: string[] = [];
const { ids, text } = await write(blob, { onToken: (token) => streamed.push(token.text) });
const bitmap = await createImageBitmap(blob);
const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
context.drawImage(bitmap, 0, 0);
const [ofBitmap, ofPixels] = await write([bitmap, context.getImageData(0, 0, bitmap.width, bitmap.height)]);
await write.close();
const classify = await pipeline('zero-shot-image-classification', '/checkpoint', { device });
const scores = await classify(blob, 'phantom');
const problem = await pipeline('impressions' as 'impression', '/checkpoint', { device }).then(
  () => 'none',
  (error: unknown) => (error as Error).message,
);
const unreadable = await classify(new Blob(['text']), 'phantom').catch((error: unknown) => (error as Error).message);
Object.assign(window, { __result: { ids, text, streamed, others: [ofBitmap!.ids, ofPixels!.ids], scores, problem, unreadable } });
