// Fetches a file of the page's own folder and reports progress.

/** Fetches a file. Throws one line if it is missing. */
export async function fetchFile(path: string, progress: (text: string, fraction?: number) => void): Promise<Uint8Array> {
  const response = await fetch(path).catch((error: unknown) => {
    throw new Error(`${path}: cannot be fetched (${(error as Error).message}); is the server still running?`);
  });
  if (!response.ok || !response.body) throw new Error(`${path}: the server answers ${response.status}; put the checkpoint in the page's folder`);
  const total = Number(response.headers.get('content-length')) || 0;
  const parts: Uint8Array[] = [];
  let length = 0;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (total > 1e6) progress(`Loading the model: ${megabytes(length)} of ${megabytes(total)} MB`, Math.min(1, length / total));
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
