/** Calls an exported function in a separate Node process, so that it can have another PATH. */
import { join } from 'node:path'
import { execa } from 'execa'
import { PROJECT } from '../support/run-suite.ts'

export interface Called {
  readonly value?: unknown
  readonly error?: Readonly<Record<'code' | 'message', string>> & { readonly hint?: string }
  readonly said: readonly string[]
}

/** Returns the Node arguments for a call such as `provide(say)`, in which `say` collects lines. */
export function callOf(file: string, name: string, call: string): readonly string[] {
  const code = `
    import { ${name} } from ${JSON.stringify(join(PROJECT, file))}
    const said = []
    const say = (line) => said.push(line)
    const outcome = await ${call}.then((value) => ({ value }), (error) => ({ error: { ...error, message: error.message } }))
    process.stdout.write(JSON.stringify({ ...outcome, said }))`
  return ['--input-type=module', '--eval', code]
}

export async function inChild(
  args: readonly string[],
  path: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Called> {
  const options = { env: { ...env, PATH: path }, timeout: 120_000 }
  const { stdout } = await execa(process.execPath, [...args], options)
  return JSON.parse(stdout) as Called
}
