/**
 * Finds all shared libraries in a folder that some of them depend on. Dependencies are read from the ELF files, so that no
 * other tool is needed; libraries outside the folder are ignored.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PT_DYNAMIC = 2
const PT_LOAD = 1
const DT_NEEDED = 1n
const DT_STRTAB = 5n

/** Paths relative to `folder`, with `roots`; `where` are the subfolders that contain libraries. */
export function closureOf(
  folder: string,
  roots: readonly string[],
  where: readonly string[],
): readonly string[] {
  const found = new Set<string>()
  const waiting = [...roots]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    found.add(path)
    for (const name of neededBy(readFileSync(join(folder, path)))) {
      const own = where.map((sub) => `${sub}/${name}`).find((one) => existsSync(join(folder, one)))
      if (own !== undefined) waiting.push(own)
    }
  }
  return [...found].sort()
}

/** The names in its DT_NEEDED entries. Only 64-bit little-endian files, which are all that NIXL is built for. */
export function neededBy(elf: Buffer): readonly string[] {
  const [table, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)]
  const segments = Array.from({ length: count }, (_, index) => {
    const at = table + index * size
    return {
      type: elf.readUInt32LE(at),
      offset: elf.readBigUInt64LE(at + 8),
      address: elf.readBigUInt64LE(at + 16),
      bytes: elf.readBigUInt64LE(at + 32),
    }
  })
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC)
  if (dynamic === undefined) return []
  const entries = Array.from({ length: Number(dynamic.bytes) / 16 }, (_, index) => {
    const at = Number(dynamic.offset) + index * 16
    return { tag: elf.readBigInt64LE(at), value: elf.readBigUInt64LE(at + 8) }
  })
  const strings = entries.find(({ tag }) => tag === DT_STRTAB)?.value ?? 0n
  const home = segments.find(
    ({ type, address, bytes }) => type === PT_LOAD && strings >= address && strings < address + bytes,
  )
  if (home === undefined) return []
  const start = Number(strings - home.address + home.offset)
  return entries
    .filter(({ tag }) => tag === DT_NEEDED)
    .map(({ value }) => {
      const from = start + Number(value)
      return elf.toString('utf8', from, elf.indexOf(0, from))
    })
}
