/** The part of WebAssembly that is used; Node.js has it, its types do not. */
interface WithMemory {
  readonly WebAssembly: {
    readonly Memory: new (pages: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  };
}

/** Memory that begins at a page, as O_DIRECT demands; that of a WebAssembly instance always does. */
export function page(bytes: number): Buffer {
  const { WebAssembly } = globalThis as unknown as WithMemory;
  return Buffer.from(new WebAssembly.Memory({ initial: 1 }).buffer, 0, bytes);
}
