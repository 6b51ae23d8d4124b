// A worker thread of `packDataSet`: reads images and makes PNG squares of them.
import { parentPort } from 'node:worker_threads';
import { serve } from '../threads/serve.ts';
import { packImage } from './pack-image.ts';

if (parentPort !== null) serve(parentPort, packImage, () => []);
