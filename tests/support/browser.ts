/**
 * Debian's Chromium for tests of the report page. Where it is not installed the tests are skipped; with `BROWSER=required`
 * they fail instead.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

const PATH = '/usr/bin/chromium'
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const hasBrowser = existsSync(PATH) || process.env['BROWSER'] === 'required'

/** A browser with a profile of its own, which goes when it is closed. It sees the fonts of `fonts.conf` only. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: PATH,
    args: ARGUMENTS,
    env: { ...process.env, FONTCONFIG_FILE: join(import.meta.dirname, 'fonts.conf') },
  })

/** Runs `work` on a new page and closes it. */
export async function onPage<T>(
  browser: Browser,
  options: BrowserContextOptions,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext(options)
  try {
    return await work(await context.newPage())
  } finally {
    await context.close()
  }
}
