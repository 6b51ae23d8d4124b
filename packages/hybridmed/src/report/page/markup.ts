// Markup as values: everything interpolated is escaped unless it is markup itself, because reports are not trusted.

/** A piece of finished markup. Only `html` makes one: an object of a file that looks like it is none. */
export class Markup {
  readonly markup: string;

  constructor(strings: TemplateStringsArray, values: readonly Content[]) {
    this.markup = strings.map((text, i) => text + (i < values.length ? render(values[i]) : '')).join('');
  }
}

/** What a template takes: markup as it is, texts and numbers escaped, lists joined, nothing for undefined, null and false. */
export type Content = Markup | string | number | undefined | null | false | readonly Content[];

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

// Control characters have no place in a page; those that turn the direction of writing could make a text read as another.
// oxlint-disable-next-line no-control-regex -- these are what is replaced.
const unwanted = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text as it may stand in an element or in a quoted attribute. */
export const escapeText = (text: string): string => text.replace(unwanted, '\ufffd').replace(/[&<>"']/g, (character) => entities[character]!);

function render(content: Content): string {
  if (content === undefined || content === null || content === false) return '';
  if (content instanceof Markup) return content.markup;
  if (Array.isArray(content)) return content.map(render).join('');
  // Whatever else a file held in a text's place is shown as the text of its JSON.
  return typeof content === 'number' ? String(content) : escapeText(typeof content === 'string' ? content : JSON.stringify(content));
}

/** Template tag for HTML and SVG. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings, values);
}

/** A text for display: cut if it is longer than any report. */
export const cut = (text: string, maxLength = 700): string => (text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`);
