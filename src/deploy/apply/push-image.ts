import { defined } from '../../base/defined.ts';
import { append } from '../../base/lists.ts';
import type { Problem } from '../../base/problem.ts';
import { formatReference, pinnedName } from '../../registry/reference.ts';
import type { DeployContext } from '../context.ts';
import type { ImageReport, ImageState } from '../report/image-report.ts';
import type { FilterRequest } from '../request.ts';

/** The images of a request, as a run reports them that has not pushed them. */
export function reportImages(filters: readonly FilterRequest[], state: ImageState): ImageReport[] {
  return filters.flatMap(({ name, push }) => {
    if (push === undefined) return [];
    const { reference, image } = push;
    const { tag } = reference;
    return [{ filter: name, pinned: pinnedName(reference, image.digest), ...defined({ tag }), state }];
  });
}

/** Pushes the images of a request, so that they are there before the cluster is told to use them. */
export async function pushImages(
  filters: readonly FilterRequest[],
  { log, signal, pushImage }: Pick<DeployContext, 'log' | 'signal' | 'pushImage'>,
): Promise<{ readonly images: readonly ImageReport[]; readonly problems: readonly Problem[] }> {
  const pushing = filters.filter(({ push }) => push !== undefined);
  if (pushing.length === 0 || signal.aborted || pushImage === undefined) {
    return { images: reportImages(filters, 'skipped'), problems: [] };
  }
  return log.group('Push to the registry', async () => {
    const images: ImageReport[] = [];
    const problems: Problem[] = [];
    for (const filter of pushing) {
      if (filter.push === undefined) continue;
      const pushed = await pushImage(filter.push);
      const state = pushed.ok ? (pushed.value.wasThere ? 'unchanged' : 'pushed') : 'failed';
      append(images, reportImages([filter], state));
      if (!pushed.ok) append(problems, pushed.problems);
      else
        log.info(
          `${formatReference(filter.push.reference)}: ${state === 'pushed' ? 'pushed' : 'already there'}, ${pushed.value.pinned}.`,
        );
    }
    return { images, problems };
  });
}
