/** One file that `render` wrote. */
export interface RenderedFile {
  /** From the workspace. */
  readonly path: string;
  readonly bytes: number;
  /** What it holds: `ConfigMap shop/add-header-0123456789`, `patch for Deployment shop/reviews`. */
  readonly content: string;
}

/** What `render` wrote. */
export interface RenderReport {
  readonly folder: string;
  readonly files: readonly RenderedFile[];
}
