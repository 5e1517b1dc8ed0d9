/** The native binaries are built when a source has changed, and the message explains why a build is not possible. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/rack-file.ts'
import { callOf, inChild, type Called } from './call-in-child-process.ts'

const PACKAGES = ['claimcheck-node', 'claimcheck-transfer'] as const

/** A workspace with the layout of native/, whose programs have `main` as their source. */
function workspace(main: string): string {
  const folder = temporaryFolder()
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text)
  write('Cargo.toml', `[workspace]\nmembers = ["node", "transfer"]\nresolver = "3"\n`)
  write(
    'Cargo.lock',
    `version = 4\n${PACKAGES.map((name) => `\n[[package]]\nname = "${name}"\nversion = "0.1.0"\n`).join('')}`,
  )
  for (const name of PACKAGES) {
    const member = name.replace('claimcheck-', '')
    mkdirSync(join(folder, member, 'src'), { recursive: true })
    write(`${member}/Cargo.toml`, `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2024"\n`)
    write(`${member}/src/main.rs`, main)
  }
  return folder
}

const provide = (folder: string, path: string): Promise<Called> =>
  inChild(callOf('harness/native/build-binaries.ts', 'provideBinaries', `provideBinaries(say, ${JSON.stringify(folder)})`), path)

const rust = process.env['PATH'] ?? ''

test('without cargo', async () => {
  const { error } = await provide(workspace('fn main() {}'), temporaryFolder())
  expect(error).toMatchObject({
    code: 'NATIVE_BUILD_FAILED',
    message: expect.stringContaining('native/ could not be built: cargo is not on the PATH'),
    hint: 'Install Rust 1.87 or newer (rustup.rs), or set CLAIMCHECK_RUNTIME=model to run without processes.',
  })
})

test('after a build no cargo is needed until a source changes', async () => {
  const folder = workspace('fn main() {}')
  const first = await provide(folder, rust)
  const binaries = {
    transfer: join(folder, 'target/release/claimcheck-transfer'),
    node: join(folder, 'target/release/claimcheck-node'),
  }
  expect(first).toMatchObject({ value: binaries })
  expect(first.said[0]).toContain('Building the native binaries with cargo')
  expect(await provide(folder, temporaryFolder())).toEqual({ value: binaries, said: [] })
  writeFileSync(join(folder, 'node/src/main.rs'), 'fn main() { println!() }')
  expect((await provide(folder, temporaryFolder())).error?.code).toBe('NATIVE_BUILD_FAILED')
})

test('sources that do not compile fail with the output of the compiler', async () => {
  const { error, said } = await provide(workspace('compile_error!("not this way");'), rust)
  expect(error).toMatchObject({
    code: 'NATIVE_BUILD_FAILED',
    message: expect.stringContaining('native/ could not be built'),
    hint: 'Run `cargo build --release` in native/ to see all of its output.',
  })
  expect(said.join('\n')).toContain('error: not this way')
  expect(error?.message).toContain('could not compile')
})

test('a build whose cargo is killed has failed', async () => {
  const path = temporaryFolder()
  writeFileSync(join(path, 'cargo'), '#!/bin/sh\nkill -9 $$\n')
  chmodSync(join(path, 'cargo'), 0o755)
  const { error } = await provide(workspace('fn main() {}'), path)
  expect(error).toMatchObject({ code: 'NATIVE_BUILD_FAILED', message: expect.stringContaining('SIGKILL') })
})
