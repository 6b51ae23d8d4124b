// The page: a film is chosen, shown at once, and read by the model in a thread of its own; every answer belongs to the film it was asked for.
import { shippedPrompts } from 'hybridmed/radiograph';
import type { Client } from './client.ts';
import { LostError, startReader } from './client.ts';
import { element, make } from './elements.ts';
import type { Film } from './film.ts';
import { FilmError, readFilm } from './film.ts';
import { impressionWords, scoreTable } from './results.ts';
import { offerKinds, showFilm, showMaps } from './view.ts';

/** What is known of the model beside its checkpoint; written by main.ts. */
interface About {
  readonly name: string;
  readonly sentences: string;
  readonly prompts: string;
}

const [bar, alert] = [element<HTMLProgressElement>('progress'), element('error')];
const [text, findings, prompts] = [element<HTMLInputElement>('text'), element<HTMLTextAreaElement>('findings'), element<HTMLSelectElement>('prompts')];
const [look, summarize] = [element<HTMLFormElement>('look'), element<HTMLFormElement>('summarize')];
let client: Client;
let device = '';
let working = 0;
let film: Film | undefined;

/** What is being done; with a share, how far it is, which is not read aloud at each step. */
function say(message: string, share?: number): void {
  element(share === undefined ? 'status' : 'detail').textContent = message;
  if (share === undefined) {
    element('detail').textContent = '';
    bar.removeAttribute('value');
  } else bar.value = share;
}

/** One clear line; with `again`, a button beside it. */
function complain(message: string, again?: () => void): void {
  alert.replaceChildren(message);
  if (again) alert.append(' ', Object.assign(make('button', { type: 'button', className: 'button plain' }, 'Load the model again'), { onclick: again }));
  alert.hidden = false;
}

/** Runs work with the bar moving; what fails is told. */
async function busy(work: () => Promise<void>): Promise<void> {
  working++;
  bar.hidden = false;
  try {
    await work();
  } catch (error) {
    if (error instanceof LostError) complain(error.message, () => void start());
    else complain((error as Error).message);
  } finally {
    if (--working === 0) {
      bar.hidden = true;
      say(device ? `Ready. Computing on ${device}.` : 'The model is not loaded.');
    }
  }
}

const enable = (form: HTMLFormElement, on: boolean): void => void (form.querySelector('button')!.disabled = !on);

/** The model's reading of a film: impression first, then scores. */
const read = (own: Film): Promise<void> =>
  busy(async () => {
    const impression = await client.ask('impression', { film: own });
    if (film !== own) return;
    element('impression').classList.remove('quiet');
    element('impression').replaceChildren(
      ...impressionWords(impression, (sentence, rest) => lookFor(sentence, { text: impression, ...(rest ? { against: rest } : {}) })),
    );
    element('hint').hidden = impression.trim() === '';
    enable(look, true);
    await score(own);
  });

async function score(own: Film): Promise<void> {
  const set = prompts.value;
  const scores = await client.ask('scores', { prompts: set });
  if (film === own && set === prompts.value) element('scores').replaceChildren(scoreTable(scores, lookFor, shippedPrompts[set]!));
}

let asked = 0;

/** Shows where a text was seen, which may be what a longer one says more than another. */
function lookFor(wanted: string, pair: { text: string; against?: string } = { text: wanted }): void {
  const [own, turn] = [film, ++asked];
  if (!own) return;
  alert.hidden = true;
  for (const word of document.querySelectorAll<HTMLElement>('.word')) word.setAttribute('aria-pressed', String(word.dataset['looks'] === wanted));
  void busy(async () => {
    const maps = await client.ask('maps', pair);
    if (film !== own || turn !== asked) return;
    showMaps(maps, wanted);
    element('film').scrollIntoView({ block: 'nearest' });
  });
}

/** Takes a file: shown at once, read as soon as the model is there. */
async function take(file: File | undefined): Promise<void> {
  if (!file) return;
  alert.hidden = true;
  try {
    film = await readFilm(file);
  } catch (error) {
    return complain(error instanceof FilmError ? error.message : `${file.name} cannot be read (${(error as Error).message}).`);
  }
  showFilm(film);
  element('impression').classList.add('quiet');
  element('impression').replaceChildren(device ? 'Reading the film.' : 'The film is read as soon as the model is loaded.');
  element('scores').replaceChildren();
  element('hint').hidden = true;
  enable(look, false);
  if (device) await read(film);
}

/** What main.ts wrote about the model. */
async function about(): Promise<About> {
  const response = await fetch('about.json');
  if (!response.ok) throw new Error(`about.json: the server answers ${response.status}; serve the whole folder`);
  return (await response.json()) as About;
}

/** Loads the model; again after its device was lost. */
const start = (): Promise<void> =>
  busy(async () => {
    alert.hidden = true;
    device = '';
    say('Loading the model');
    client?.close();
    client = startReader(say);
    const [known, loaded] = [await about(), await client.ask('load', { folder: new URL('checkpoint/', document.baseURI).href })];
    element('about').textContent = known.sentences;
    device = loaded.device;
    offerKinds(loaded.kinds);
    prompts.value = known.prompts;
    prompts.disabled = false;
    enable(summarize, true);
    if (film) void read(film);
  });

element<HTMLInputElement>('file').addEventListener('change', ({ currentTarget }) => {
  const input = currentTarget as HTMLInputElement;
  void take(input.files?.[0]).then(() => (input.value = ''));
});
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'] as const)
  document.body.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    element('drop').classList.toggle('over', name === 'dragenter' || name === 'dragover');
    if (name === 'drop') void take(event.dataTransfer.files[0]);
  });
look.addEventListener('submit', (event) => {
  event.preventDefault();
  if (text.value.trim() === '') complain('Look for what? Write a word or a sentence.');
  else lookFor(text.value);
});
summarize.addEventListener('submit', (event) => {
  event.preventDefault();
  alert.hidden = true;
  if (findings.value.trim() === '') return complain('Write or paste the findings first.');
  void busy(async () => {
    const impression = await client.ask('summary', { findings: findings.value });
    element('summary').textContent = impression || 'The model writes nothing for these findings.';
  });
});
prompts.addEventListener('change', () => film && void busy(() => score(film!)));
element('clear').addEventListener('click', () => showMaps([]));

prompts.replaceChildren(...Object.keys(shippedPrompts).map((name) => make('option', { value: name }, name)));
await start();
