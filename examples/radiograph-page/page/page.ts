// The page: a radiograph is chosen, shown at once, and read by the model in a worker; every answer belongs to the radiograph it was requested for.
import { shippedPrompts } from 'hybridmed/radiograph';
import { element, make } from './elements.ts';
import type { Search } from './messages.ts';
import type { ModelClient } from './model-client.ts';
import { DeviceLost, startModel } from './model-client.ts';
import type { Radiograph } from './radiograph.ts';
import { ImageFileError, readRadiograph } from './radiograph.ts';
import { impressionWords, ratioDetails, scoreTable } from './results.ts';
import { setMapKinds, showMaps, showRadiograph } from './view.ts';

/** Facts on the model that are not in its checkpoint; written by main.ts. */
interface About {
  readonly name: string;
  readonly sentences: string;
  readonly prompts: string;
}

const [bar, alert] = [element<HTMLProgressElement>('progress'), element('error')];
const [text, findings, prompts] = [element<HTMLInputElement>('text'), element<HTMLTextAreaElement>('findings'), element<HTMLSelectElement>('prompts')];
const [mapForm, summarize] = [element<HTMLFormElement>('map-form'), element<HTMLFormElement>('summarize')];
const search = element<HTMLSelectElement>('search');
let client: ModelClient;
let device = '';
let runningTasks = 0;
let radiograph: Radiograph | undefined;

/** Shows the current task; with a fraction, its progress, which screen readers do not read at each step. */
function showStatus(message: string, fraction?: number): void {
  element(fraction === undefined ? 'status' : 'detail').textContent = message;
  if (fraction === undefined) {
    element('detail').textContent = '';
    bar.removeAttribute('value');
  } else bar.value = fraction;
}

/** Shows an error in one line; with `retry`, a button after it. */
function showError(message: string, retry?: () => void): void {
  alert.replaceChildren(message);
  if (retry) alert.append(' ', Object.assign(make('button', { type: 'button', className: 'button plain' }, 'Load the model again'), { onclick: retry }));
  alert.hidden = false;
}

/** Runs a task with the progress bar shown; failures are shown as errors. */
async function runTask(task: () => Promise<void>): Promise<void> {
  runningTasks++;
  bar.hidden = false;
  try {
    await task();
  } catch (error) {
    if (error instanceof DeviceLost) showError(error.message, () => void start());
    else showError((error as Error).message);
  } finally {
    if (--runningTasks === 0) {
      bar.hidden = true;
      showStatus(device ? `Ready. Computing on ${device}.` : 'The model is not loaded.');
    }
  }
}

const enable = (form: HTMLFormElement, on: boolean): void => void (form.querySelector('button')!.disabled = !on);

/** Shows the impression of a radiograph, written as is chosen. */
async function write(requested: Radiograph): Promise<void> {
  const by = search.value as Search;
  const { text: impression, ratio } = await client.ask('impression', { radiograph: requested, search: by });
  if (radiograph !== requested || by !== search.value) return;
  element('impression').classList.remove('quiet');
  element('impression').replaceChildren(
    ...impressionWords(impression, (sentence, rest) => showMapOf(sentence, { text: impression, ...(rest ? { against: rest } : {}) })),
  );
  element('ratio').replaceChildren(...(ratio ? [ratioDetails(ratio)] : []));
  element('hint').hidden = impression.trim() === '';
}

/** The model's results for a radiograph: impression first, then scores. */
const read = (requested: Radiograph): Promise<void> =>
  runTask(async () => {
    await write(requested);
    if (radiograph !== requested) return;
    enable(mapForm, true);
    await score(requested);
  });

async function score(requested: Radiograph): Promise<void> {
  const set = prompts.value;
  const scores = await client.ask('scores', { prompts: set });
  if (radiograph === requested && set === prompts.value) element('scores').replaceChildren(scoreTable(scores, showMapOf, shippedPrompts[set]!));
}

let mapRequests = 0;

/** Shows the heat map of a sentence: by default of itself alone, else of a text compared with another. */
function showMapOf(sentence: string, pair: { text: string; against?: string } = { text: sentence }): void {
  const [requested, turn] = [radiograph, ++mapRequests];
  if (!requested) return;
  alert.hidden = true;
  for (const word of document.querySelectorAll<HTMLElement>('.word')) word.setAttribute('aria-pressed', String(word.dataset['sentence'] === sentence));
  void runTask(async () => {
    const maps = await client.ask('maps', pair);
    if (radiograph !== requested || turn !== mapRequests) return;
    showMaps(maps, sentence);
    element('radiograph').scrollIntoView({ block: 'nearest' });
  });
}

/** Opens a file: shown at once, read as soon as the model is loaded. */
async function openFile(file: File | undefined): Promise<void> {
  if (!file) return;
  alert.hidden = true;
  try {
    radiograph = await readRadiograph(file);
  } catch (error) {
    return showError(error instanceof ImageFileError ? error.message : `${file.name} cannot be read (${(error as Error).message}).`);
  }
  showRadiograph(radiograph);
  element('impression').classList.add('quiet');
  element('impression').replaceChildren(device ? 'Reading the image.' : 'The image is read as soon as the model is loaded.');
  element('scores').replaceChildren();
  element('ratio').replaceChildren();
  element('hint').hidden = true;
  enable(mapForm, false);
  if (device) await read(radiograph);
}

/** The facts that main.ts wrote. */
async function fetchAbout(): Promise<About> {
  const response = await fetch('about.json');
  if (!response.ok) throw new Error(`about.json: the server answers ${response.status}; serve the whole folder`);
  return (await response.json()) as About;
}

/** Loads the model, also after its device was lost. */
const start = (): Promise<void> =>
  runTask(async () => {
    alert.hidden = true;
    device = '';
    showStatus('Loading the model');
    client?.close();
    client = startModel(showStatus);
    const [about, loaded] = [await fetchAbout(), await client.ask('load', { folder: new URL('checkpoint/', document.baseURI).href })];
    element('about').textContent = about.sentences;
    device = loaded.device;
    setMapKinds(loaded.kinds);
    element('search-choice').hidden = loaded.searches.length < 2;
    prompts.value = about.prompts;
    prompts.disabled = false;
    enable(summarize, true);
    if (radiograph) void read(radiograph);
  });

element<HTMLInputElement>('file').addEventListener('change', ({ currentTarget }) => {
  const input = currentTarget as HTMLInputElement;
  void openFile(input.files?.[0]).then(() => (input.value = ''));
});
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'] as const)
  document.body.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    element('drop').classList.toggle('over', name === 'dragenter' || name === 'dragover');
    if (name === 'drop') void openFile(event.dataTransfer.files[0]);
  });
mapForm.addEventListener('submit', (event) => {
  event.preventDefault();
  if (text.value.trim() === '') showError('Write a word or a sentence first.');
  else showMapOf(text.value);
});
summarize.addEventListener('submit', (event) => {
  event.preventDefault();
  alert.hidden = true;
  if (findings.value.trim() === '') return showError('Write or paste the findings first.');
  void runTask(async () => {
    const impression = await client.ask('summary', { findings: findings.value });
    element('summary').textContent = impression || 'The model generates an empty impression for these findings.';
  });
});
prompts.addEventListener('change', () => radiograph && void runTask(() => score(radiograph!)));
search.addEventListener('change', () => radiograph && device && void runTask(() => write(radiograph!)));
element('clear').addEventListener('click', () => showMaps([]));

prompts.replaceChildren(...Object.keys(shippedPrompts).map((name) => make('option', { value: name }, name)));
await start();
