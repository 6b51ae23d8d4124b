// The film with its heat map over it: two canvases of the film's own size, so that its sides are never distorted and the slider only changes an opacity.
import { unseenBrightness, usualOpacity } from 'hybridmed/radiograph';
import { element, make } from './elements.ts';
import type { Film } from './film.ts';
import type { Heat } from './messages.ts';

const titles: Readonly<Record<string, string>> = { guided: 'Guided', removal: 'Without each part', gradient: 'Gradient' };
const [picture, heat] = [element<HTMLCanvasElement>('picture'), element<HTMLCanvasElement>('heat')];
const opacity = element<HTMLInputElement>('opacity');
let film: Film | undefined;
let maps: readonly Heat[] = [];
let kind = '';

/** Where on the film, in words; the film's left is the patient's right. */
function place({ x, y }: { x: number; y: number }): string {
  const third = (share: number, names: readonly [string, string, string]) => names[Math.min(2, Math.floor(share * 3))]!;
  return `${third(y, ['top', 'middle', 'bottom'])} ${third(x, ["left (the patient's right)", 'centre', "right (the patient's left)"])} of the picture`;
}

function draw(grey: Film['grey'], map: Heat | undefined): void {
  const { width, height, pixels } = grey;
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < pixels.length; i++) {
    const level = map && !map.seen[i] ? pixels[i]! * unseenBrightness : pixels[i]!;
    data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = level;
    data[4 * i + 3] = 255;
  }
  for (const canvas of [picture, heat]) Object.assign(canvas, { width, height });
  picture.getContext('2d')!.putImageData(new ImageData(data, width, height), 0, 0);
  if (map) heat.getContext('2d')!.putImageData(new ImageData(map.pixels, width, height), 0, 0);
}

function refresh(text = ''): void {
  if (!film) return;
  const map = maps.find((one) => one.kind === kind) ?? maps[0];
  draw(film.grey, map);
  const { width, height } = film.grey;
  const where = !map ? '' : map.warmest ? `Warmest at the ${place(map.warmest)}.` : 'Nothing on the film speaks for it.';
  picture.setAttribute('aria-label', `Film ${film.name}, ${width} by ${height} pixels${map ? `, with a heat map. ${where}` : ''}`);
  element('map-controls').hidden = !map;
  element('warmest').textContent = text && map ? `"${text}": ${where}` : where;
}

/** Shows a film, without a map. */
export function showFilm(next: Film): void {
  [film, maps] = [next, []];
  element('film').classList.remove('empty');
  element('film').style.setProperty('--ratio', String(next.grey.width / next.grey.height));
  element('film-name').textContent = `${next.name}, ${next.grey.width} x ${next.grey.height}`;
  refresh();
}

/** Lays maps for a text over the film, the chosen kind shown; none takes them away. */
export function showMaps(next: readonly Heat[], text = ''): void {
  maps = next;
  refresh(text);
}

const setOpacity = (): void => {
  heat.style.opacity = String(Number(opacity.value) / 100);
  element('opacity-value').textContent = `${opacity.value} %`;
};

/** Offers kinds of map, the first chosen, and listens to the controls. */
export function offerKinds(kinds: readonly string[]): void {
  kind = kinds[0] ?? '';
  const choices = kinds.map((name) => {
    const input = make('input', { type: 'radio', name: 'kind', value: name, checked: name === kind });
    input.addEventListener('change', () => {
      kind = name;
      refresh();
    });
    return make('label', {}, input, ` ${titles[name] ?? name}`);
  });
  element('kinds').replaceChildren(...choices);
}

opacity.value = String(100 * usualOpacity);
opacity.addEventListener('input', setOpacity);
setOpacity();
