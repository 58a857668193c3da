import type { ImageReport, ImageState } from '../../../deploy/report/image-report.ts';
import type { Limits } from './limits.ts';
import { blocks, code, text } from './markdown.ts';

const WORDS: Readonly<Record<ImageState, readonly [icon: string, words: string]>> = {
  pushed: ['📦', 'was pushed to'],
  unchanged: ['📦', 'is there already:'],
  planned: ['📦', 'would be pushed to'],
  failed: ['❌', 'could not be pushed to'],
  skipped: ['⚪', 'was not pushed to'],
};

/** The images that filters were pushed as, or would be. */
export function renderImages(images: readonly ImageReport[], limits: Limits): string {
  if (images.length === 0) return '';
  const lines = images.slice(0, limits.filters).map(({ filter, pinned, tag, state }) => {
    const tagged = tag === undefined ? '' : ` as ${code(tag, 130)}`;
    const [icon, words] = WORDS[state];
    return `- ${icon} ${text(filter, limits.name)} ${words} ${code(pinned, 400)}${tagged}`;
  });
  return blocks('### Registry', lines.join('\n'));
}

/** `add-header pushed: registry.example/add-header@sha256:… (tag v1)`, for the log. */
export function imageLine({ filter, pinned, tag, state }: ImageReport): string {
  return `${filter} ${state}: ${pinned}${tag === undefined ? '' : ` (tag ${tag})`}`;
}
