/**
 * Notices when files in a cache folder were changed, truncated or replaced after they were made. A record has the digest of
 * every file with its size, times and inode; only where these differ is the whole file read again.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { readRegularFile } from '../core/input-file.ts'
import { replaceFile } from '../core/output-file.ts'

const MOST_RECORD_BYTES = 4 * 2 ** 20
const OTHERS_WRITE = 0o002

const fileSchema = z.strictObject({
  size: z.int(),
  inode: z.string(),
  modified: z.string(),
  changed: z.string(),
  sha256: z.string(),
})
const recordSchema = z.strictObject({ files: z.record(z.string(), fileSchema) })
type RecordedFile = z.infer<typeof fileSchema>

/** Writes the record at `path` of `files`, which are paths relative to the folder of the record. */
export async function recordFiles(path: string, files: readonly string[]): Promise<void> {
  const entries = await Promise.all(
    files.map(async (file) => [file, await describe(join(dirname(path), file))] as const),
  )
  replaceFile(path, JSON.stringify({ files: Object.fromEntries(entries) }))
}

/**
 * Returns what is wrong with the first file that is not as recorded, to follow its name in a sentence, or undefined. Rejects
 * with FILE_UNREADABLE where there is no record, and with a SyntaxError or ZodError for one that is damaged.
 */
export async function findChange(path: string): Promise<string | undefined> {
  const text = readRegularFile(path, MOST_RECORD_BYTES).bytes.toString('utf8')
  const { files } = recordSchema.parse(JSON.parse(text))
  let stale = false
  for (const [file, recorded] of Object.entries(files)) {
    const found = await compare(join(dirname(path), file), recorded)
    if (found === 'moved') stale = true
    else if (found !== undefined) return `${file} ${found}`
  }
  if (stale) await recordFiles(path, Object.keys(files))
  return undefined
}

/** Returns why a file that others may have put in place is not used: its owner or its mode. */
export async function distrust(path: string): Promise<string | undefined> {
  const { uid, mode } = await stat(path)
  const own = process.getuid?.()
  if (uid !== 0 && uid !== own) return `belongs to user ${uid}, and this is user ${own}`
  return (mode & OTHERS_WRITE) === 0 ? undefined : 'can be written by every user'
}

/** Returns whether an ELF file ends before its section headers do, which are its last part. False for other files. */
export async function isTruncated(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const head = Buffer.alloc(64)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    if (bytesRead < 4 || head.readUInt32BE(0) !== 0x7f454c46) return false
    if (bytesRead < head.length) return true
    const end = head.readBigUInt64LE(40) + BigInt(head.readUInt16LE(58) * head.readUInt16LE(60))
    return BigInt((await file.stat()).size) < end
  } finally {
    await file.close()
  }
}

/** `moved`: another inode or time, the same bytes. */
async function compare(path: string, recorded: RecordedFile): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined)
  if (stats === undefined) return 'is missing'
  const suspect = await distrust(path)
  if (suspect !== undefined) return suspect
  if (Number(stats.size) !== recorded.size) return `has ${stats.size} bytes instead of ${recorded.size}`
  const same =
    String(stats.ino) === recorded.inode &&
    String(stats.mtimeNs) === recorded.modified &&
    String(stats.ctimeNs) === recorded.changed
  if (same) return undefined
  const digest = await digestOf(path)
  return digest === recorded.sha256 ? 'moved' : `has SHA-256 ${digest} instead of ${recorded.sha256}`
}

async function describe(path: string): Promise<RecordedFile> {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
  return {
    size: Number(size),
    inode: String(ino),
    modified: String(mtimeNs),
    changed: String(ctimeNs),
    sha256: await digestOf(path),
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
