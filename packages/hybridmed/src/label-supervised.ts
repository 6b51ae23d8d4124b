// What tables, pages and cards say of figures by prompts that are no zero-shot figures.

/** Of findings by whose labels a model's images were trained. */
export const labelSupervised = 'not zero-shot: the images were trained by labels of these findings';
