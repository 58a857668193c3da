import { count, listWords, shownName } from '../base/text.ts';
import { ContentError } from './errors.ts';
import { type Descriptor, DOCKER_LAYER, DOCKER_MANIFEST, type ImageManifest, OCI_LAYER } from './manifest.ts';

/** The layer that holds a filter, and how. */
export interface ModuleLayer {
  readonly layer: Descriptor;
  /** `image`: the file plugin.wasm of a file system; `raw`: the module's bytes. */
  readonly form: 'image' | 'raw';
  /** Whether Istio's own fetcher reads this form (istio/istio pkg/wasm/imagefetcher.go). */
  readonly istioReads: boolean;
}

/** The artifact of wasme, and of what pushes like it (https://github.com/solo-io/wasm/blob/master/spec/README.md). */
const WASME_LAYER = 'application/vnd.module.wasm.content.layer.v1+wasm';
/** Layers whose bytes are a module, as people push them with oras and wasm-to-oci. */
const RAW_LAYERS = [
  WASME_LAYER,
  // https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/
  'application/wasm',
  'application/vnd.wasm.content.layer.v1+wasm',
];

/** The file of an image that holds the module; Istio takes it from any folder. */
export const MODULE_FILE = 'plugin.wasm';

const BUILD_OR_PUSH = `Build an image of "FROM scratch" and "COPY filter.wasm ${MODULE_FILE}", or push the file with oras as application/wasm.`;

/**
 * Finds the layer with the filter. Images are read as Istio does: the last layer counts. Artifacts are read where just one layer
 * is a module. Throws `ContentError` for anything else.
 */
export function findModuleLayer({ mediaType, layers }: ImageManifest): ModuleLayer {
  const last = layers.at(-1);
  if (last === undefined) throw new ContentError('the image has no layers', BUILD_OR_PUSH);
  if (last.mediaType === OCI_LAYER || last.mediaType === DOCKER_LAYER) {
    const usual = mediaType === DOCKER_MANIFEST ? DOCKER_LAYER : OCI_LAYER;
    return { layer: last, form: 'image', istioReads: last.mediaType === usual };
  }
  const modules = layers.filter(isRaw);
  const [layer] = modules;
  if (layer === undefined) {
    throw new ContentError(
      `no layer is a Wasm module or a gzip-compressed image layer; there ${layers.length === 1 ? 'is' : 'are'} ${listWords([...new Set(layers.map(({ mediaType: type }) => shownName(type)))], 'and')}`,
      BUILD_OR_PUSH,
    );
  }
  if (modules.length > 1) {
    throw new ContentError(`${count(modules.length, 'layer')} are Wasm modules`, 'Push one filter under each name.');
  }
  return {
    layer,
    form: 'raw',
    istioReads: layer.mediaType === WASME_LAYER && layers.length === 2 && mediaType !== DOCKER_MANIFEST,
  };
}

/** oras calls a file of no stated type a layer, and keeps its name. */
function isRaw({ mediaType, title = '' }: Descriptor): boolean {
  return (
    RAW_LAYERS.includes(mediaType) || (mediaType === 'application/vnd.oci.image.layer.v1.tar' && /\.wasm$/.test(title))
  );
}
