// The radiograph with a heat map over it: two canvases of the image's own size, so that it is never distorted and the slider only changes an opacity.
import { unseenBrightness, usualOpacity } from 'hybridmed/radiograph';
import { element, make } from './elements.ts';
import type { Heat } from './messages.ts';
import type { Radiograph } from './radiograph.ts';

const titles: Readonly<Record<string, string>> = { guided: 'Guided removal', removal: 'Removal', gradient: 'Gradient' };
const [picture, heat] = [element<HTMLCanvasElement>('picture'), element<HTMLCanvasElement>('heat')];
const opacity = element<HTMLInputElement>('opacity');
let radiograph: Radiograph | undefined;
let maps: readonly Heat[] = [];
let kind = '';

/** A location on the image in words; the image's left is the patient's right. */
function describeLocation({ x, y }: { x: number; y: number }): string {
  const third = (fraction: number, names: readonly [string, string, string]) => names[Math.min(2, Math.floor(fraction * 3))]!;
  return `${third(y, ['top', 'middle', 'bottom'])} ${third(x, ["left (the patient's right)", 'centre', "right (the patient's left)"])} of the image`;
}

function draw(grey: Radiograph['grey'], map: Heat | undefined): void {
  const { width, height, pixels } = grey;
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < pixels.length; i++) {
    const level = map && !map.inView[i] ? pixels[i]! * unseenBrightness : pixels[i]!;
    data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = level;
    data[4 * i + 3] = 255;
  }
  for (const canvas of [picture, heat]) Object.assign(canvas, { width, height });
  picture.getContext('2d')!.putImageData(new ImageData(data, width, height), 0, 0);
  if (map) heat.getContext('2d')!.putImageData(new ImageData(map.pixels, width, height), 0, 0);
}

function refresh(text = ''): void {
  if (!radiograph) return;
  const map = maps.find((each) => each.kind === kind) ?? maps[0];
  draw(radiograph.grey, map);
  const { width, height } = radiograph.grey;
  const location = !map ? '' : map.warmest ? `Warmest at the ${describeLocation(map.warmest)}.` : 'No part of the image supports it.';
  picture.setAttribute('aria-label', `Radiograph ${radiograph.name}, ${width} by ${height} pixels${map ? `, with a heat map. ${location}` : ''}`);
  element('map-controls').hidden = !map;
  element('warmest').textContent = text && map ? `"${text}": ${location}` : location;
}

/** Shows a radiograph, without a map. */
export function showRadiograph(next: Radiograph): void {
  [radiograph, maps] = [next, []];
  element('radiograph').classList.remove('empty');
  element('radiograph').style.setProperty('--ratio', String(next.grey.width / next.grey.height));
  element('image-name').textContent = `${next.name}, ${next.grey.width} x ${next.grey.height}`;
  refresh();
}

/** Shows the maps for a text over the radiograph, the selected kind of them; an empty list removes them. */
export function showMaps(next: readonly Heat[], text = ''): void {
  maps = next;
  refresh(text);
}

const setOpacity = (): void => {
  heat.style.opacity = String(Number(opacity.value) / 100);
  element('opacity-value').textContent = `${opacity.value} %`;
};

/** Shows the choice of kinds of map, the first selected. */
export function setMapKinds(kinds: readonly string[]): void {
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
