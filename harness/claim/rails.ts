/**
 * Which NICs each stream of a transfer uses. The transfer binary (native/transfer/src/nic/mod.rs) decides by the same rule, and
 * so do the proof of transport and the model runtime.
 */

/** In the order of their PCI addresses; a NIC without one is ordered by its name. */
export const inPciOrder = <Nic>(
  nics: readonly Nic[],
  keyOf: (nic: Nic) => { readonly pciAddress: string | undefined; readonly name: string },
): readonly Nic[] => {
  const key = (nic: Nic): string => keyOf(nic).pciAddress ?? keyOf(nic).name
  return nics.toSorted((a, b) => (key(a) < key(b) ? -1 : Number(key(a) > key(b))))
}

/**
 * The NICs of stream `stream` of `streams`, as its rails: of NICs in PCI order, every `streams`-th from the stream's own number
 * on. With fewer NICs than streams, the streams share them in turn.
 */
export function railsOfStream<Nic>(nics: readonly Nic[], stream: number, streams: number): readonly Nic[] {
  if (nics.length < streams) return nics.filter((_, index) => index === stream % nics.length)
  return nics.filter((_, index) => index % streams === stream)
}

/** How many streams use a NIC of stream `stream`; 1 where it shares none. */
export function sharersOf(nics: readonly unknown[], stream: number, streams: number): number {
  const own = railsOfStream(nics, stream, streams)
  const others = Array.from({ length: streams }, (_, other) => railsOfStream(nics, other, streams))
  return others.filter((rails) => rails.some((nic) => own.includes(nic))).length
}
