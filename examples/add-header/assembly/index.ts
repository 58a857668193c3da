// Adds one header to every answer. The plugin configuration is the header: `x-greeting: hello`.
export * from '@gcoredev/proxy-wasm-sdk-as/assembly/proxy';
import {
  Context,
  FilterHeadersStatusValues,
  LogLevelValues,
  RootContext,
  log,
  registerRootContext,
  stream_context,
} from '@gcoredev/proxy-wasm-sdk-as/assembly';

class AddHeaderRoot extends RootContext {
  name: string = '';
  value: string = '';

  onConfigure(size: u32): bool {
    super.onConfigure(size);
    const header = this.getConfiguration();
    const colon = header.indexOf(':');
    if (colon < 1) {
      // Returning false makes Envoy refuse the filter: better than one that silently adds nothing.
      log(LogLevelValues.critical, 'add-header: the configuration must be "name: value", not "' + header + '"');
      return false;
    }
    this.name = header.substring(0, colon).trim().toLowerCase();
    this.value = header.substring(colon + 1).trim();
    return true;
  }

  createContext(context_id: u32): Context {
    return new AddHeader(context_id, this);
  }
}

class AddHeader extends Context {
  header: AddHeaderRoot;

  constructor(context_id: u32, root: AddHeaderRoot) {
    super(context_id, root);
    this.header = root;
  }

  onResponseHeaders(_headers: u32, _endOfStream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.replace(this.header.name, this.header.value);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((context_id: u32) => new AddHeaderRoot(context_id), 'add_header');
