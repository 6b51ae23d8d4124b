// Shows the downloads of a command on standard error: a line for each model, and how far its files are.
import { onDownload } from '@hybridmed/runtime/downloads';
import type { Output } from './output.ts';
import { progressBar } from './progress.ts';

/** Shows downloads from here on; the function that is returned ends that. */
export function showDownloads(output: Pick<Output, 'log'>): () => void {
  const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);
  let bar: { readonly file: string; readonly progress: ReturnType<typeof progressBar> } | undefined;
  const stop = (): void => {
    bar?.progress.stop();
    bar = undefined;
  };
  const end = onDownload((event) => {
    if (event.kind === 'message') {
      stop();
      output.log(event.text);
      return;
    }
    const { file, bytes, totalBytes } = event;
    if (bar?.file !== file) {
      stop();
      bar = { file, progress: progressBar(`${file.split('/').at(-1)} (MB)`) };
    }
    if (totalBytes >= 1e6) bar.progress.update(megabytes(bytes), megabytes(totalBytes));
    if (bytes === totalBytes) stop();
  });
  return () => {
    stop();
    end();
  };
}
