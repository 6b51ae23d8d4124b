// The entry of what a download tells whoever listens, such as a command that shows it: no function that opens a model has to hand a listener down.
import { channel } from 'node:diagnostics_channel';

/** A line for people, or how far a file is. */
export type DownloadEvent =
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'progress'; readonly file: string; readonly bytes: number; readonly totalBytes: number };

const downloads = channel('hybridmed:download');

/** Tells the listeners, if there are any. */
export const tellDownload = (event: DownloadEvent): void => downloads.publish(event);

/** Listens to downloads of this process; the function that is returned ends that. */
export function onDownload(listener: (event: DownloadEvent) => void): () => void {
  const receive = (event: unknown): void => listener(event as DownloadEvent);
  downloads.subscribe(receive);
  return () => void downloads.unsubscribe(receive);
}
