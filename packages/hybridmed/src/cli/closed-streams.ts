// Readers of the output that go before it ends (`hybridmed ... | head`).

/** Exit code of a process whose result nobody reads any more: 128 + SIGPIPE, as other tools end. */
const brokenPipe = 141;

function onClosed(stream: NodeJS.WriteStream, gone: () => void): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    gone();
  });
}

/** From now on a closed standard output ends this process without a trace; a closed standard error does not: a training goes on without its watcher. */
export function heedClosedStreams(): void {
  onClosed(process.stdout, () => process.exit(brokenPipe));
  onClosed(process.stderr, () => {});
}
