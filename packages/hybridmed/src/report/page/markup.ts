// Markup as values: everything interpolated is escaped unless it is markup itself, because reports are not trusted.

/** A piece of finished markup. Only `html` makes one: an object read from a file is never markup. */
export class Markup {
  readonly markup: string;

  constructor(strings: TemplateStringsArray, values: readonly Content[]) {
    this.markup = strings.map((text, i) => text + (i < values.length ? render(values[i]) : '')).join('');
  }
}

/** Content of a template: markup as it is, texts and numbers escaped, lists joined, nothing for undefined, null and false. */
export type Content = Markup | string | number | undefined | null | false | readonly Content[];

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

// Control characters, and those that change the writing direction and so could make a text read as another.
// oxlint-disable-next-line no-control-regex -- these are what is replaced.
const unwanted = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text escaped for an element or a quoted attribute. */
export const escapeText = (text: string): string => text.replace(unwanted, '\ufffd').replace(/[&<>"']/g, (character) => entities[character]!);

function render(content: Content): string {
  if (content === undefined || content === null || content === false) return '';
  if (content instanceof Markup) return content.markup;
  if (Array.isArray(content)) return content.map(render).join('');
  // Any other value that a file has in place of a text is shown as JSON.
  return typeof content === 'number' ? String(content) : escapeText(typeof content === 'string' ? content : JSON.stringify(content));
}

/** Template tag for HTML and SVG. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings, values);
}

/** A text for display: cut if it is longer than any report. */
export const cut = (text: string, maxLength = 700): string => (text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`);
