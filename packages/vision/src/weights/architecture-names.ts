// Names of architectures as libraries and their hubs write them.

/** The names that patterns stand for, separated by spaces: {a,b} is each of them. */
export const expandNames = (names: string): string[] =>
  names.split(' ').flatMap((name) => {
    const [, before, inner, after] = /^(.*?)\{([^}]+)\}(.*)$/.exec(name) ?? [];
    return inner === undefined ? [name] : inner.split(',').flatMap((part) => expandNames(`${before}${part}${after}`));
  });

/** A name without the hub's owner and the tag of its weights: "hf_hub:timm/resnet50.a1_in1k" is resnet50. */
export const bareName = (name: string): string => name.replace(/^.*[/:]/, '').replace(/\..*$/, '');
